// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The rules of the business on new lots, apart from any database: storages ask them within their transactions.

#include <cstddef>
#include <optional>
#include <string>

#include "domain/lot.hpp"
#include "domain/production_run.hpp"
#include "domain/refusal.hpp"

namespace wms {

/// What is wrong with the lot by itself.
std::optional<RuleViolated> violation(const NewLot& lot);

/// What is wrong with adding a lot to a production run in this state.
std::optional<RuleViolated> violation(const std::string& run_id, RunState state);

/// What is wrong with taking `input`, number `index` of a new lot, out of a lot with this status and remainder.
std::optional<RuleViolated> violation(const LotInput& input, std::size_t index, QcStatus status, Quantity remaining);

}  // namespace wms
