// SPDX-License-Identifier: MIT
#include "domain/rules.hpp"

#include "domain/names.hpp"

namespace wms {
namespace {

std::string field_of(std::size_t index, const char* member) {
  return "inputs[" + std::to_string(index) + "]." + member;
}

std::string in_kg(Quantity quantity) {
  std::string text = std::to_string(quantity.milligrams / 1'000'000);
  const std::string fraction = std::to_string(quantity.milligrams % 1'000'000 + 1'000'000).substr(1);
  if (const auto last = fraction.find_last_not_of('0'); last != std::string::npos)
    (text += '.').append(fraction, 0, last + 1);  // in place: g++ 12 warns of a copy that cannot be otherwise
  return text + " kg";
}

}  // namespace

std::optional<RuleViolated> violation(const NewLot& lot) {
  if (lot.type == LotType::raw && !lot.inputs.empty()) {
    return RuleViolated{BusinessRule::raw_lot_with_inputs, "inputs", "a raw lot is not made from other lots"};
  }
  return std::nullopt;
}

std::optional<RuleViolated> violation(const std::string& run_id, RunState state) {
  if (state == RunState::running) return std::nullopt;
  return RuleViolated{BusinessRule::run_not_running, "production_run_id",
                      "a lot is added to a run that is running; run " + run_id + " is " + std::string(text_of(state))};
}

std::optional<RuleViolated> violation(const LotInput& input, std::size_t index, QcStatus status, Quantity remaining) {
  if (status == QcStatus::HOLD || status == QcStatus::FAIL) {
    return RuleViolated{
        BusinessRule::input_on_hold_or_failed, field_of(index, "lot_id"),
        "lot " + input.lot_id + " cannot be used: its quality status is " + std::string(text_of(status))};
  }
  if (input.quantity > remaining) {
    return RuleViolated{
        BusinessRule::inputs_exceed_remaining, field_of(index, "quantity_kg"),
        in_kg(input.quantity) + " of lot " + input.lot_id + " asked for, " + in_kg(remaining) + " left"};
  }
  return std::nullopt;
}

}  // namespace wms
