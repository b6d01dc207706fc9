// SPDX-License-Identifier: MIT
// What the storage does with messages about decisions. They are sent between transactions, for a receiver may take
// longer than a connection can be spared: who takes one has it for some time, and if nobody notes what came of it by
// then, it is to be sent again.

#include <optional>
#include <string>

#include "storage/row_values.hpp"
#include "storage/sql_storage.hpp"

namespace wms {

/// Within the transaction of the decision.
void SqlStorage::queue_notification(Connection& db, const QcDecision& decision) const {
  const int urgency = is_urgent(decision.decision) ? 0 : 1;  // the least comes first
  db.run(statements_.insert_notification, decision.id, urgency, in_ms(decision.decided_at));
}

Storage::Outcome<std::optional<Notification>> SqlStorage::take_notification(Timestamp time, Timestamp until,
                                                                            Deadline deadline) {
  using Taken = std::optional<Notification>;
  const auto waiting = transactions_.read<bool>(deadline, [&](Connection& db) -> Outcome<bool> {
    return db.query(statements_.notification_waits, in_ms(time), in_ms(time + longest_put_off))->next();
  });
  if (!waiting) return waiting.error();
  if (!*waiting) return Taken();  // without a transaction that writes, for this is asked for ever

  Taken earlier;  // by an attempt before this one, which may have been committed
  return transactions_.write<Taken>(deadline, [&](Connection& db) -> Outcome<Taken> {
    if (earlier) {
      const auto row = db.query(statements_.notification_attempts, earlier->decision.id);
      if (row->next() && row->integer(0) == earlier->attempt) return earlier;
    }
    Notification taken;
    {
      const auto row = db.query(statements_.next_notification, in_ms(time), in_ms(time + longest_put_off));
      if (!row->next()) return Taken();  // somebody else is at it
      taken.decision.id = row->text(0);
      taken.attempt = static_cast<int>(row->integer(1)) + 1;
    }
    db.run(statements_.take_notification, taken.decision.id, in_ms(until));
    {
      const auto row = db.query(statements_.notified_decision, taken.decision.id);
      row->next();
      taken.decision.lot_id = row->text(0);
      taken.decision.decision = enumerator<Decision>(row->text(1));
      taken.decision.note = row->optional_text(2);
      taken.decision.decided_by = row->text(3);
      taken.decision.decided_at = timestamp(row->integer(4));
      taken.lot_code = row->text(5);
    }
    earlier = taken;
    return earlier;
  });
}

Storage::Outcome<bool> SqlStorage::postpone_notification(const Notification& taken, Timestamp due, Deadline deadline) {
  return transactions_.write<bool>(deadline, [&](Connection& db) -> Outcome<bool> {
    return db.run(statements_.postpone_notification, taken.decision.id, taken.attempt, in_ms(due)) != 0;
  });
}

Storage::Outcome<bool> SqlStorage::end_notification(std::string_view decision_id, NotificationStatus end,
                                                    Timestamp time, Deadline deadline) {
  return transactions_.write<bool>(deadline, [&](Connection& db) -> Outcome<bool> {
    return db.run(statements_.end_notification, decision_id, text_of(end), in_ms(time)) != 0;
  });
}

}  // namespace wms
