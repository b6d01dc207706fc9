// SPDX-License-Identifier: MIT
// What the storage does with the keys of requests. A key is claimed in a transaction of its own, so that others see
// that its request is under way; the answer is kept in the transaction of the request.

#include <optional>
#include <string>

#include "storage/row_values.hpp"
#include "storage/sql_storage.hpp"

namespace wms {
namespace {

// What a transaction forgets in a few milliseconds.
constexpr int keys_at_once = 1'000;

}  // namespace

Storage::Outcome<KeyClaim> SqlStorage::claim_key(const KeyedRequest& request, const std::string& claim, Timestamp time,
                                                 Deadline deadline) {
  return transactions_.write<KeyClaim>(deadline, [&](Connection& db) -> Outcome<KeyClaim> {
    db.run(statements_.forget_expired_key, request.operator_name, request.route, request.key,
           in_ms(time - key_lifetime));
    if (db.run(statements_.insert_key, claim, request.operator_name, request.route, request.key, request.fingerprint,
               in_ms(time)) != 0) {
      return KeyClaim{claim, std::nullopt};
    }
    std::string holder;
    Timestamp since;
    {
      const auto row = db.query(statements_.key_state, request.operator_name, request.route, request.key);
      if (!row->next()) return Refusal(KeyInFlight{});  // it was there a moment ago
      holder = row->text(0);
      since = timestamp(row->integer(1));
      if (row->text(2) != request.fingerprint) return Refusal(KeyOfAnotherRequest{});
      if (!row->is_null(3)) {
        return KeyClaim{holder, KeptAnswer{static_cast<int>(row->integer(3)), row->text(4), row->text(5)}};
      }
    }
    if (holder == claim) return KeyClaim{claim, std::nullopt};  // an earlier attempt was committed
    // Whoever claimed it so long ago is dead, and so is who did at a time that is yet to come: the clock was set back. If
    // not, it finds its claim gone when it is about to commit.
    if (std::chrono::abs(time - since) > longest_claim &&
        db.run(statements_.take_over_key, claim, holder, in_ms(time)) != 0) {
      return KeyClaim{claim, std::nullopt};
    }
    return Refusal(KeyInFlight{});
  });
}

bool SqlStorage::keep_answer(Connection& db, const std::string& claim, const KeptAnswer& answer) const {
  return db.run(statements_.keep_answer, claim, answer.status, answer.body, answer.location) != 0;
}

Storage::Outcome<Storage::Done> SqlStorage::keep_answer(const std::string& claim, const KeptAnswer& answer,
                                                        Deadline deadline) {
  return transactions_.write<Done>(deadline, [&](Connection& db) -> Outcome<Done> {
    if (!keep_answer(db, claim, answer)) return Refusal(KeyInFlight{});
    return Done{};
  });
}

Storage::Outcome<Storage::Done> SqlStorage::release_key(const std::string& claim, Deadline deadline) {
  return transactions_.write<Done>(deadline, [&](Connection& db) -> Outcome<Done> {
    db.run(statements_.release_key, claim);
    return Done{};
  });
}

Storage::Outcome<bool> SqlStorage::forget_keys(Timestamp claimed_before, Deadline deadline) {
  return transactions_.write<bool>(deadline, [&](Connection& db) -> Outcome<bool> {
    return db.run(statements_.forget_keys, in_ms(claimed_before), keys_at_once) == keys_at_once;
  });
}

}  // namespace wms
