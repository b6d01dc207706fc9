// SPDX-License-Identifier: MIT
// What the storage does with production runs.

#include <optional>
#include <string>

#include "domain/ids.hpp"
#include "storage/row_values.hpp"
#include "storage/sql_storage.hpp"

namespace wms {
namespace {

ProductionRun run_from(const Rows& row) {
  return {
      row.text(0), row.text(1), row.text(2), enumerator<RunState>(row.text(3)), row.text(4), timestamp(row.integer(5))};
}

}  // namespace

Storage::Outcome<ProductionRun> SqlStorage::plan_run(const NewProductionRun& wanted, std::string_view created_by,
                                                     Deadline deadline, const Keep<ProductionRun>& keep) {
  const ProductionRun run{new_id(), wanted.product, wanted.line, RunState::planned, std::string(created_by), now()};
  return transactions_.write<ProductionRun>(deadline, [&](Connection& db) -> Outcome<ProductionRun> {
    // If it is there already, it was an earlier attempt.
    db.run(statements_.insert_run, run.id, run.product, run.line, text_of(run.state), run.created_by,
           in_ms(run.created_at));
    return kept(db, keep, run);
  });
}

Storage::Outcome<ProductionRun> SqlStorage::find_run(std::string_view run_id, Deadline deadline) {
  if (!may_be_id(run_id)) return Refusal(RunNotFound{std::string(run_id)});
  return transactions_.read<ProductionRun>(deadline, [&](Connection& db) -> Outcome<ProductionRun> {
    const auto row = db.query(statements_.run_by_id, run_id);
    if (!row->next()) return Refusal(RunNotFound{std::string(run_id)});
    return run_from(*row);
  });
}

Storage::Outcome<RunTransition> SqlStorage::move_run(std::string_view run_id, RunState to, std::string_view moved_by,
                                                     Deadline deadline, const Keep<RunTransition>& keep) {
  if (!may_be_id(run_id)) return Refusal(RunNotFound{std::string(run_id)});
  const std::string transition_id = new_id();
  std::optional<RunTransition> earlier;  // that of an attempt before this one, which may have been committed
  return transactions_.write<RunTransition>(deadline, [&](Connection& db) -> Outcome<RunTransition> {
    std::optional<ProductionRun> run;
    if (const auto row = db.query(statements_.run_to_move, run_id); row->next()) run = run_from(*row);
    if (!run) return Refusal(RunNotFound{std::string(run_id)});
    const RunState from = run->state;
    const auto inserted = db.run(statements_.insert_run_transition, transition_id, run_id, text_of(from), text_of(to),
                                 moved_by, in_ms(now()));
    if (inserted == 0) return kept(db, keep, *earlier);
    if (!may_follow(from, to)) return Refusal(TransitionNotAllowed{from, to});
    db.run(statements_.update_run_state, run_id, text_of(to));
    run->state = to;
    earlier = RunTransition{*run, from};
    return kept(db, keep, *earlier);
  });
}

}  // namespace wms
