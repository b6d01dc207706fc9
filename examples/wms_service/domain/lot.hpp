// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Lots: what the warehouse holds, and what each was made from.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/names.hpp"
#include "domain/quantity.hpp"
#include "domain/timestamp.hpp"

namespace wms {

enum class LotType { raw, intermediate, finished };
constexpr Names<LotType, 3> names(LotType) {
  return {{{LotType::raw, "raw"}, {LotType::intermediate, "intermediate"}, {LotType::finished, "finished"}}};
}

/// The last decision on a lot, or that there is none yet.
enum class QcStatus { PENDING, PASS, HOLD, FAIL };
constexpr Names<QcStatus, 4> names(QcStatus) {
  return {
      {{QcStatus::PENDING, "PENDING"}, {QcStatus::PASS, "PASS"}, {QcStatus::HOLD, "HOLD"}, {QcStatus::FAIL, "FAIL"}}};
}

/// How much of another lot went into a lot.
struct LotInput {
  std::string lot_id;
  Quantity quantity;
};

struct Lot {
  std::string id;
  std::string code;
  LotType type = LotType::raw;
  Quantity quantity;
  Quantity remaining;
  QcStatus qc_status = QcStatus::PENDING;
  std::optional<std::string> production_run_id;
  std::vector<LotInput> inputs;
  std::string created_by;
  Timestamp created_at;
  std::int64_t changes = 0;  ///< how often it was decided on or went into another lot
};

/// What a client sends to register a lot.
struct NewLot {
  std::string code;
  LotType type = LotType::raw;
  Quantity quantity;
  std::optional<std::string> production_run_id;
  std::vector<LotInput> inputs;
};

/// Lots in the order in which they were registered.
struct LotQuery {
  std::optional<LotType> type;
  std::optional<std::string> after;  ///< only lots registered after this one
  int limit = 100;
};

struct LotPage {
  std::vector<Lot> lots;
  std::optional<std::string> next;  ///< what to ask for with `after`, unless this was the last page
};

}  // namespace wms
