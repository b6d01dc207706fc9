// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Lots that were recorded where there was no network, and are sent later, many at a time: each with an identifier that the
/// client made, so that it can be sent twice.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "domain/lot.hpp"
#include "domain/names.hpp"
#include "domain/refusal.hpp"
#include "domain/result.hpp"

namespace wms {

/// What went into a lot: one that the service knows by its lot_id, or another one that was recorded offline.
struct SyncInput {
  enum class By { lot_id, client_id } named_by = By::lot_id;
  std::string id;
  Quantity quantity;
};

struct SyncLot {
  std::size_t place = 0;  ///< in the batch in which it was sent
  std::string client_id;
  std::string code;
  LotType type = LotType::raw;
  Quantity quantity;
  std::optional<std::string> production_run_id;
  std::vector<SyncInput> inputs;
};

/// The lots of a batch in an order in which each comes after those that went into it; where that says nothing, as they
/// were sent. Refused if there is none, for some went into each other.
Result<std::vector<SyncLot>, RuleViolated> in_order_of_inputs(std::vector<SyncLot> batch);

/// What became of a batch.
struct SyncReceipt {
  int accepted = 0;
  int duplicates = 0;  ///< that had been sent before
};

enum class SyncStatus { queued, applied, refused };
constexpr Names<SyncStatus, 3> names(SyncStatus) {
  return {{{SyncStatus::queued, "queued"}, {SyncStatus::applied, "applied"}, {SyncStatus::refused, "refused"}}};
}

/// Why a lot that was recorded offline was not registered.
struct SyncRefusal {
  std::optional<std::string> rule;  ///< of the business, if it was one
  std::string reason;
};

/// What became of one lot.
struct SyncState {
  std::string client_id;
  SyncStatus status = SyncStatus::queued;
  std::optional<Lot> lot;              ///< as it is now, once it was applied
  std::optional<SyncRefusal> refusal;  ///< if it was refused
};

/// That one was about to be applied, and what came of it.
struct SyncAttempt {
  std::string client_id;
  Result<Lot, Refusal> outcome;
};

}  // namespace wms
