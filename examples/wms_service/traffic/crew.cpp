// SPDX-License-Identifier: MIT

#include "crew.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace wms_traffic {

bool may(std::string_view role, Task task) {
  switch (task) {
    case Task::read:
      return true;
    case Task::register_lots:
      return role == "operator" || role == "admin";
    case Task::decide:
      return role == "inspector" || role == "admin";
  }
  return false;
}

Crew::Crew(std::vector<Operator> operators, std::size_t first) : operators_(std::move(operators)), turn_(first) {}

const Operator* Crew::next_who_may(Task task) { return next(task, true); }
const Operator* Crew::next_who_may_not(Task task) { return next(task, false); }

const Operator* Crew::next(Task task, bool allowed) {
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const Operator& candidate = operators_[turn_++ % operators_.size()];
    if (may(candidate.role, task) == allowed) return &candidate;
  }
  return nullptr;
}

std::vector<Operator> read_operators(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open the tokens file " + path);
  std::vector<Operator> operators;
  try {
    for (const auto& entry : nlohmann::json::parse(file)) {
      operators.push_back({entry.at("token"), entry.at("operator"), entry.at("role")});
    }
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error("the tokens file " + path +
                             " is not an array of {token, operator, role}: " + error.what());
  }
  for (const auto& [task, words] :
       {std::pair{Task::register_lots, "register lots"}, std::pair{Task::decide, "decide"}}) {
    const bool somebody = std::any_of(operators.begin(), operators.end(),
                                      [task = task](const Operator& who) { return may(who.role, task); });
    if (!somebody) throw std::runtime_error("nobody in the tokens file " + path + " may " + words);
  }
  return operators;
}

}  // namespace wms_traffic
