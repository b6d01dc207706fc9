// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Why something that was well-formed was still not done. Every cause that a storage may give is listed here, so that
/// the compiler sees to it that each gets its answer (http/problem.cpp).

#include <string>
#include <variant>

#include "domain/names.hpp"
#include "domain/production_run.hpp"
#include "domain/trace.hpp"

namespace wms {

enum class BusinessRule {
  input_on_hold_or_failed,
  inputs_exceed_remaining,
  raw_lot_with_inputs,
  run_not_running,
  sync_inputs_form_a_circle
};
constexpr Names<BusinessRule, 5> names(BusinessRule) {
  return {{{BusinessRule::input_on_hold_or_failed, "input_on_hold_or_failed"},
           {BusinessRule::inputs_exceed_remaining, "inputs_exceed_remaining"},
           {BusinessRule::raw_lot_with_inputs, "raw_lot_with_inputs"},
           {BusinessRule::run_not_running, "run_not_running"},
           {BusinessRule::sync_inputs_form_a_circle, "sync_inputs_form_a_circle"}}};
}

struct LotNotFound {
  std::string lot_id;
};
struct RunNotFound {
  std::string run_id;
};
/// A production run does not go from the one state to the other.
struct TransitionNotAllowed {
  RunState from;
  RunState to;
};
struct LotCodeTaken {
  std::string code;
};
struct SyncLotNotFound {
  std::string client_id;
};
/// Another lot was sent with this identifier.
struct ClientIdTaken {
  std::string field;
  std::string client_id;
};
/// A request with the same key is being answered.
struct KeyInFlight {};
/// The key was used for a request that asked for something else.
struct KeyOfAnotherRequest {};
/// A field refers to something that does not exist.
struct UnknownReference {
  std::string field;  ///< such as inputs[2].lot_id
  std::string message;
};
struct RuleViolated {
  BusinessRule rule;
  std::string field;
  std::string message;
};
/// More is connected than one answer may hold.
struct TraceTooLarge {
  TraceLimits limits;
};
/// The database did not answer in time, or cannot take more; nothing was changed. Worth another try later.
struct Unavailable {
  std::string reason;  ///< for the log, not for clients
};
/// The database was lost at the moment of the commit: what was asked for may have been done, or may yet be.
struct OutcomeUnknown {
  std::string reason;  ///< for the log, not for clients
};

using Refusal = std::variant<LotNotFound, RunNotFound, TransitionNotAllowed, LotCodeTaken, SyncLotNotFound,
                             ClientIdTaken, KeyInFlight, KeyOfAnotherRequest, UnknownReference, RuleViolated,
                             TraceTooLarge, Unavailable, OutcomeUnknown>;

}  // namespace wms
