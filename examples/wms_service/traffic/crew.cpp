// SPDX-License-Identifier: MIT

#include "crew.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "http/auth.hpp"
#include "quoted.hpp"
#include "read_file.hpp"

namespace wms_traffic {

bool may(std::string_view role, Task task) {
  switch (task) {
    case Task::read:
      return true;
    case Task::register_lots:
      return role == "operator" || role == "admin";
    case Task::decide:
      return role == "inspector" || role == "admin";
    case Task::administer:
      return role == "admin";
  }
  return false;
}

Crew::Crew(std::vector<Operator> operators, std::size_t first) : operators_(std::move(operators)), first_(first) {}

const Operator* Crew::next_who_may(Task task) { return next(task, true); }
const Operator* Crew::next_who_may_not(Task task) { return next(task, false); }

const Operator* Crew::next(Task task, bool allowed) {
  std::size_t& turn = turns_.try_emplace({task, allowed}, first_).first->second;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const Operator& candidate = operators_[turn++ % operators_.size()];
    if (may(candidate.role, task) == allowed) return &candidate;
  }
  return nullptr;
}

std::vector<Operator> read_operators(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("--tokens " + wms::escaped(path) + ": " + why);
  };
  const auto content = wms::read_file(path);
  if (!content) refuse("cannot be read");
  // As the service reads it, so that both take and refuse the same files.
  const auto tokens = wms::Tokens::from_json(*content);
  if (!tokens) refuse(tokens.error().reason);
  std::vector<Operator> operators;
  for (const auto& [token, identity] : tokens->entries()) {
    operators.push_back({token, identity.operator_name, std::string(wms::text_of(identity.role))});
  }
  for (const auto& [task, words] :
       {std::pair{Task::register_lots, "register lots"}, std::pair{Task::decide, "decide"}}) {
    const bool somebody = std::any_of(operators.begin(), operators.end(),
                                      [task = task](const Operator& who) { return may(who.role, task); });
    if (!somebody) refuse(std::string("nobody may ") + words);
  }
  return operators;
}

}  // namespace wms_traffic
