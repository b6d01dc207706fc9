// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The storage on a database that takes SQL: what is asked in which order. sqlite_storage.hpp and
/// postgresql_storage.hpp say how connections are made.

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>

#include "storage/connection_pool.hpp"
#include "storage/statements.hpp"
#include "storage/storage.hpp"
#include "storage/transactions.hpp"

namespace wms {

class SqlStorage : public Storage {
 public:
  Outcome<Lot> register_lot(const NewLot& lot, std::string_view created_by, Deadline deadline,
                            const Keep<Lot>& keep = {}) override;
  Outcome<Lot> find_lot(std::string_view lot_id, Deadline deadline) override;
  Outcome<LotPage> list_lots(const LotQuery& query, Deadline deadline) override;
  Outcome<QcDecision> record_decision(const NewQcDecision& decision, std::string_view decided_by, Deadline deadline,
                                      const Keep<QcDecision>& keep = {}, Notify notify = Notify::nobody) override;
  Outcome<Trace> trace(const TraceQuery& query, Deadline deadline) override;
  Outcome<std::int64_t> count_changes(std::span<const std::string> lot_ids, Deadline deadline) override;
  Outcome<ProductionRun> plan_run(const NewProductionRun& run, std::string_view created_by, Deadline deadline,
                                  const Keep<ProductionRun>& keep = {}) override;
  Outcome<ProductionRun> find_run(std::string_view run_id, Deadline deadline) override;
  Outcome<RunTransition> move_run(std::string_view run_id, RunState to, std::string_view moved_by, Deadline deadline,
                                  const Keep<RunTransition>& keep = {}) override;
  Outcome<SyncReceipt> queue_sync_lots(std::span<const SyncLot> lots, std::string_view recorded_by, Deadline deadline,
                                       const Keep<SyncReceipt>& keep = {}) override;
  Outcome<SyncState> find_sync_lot(std::string_view client_id, Deadline deadline) override;
  Outcome<std::optional<SyncAttempt>> try_next_sync_lot(Deadline deadline) override;
  Outcome<bool> refuse_sync_lot(std::string_view client_id, const SyncRefusal& refusal, Deadline deadline) override;
  Outcome<std::optional<Notification>> take_notification(Timestamp time, Timestamp until, Deadline deadline) override;
  Outcome<bool> postpone_notification(const Notification& taken, Timestamp due, Deadline deadline) override;
  Outcome<bool> end_notification(std::string_view decision_id, NotificationStatus end, Timestamp time,
                                 Deadline deadline) override;
  Outcome<KeyClaim> claim_key(const KeyedRequest& request, const std::string& claim, Timestamp time,
                              Deadline deadline) override;
  Outcome<Done> keep_answer(const std::string& claim, const KeptAnswer& answer, Deadline deadline) override;
  Outcome<Done> release_key(const std::string& claim, Deadline deadline) override;
  Outcome<bool> forget_keys(Timestamp claimed_before, Deadline deadline) override;
  Outcome<Wait> admit(const LimitedRequest& request, Deadline deadline) override;
  Outcome<int> count_near_limit(std::string_view route, int admitted, Deadline deadline) override;
  Outcome<Done> forget_admissions(Deadline deadline) override;
  Outcome<Done> record_activity(std::span<const OperatorSeen> seen, Timestamp time, Deadline deadline) override;
  Outcome<int> count_operators_since(Timestamp since, Deadline deadline) override;
  Outcome<WorkCounts> count_work(Timestamp ended_since, Deadline deadline) override;
  flowviz::bundles::PoolConnections connections() const override;
  Outcome<Done> ping(Deadline deadline) override;

 protected:
  /// Brings the schema up to date. `metrics` may be null. `writers`: where connections that write are others. Throws
  /// std::runtime_error if that cannot be done.
  SqlStorage(Dialect dialect, const flowviz::bundles::Database* metrics, std::unique_ptr<ConnectionPool> pool,
             std::unique_ptr<ConnectionPool> writers = nullptr);

 private:
  bool keep_answer(Connection& db, const std::string& claim, const KeptAnswer& answer) const;
  /// The end of a transaction: what was done, its answer kept if it is to be.
  template <class T>
  Outcome<T> kept(Connection& db, const Keep<T>& keep, const T& done) const {
    if (!keep.claim.empty() && !keep_answer(db, keep.claim, keep.answer(done))) return Refusal(KeyInFlight{});
    return done;
  }

  std::string all_registered_to(Connection& db) const;
  int read_inputs(Connection& db, std::vector<Lot>& lots, int most = std::numeric_limits<int>::max()) const;
  std::vector<Lot> read_connected(Connection& db, const TraceQuery& wanted) const;
  std::optional<Lot> read_lot(Connection& db, std::string_view lot_id) const;
  Outcome<Lot> insert_lot(Connection& db, const NewLot& wanted, std::string_view created_by) const;
  Outcome<NewLot> resolve(Connection& db, const SyncLot& recorded) const;
  void queue_notification(Connection& db, const QcDecision& decision) const;
  std::optional<Refusal> join_run(Connection& db, const Lot& lot) const;
  std::optional<Refusal> take_inputs(Connection& db, const Lot& lot) const;

  const Statements statements_;
  Transactions transactions_;
  /// Lots that are being applied through this object. In the database they are queued until their transaction ends, for
  /// whoever looks from outside.
  std::atomic<std::size_t> applying_ = 0;
};

}  // namespace wms
