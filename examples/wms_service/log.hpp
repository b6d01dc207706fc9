// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The log: one JSON object per line on stderr. Whatever bytes a value holds, a line stays one line of valid JSON.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

#include "domain/names.hpp"

namespace wms::log {

enum class Level { debug, info, warning, error };
constexpr Names<Level, 4> names(Level) {
  return {{{Level::debug, "debug"}, {Level::info, "info"}, {Level::warning, "warning"}, {Level::error, "error"}}};
}

/// Lines below this level are left out; info from the start.
void set_level(Level level);

/// Whether a line of this level would be written.
bool enabled(Level level);

/// What a line says besides the time, the level and the event. Texts are those of the caller, who keeps them meanwhile.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

/// Writes a line: `log::write(Level::info, "listening", {{"address", "127.0.0.1:8000"}})`. Thread-safe. Never blocks:
/// if stderr is a pipe that nobody empties, lines are dropped rather than the service stopped, and their number is
/// told later. Whether this one got out.
bool write(Level level, std::string_view event, std::span<const Field> fields);
inline bool write(Level level, std::string_view event, std::initializer_list<Field> fields = {}) {
  return write(level, event, std::span(fields.begin(), fields.size()));
}

}  // namespace wms::log
