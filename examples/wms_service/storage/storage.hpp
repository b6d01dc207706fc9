// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the service needs from a database. sql_storage.hpp implements it on SQLite and PostgreSQL;
/// tests/service_unit/storage_contract.cpp says what every implementation has to do.

#include <chrono>
#include <cstdint>
#include <flowviz_metrics/bundles/database_pool.hpp>
#include <flowviz_metrics/bundles/tasks.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/idempotency.hpp"
#include "domain/limited_request.hpp"
#include "domain/lot.hpp"
#include "domain/notification.hpp"
#include "domain/production_run.hpp"
#include "domain/qc_decision.hpp"
#include "domain/refusal.hpp"
#include "domain/result.hpp"
#include "domain/sync.hpp"
#include "domain/trace.hpp"

namespace wms {

/// When an operator was last heard of.
struct OperatorSeen {
  std::string name;
  Timestamp at;
};

/// How much work there is.
struct WorkCounts {
  int runs_active = 0;                      ///< that are running
  int pending_sync = 0;                     ///< lots that were recorded offline and not applied yet
  flowviz::bundles::TaskCounts sync_apply;  ///< running: here; what other instances are at is queued until it is done
  flowviz::bundles::TaskCounts webhook;
};

/// A key that is this request's to answer, unless there is an answer already.
struct KeyClaim {
  std::string id;
  std::optional<KeptAnswer> answer;
};

/// Thread-safe. A call that returns a value has made it durable. A call waits at most until `deadline`, and much
/// shorter if the database does not answer; what failed has changed nothing, unless it says OutcomeUnknown.
/// What is to be kept of an answer is kept in the transaction that the call does, or the call is refused (KeyInFlight).
class Storage {
 public:
  template <class T>
  using Outcome = Result<T, Refusal>;
  struct Done {};
  /// Nothing to wait for, or how long it is until then.
  using Wait = std::optional<std::chrono::milliseconds>;

  virtual ~Storage() = default;

  /// Refused: LotCodeTaken, UnknownReference, RuleViolated.
  virtual Outcome<Lot> register_lot(const NewLot& lot, std::string_view created_by, Deadline deadline,
                                    const Keep<Lot>& keep = {}) = 0;
  /// Refused: LotNotFound.
  virtual Outcome<Lot> find_lot(std::string_view lot_id, Deadline deadline) = 0;
  virtual Outcome<LotPage> list_lots(const LotQuery& query, Deadline deadline) = 0;

  /// A message for whom `notify` names is queued with the decision. Refused: LotNotFound.
  virtual Outcome<QcDecision> record_decision(const NewQcDecision& decision, std::string_view decided_by,
                                              Deadline deadline, const Keep<QcDecision>& keep = {},
                                              Notify notify = Notify::nobody) = 0;

  /// Refused: LotNotFound, TraceTooLarge.
  virtual Outcome<Trace> trace(const TraceQuery& query, Deadline deadline) = 0;
  /// How often these lots were changed by now, all together: what `Trace::changes` was when they were traced.
  virtual Outcome<std::int64_t> count_changes(std::span<const std::string> lot_ids, Deadline deadline) = 0;

  virtual Outcome<ProductionRun> plan_run(const NewProductionRun& run, std::string_view created_by, Deadline deadline,
                                          const Keep<ProductionRun>& keep = {}) = 0;
  /// Refused: RunNotFound.
  virtual Outcome<ProductionRun> find_run(std::string_view run_id, Deadline deadline) = 0;
  /// Refused: RunNotFound, TransitionNotAllowed.
  virtual Outcome<RunTransition> move_run(std::string_view run_id, RunState to, std::string_view moved_by,
                                          Deadline deadline, const Keep<RunTransition>& keep = {}) = 0;

  /// Takes in lots that were recorded offline, to be applied in this order, all or none. What was sent before counts as a
  /// duplicate. Refused: ClientIdTaken, UnknownReference.
  virtual Outcome<SyncReceipt> queue_sync_lots(std::span<const SyncLot> lots, std::string_view recorded_by,
                                               Deadline deadline, const Keep<SyncReceipt>& keep = {}) = 0;
  /// Refused: SyncLotNotFound.
  virtual Outcome<SyncState> find_sync_lot(std::string_view client_id, Deadline deadline) = 0;
  /// Registers the next lot whose inputs are no longer in the queue, and takes it out; nothing, if there is none. A lot that
  /// is refused stays until `refuse_sync_lot`. Whoever else does this at the same time gets another one.
  virtual Outcome<std::optional<SyncAttempt>> try_next_sync_lot(Deadline deadline) = 0;
  /// Takes a lot out of the queue for good; false if it is there no more.
  virtual Outcome<bool> refuse_sync_lot(std::string_view client_id, const SyncRefusal& refusal, Deadline deadline) = 0;

  /// Takes the next message that is due at `time`, those of lots that failed first; nothing, if there is none. Nobody
  /// gets it again before `until`: until then it has to be noted what came of it. One that is due later than
  /// `longest_put_off` is due as well, for nothing is put off for so long: the clock was set back.
  virtual Outcome<std::optional<Notification>> take_notification(Timestamp time, Timestamp until,
                                                                 Deadline deadline) = 0;
  /// Puts a message back that was taken, to be due at `due`; false if it was taken again meanwhile, or has ended.
  virtual Outcome<bool> postpone_notification(const Notification& taken, Timestamp due, Deadline deadline) = 0;
  /// A message was sent or given_up; false if it had ended before.
  virtual Outcome<bool> end_notification(std::string_view decision_id, NotificationStatus end, Timestamp time,
                                         Deadline deadline) = 0;

  /// Begins a request with a key, or finds the answer that an earlier one got. A claim that lies further from `time` than
  /// `longest_claim` is dead: its request was killed, or the clock was set. Refused: KeyInFlight, KeyOfAnotherRequest.
  /// `claim` is a new identifier, with which it can be released even if nobody knows whether it was claimed.
  virtual Outcome<KeyClaim> claim_key(const KeyedRequest& request, const std::string& claim, Timestamp time,
                                      Deadline deadline) = 0;
  /// For requests that write nothing else. Refused: KeyInFlight, if the claim was lost.
  virtual Outcome<Done> keep_answer(const std::string& claim, const KeptAnswer& answer, Deadline deadline) = 0;
  /// The request came to nothing, and may be sent again; unless an answer was kept.
  virtual Outcome<Done> release_key(const std::string& claim, Deadline deadline) = 0;
  /// Drops the oldest keys that were claimed before, a thousand at most, so that others can write meanwhile. Whether there
  /// may be more.
  virtual Outcome<bool> forget_keys(Timestamp claimed_before, Deadline deadline) = 0;

  /// Admits a request and counts it, if fewer than its limit were admitted in the minute before, by whichever instance;
  /// or says after what time the next one will be, unless others come before. By the database's clock.
  virtual Outcome<Wait> admit(const LimitedRequest& request, Deadline deadline) = 0;
  /// How many operators have had so many requests to the route admitted in the minute before.
  virtual Outcome<int> count_near_limit(std::string_view route, int admitted, Deadline deadline) = 0;
  /// Drops what limits do not need any more.
  virtual Outcome<Done> forget_admissions(Deadline deadline) = 0;

  /// Remembers when operators were seen; a later time replaces an earlier one. `time` is now. If the latest that is remembered
  /// lies well after it, the clock was set back: it is taken as now, and all others move back as far.
  virtual Outcome<Done> record_activity(std::span<const OperatorSeen> seen, Timestamp time, Deadline deadline) = 0;
  virtual Outcome<int> count_operators_since(Timestamp since, Deadline deadline) = 0;

  /// Jobs that have ended count if that was at `ended_since` or later.
  virtual Outcome<WorkCounts> count_work(Timestamp ended_since, Deadline deadline) = 0;

  /// How many connections there are, in use and idle, and how many there can be.
  virtual flowviz::bundles::PoolConnections connections() const = 0;

  /// Does a query; tells whether there is a database to work with.
  virtual Outcome<Done> ping(Deadline deadline) = 0;
};

}  // namespace wms
