// SPDX-License-Identifier: MIT
#pragma once

// Who works at the plants: the operators of a tokens file, asked for by what they may do. The roles are those of the
// service's contract: viewers read, operators register lots, inspectors decide on quality, admins do both.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wms_traffic {

struct Operator {
  std::string token;
  std::string name;
  std::string role;
};

enum class Task { read, register_lots, decide, administer };

/// Whether the service's contract gives that right to that role.
bool may(std::string_view role, Task task);

/// Hands out operators in turn, so that work spreads evenly over everybody who may do it: each kind of work has turns of
/// its own, or who comes after many that may not do it would get theirs too. One per connection, not shared.
class Crew {
 public:
  /// `first` is where the turns start: crews of different connections begin with different operators.
  Crew(std::vector<Operator> operators, std::size_t first);

  /// The next operator who may (or who may not) do it; nothing if there is none.
  const Operator* next_who_may(Task task);
  const Operator* next_who_may_not(Task task);

 private:
  const Operator* next(Task task, bool allowed);

  std::vector<Operator> operators_;
  std::size_t first_;
  std::map<std::pair<Task, bool>, std::size_t> turns_;  ///< where each kind of work goes on
};

/// Reads a tokens file. Throws std::runtime_error if it cannot be read, if the service would
/// refuse it, or if nobody in it may register lots or decide.
std::vector<Operator> read_operators(const std::string& path);

}  // namespace wms_traffic
