// SPDX-License-Identifier: MIT
#include "routes/production_runs.hpp"

#include <utility>
#include <vector>

#include "http/json_input.hpp"
#include "routes/json_output.hpp"

namespace wms::routes {
namespace {

constexpr TextRule name_rule{1, 64};

Result<NewProductionRun, Problem> read_new_run(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  const auto product = fields.text("product", Presence::required, name_rule);
  const auto line = fields.text("line", Presence::required, name_rule);
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::production_run, std::move(errors));
  return NewProductionRun{*product, *line};
}

Result<RunState, Problem> read_next_state(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  const auto to = fields.one_of<RunState>("to");
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::run_transition, std::move(errors));
  return *to;
}

Answer planned(const ProductionRun& run) {
  return {201, to_json(run).dump(), "application/json", {{"Location", "/api/production-runs/" + run.id}}};
}

Answer moved_on(const RunTransition& moved) { return {200, to_json(moved.run).dump()}; }

}  // namespace

Handler plan_run(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto wanted = read_new_run(call.body);
    if (!wanted) return wanted.error();
    const auto run = storage.plan_run(*wanted, call.caller, call.deadline, call.keep<ProductionRun>(planned));
    if (!run) return problems::refused(run.error());
    return planned(*run);
  };
}

Handler get_run(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto run = storage.find_run(call.id, call.deadline);
    if (!run) return problems::refused(run.error());
    return Answer{200, to_json(*run).dump()};
  };
}

Handler move_run(Storage& storage, Metrics& metrics) {
  return [&storage, metrics = &metrics](const Call& call) -> Result<Answer, Problem> {
    const auto to = read_next_state(call.body);
    if (!to) return to.error();
    const auto moved = storage.move_run(call.id, *to, call.caller, call.deadline, call.keep<RunTransition>(moved_on));
    if (!moved) return problems::refused(moved.error());
    metrics->count(*moved);  // it is on disk now
    return moved_on(*moved);
  };
}

}  // namespace wms::routes
