// SPDX-License-Identifier: MIT
#include "log.hpp"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "domain/timestamp.hpp"

namespace wms::log {
namespace {

std::atomic<Level> lowest{Level::info};

// A pipe that is ready takes so many bytes at once without blocking (PIPE_BUF).
constexpr std::size_t longest_line = 4096;
constexpr std::size_t longest_value = 256;

nlohmann::ordered_json line_of(Level level, std::string_view event) {
  return {{"time", to_rfc3339(now())}, {"level", text_of(level)}, {"event", event}};
}

nlohmann::ordered_json value_of(const Field& field) {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  if (text != nullptr && text->size() > longest_value) return std::string(text->substr(0, longest_value)) + "...";
  return std::visit([](auto value) -> nlohmann::ordered_json { return value; }, field.value);
}

/// Bytes that are not UTF-8, which may come from a client, are replaced.
std::string dump(const nlohmann::ordered_json& line) {
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

bool write_at_once(const std::string& text) {
  pollfd pipe{STDERR_FILENO, POLLOUT, 0};
  return poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLOUT) != 0 &&
         ::write(STDERR_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

void set_level(Level level) { lowest = level; }

bool enabled(Level level) { return level >= lowest.load(std::memory_order_relaxed); }

bool write(Level level, std::string_view event, std::span<const Field> fields) {
  if (!enabled(level)) return false;
  nlohmann::ordered_json line = line_of(level, event);
  for (const Field& field : fields) line[field.name] = value_of(field);
  std::string text = dump(line);
  if (text.size() > longest_line) text = dump(line_of(level, event));

  static std::mutex mutex;  // between the look whether there is room and the write
  static std::uint64_t dropped = 0;
  const std::scoped_lock lock(mutex);
  if (dropped > 0) {
    nlohmann::ordered_json gap = line_of(Level::warning, "lines_dropped");
    gap["count"] = dropped;
    if (write_at_once(dump(gap))) dropped = 0;
  }
  const bool written = write_at_once(text);
  if (!written) ++dropped;
  return written;
}

}  // namespace wms::log
