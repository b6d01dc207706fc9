// SPDX-License-Identifier: MIT
#include "routes/traceability.hpp"

#include <utility>
#include <vector>

#include "http/json_input.hpp"
#include "routes/json_output.hpp"

namespace wms::routes {
namespace {

constexpr int deepest = 100;

Result<TraceQuery, Problem> read_trace_query(const Call& call, Direction direction) {
  std::vector<FieldError> errors;
  QueryReader fields(call.query, errors);
  TraceQuery query{call.id, direction, fields.number("max_depth", 1, deepest)};
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::trace_query, std::move(errors));
  return query;
}

}  // namespace

Handler trace_lot(Storage& storage, TraceCache& traces, Metrics& metrics, Direction direction) {
  return [&storage, &traces, duration = metrics.traceability_duration.with(direction),
          direction](const Call& call) -> Result<Answer, Problem> {
    const auto query = read_trace_query(call, direction);
    if (!query) return query.error();
    auto timing = duration.time();
    const auto kept = traces.find(*query, [&](const KeptTrace& earlier) {
      const auto changes = storage.count_changes(earlier.lots, call.deadline);
      return changes && *changes == earlier.changes;
    });
    if (kept) return Answer{200, kept->answer};
    const auto trace = storage.trace(*query, call.deadline);
    if (!trace) {
      timing.discard();  // how fast the database says no is another question
      return problems::refused(trace.error());
    }
    Answer answer{200, to_json(*trace).dump()};
    traces.put(*query, *trace, answer.body);
    return answer;
  };
}

}  // namespace wms::routes
