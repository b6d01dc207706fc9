// SPDX-License-Identifier: MIT
#include "routes/qc_decisions.hpp"

#include <utility>
#include <vector>

#include "http/json_input.hpp"
#include "log.hpp"
#include "routes/json_output.hpp"

namespace wms::routes {
namespace {

constexpr TextRule id_rule{1, 64};
constexpr TextRule note_rule{0, 2000};

Result<NewQcDecision, Problem> read_new_decision(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  const auto lot_id = fields.text("lot_id", Presence::required, id_rule);
  const auto decision = fields.one_of<Decision>("decision");
  const auto note = fields.text("note", Presence::optional, note_rule);
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::qc_decision, std::move(errors));
  return NewQcDecision{*lot_id, *decision, note};
}

/// The channel that is always there, unless the log was told to be silent.
void tell_in_log(const QcDecision& decision, const Metrics& metrics) {
  if (!log::enabled(log::Level::warning)) return;
  auto delivery = metrics.notifications.begin(NotificationChannel::log);
  const bool written =
      log::write(log::Level::warning, "lot_stopped",
                 {{"lot_id", decision.lot_id}, {"decision", text_of(decision.decision)}, {"decision_id", decision.id}});
  if (written) delivery.finish();
}

Answer recorded(const QcDecision& decision) { return {201, to_json(decision).dump()}; }

}  // namespace

Handler record_decision(Storage& storage, Metrics& metrics, BackgroundWorker* notifier) {
  return [&storage, metrics = &metrics, notifier](const Call& call) -> Result<Answer, Problem> {
    const auto wanted = read_new_decision(call.body);
    if (!wanted) return wanted.error();
    const bool stops = stops_lot(wanted->decision);
    const Notify notify = stops && notifier != nullptr ? Notify::webhook : Notify::nobody;
    const auto decision =
        storage.record_decision(*wanted, call.caller, call.deadline, call.keep<QcDecision>(recorded), notify);
    if (!decision) return problems::refused(decision.error());
    metrics->qc_decisions.with(decision->decision).inc();  // it is on disk now
    if (stops) tell_in_log(*decision, *metrics);
    if (notify == Notify::webhook) {
      using flowviz::bundles::TaskPriority;
      metrics->tasks.create(Task::webhook, is_urgent(decision->decision) ? TaskPriority::high : TaskPriority::normal);
      notifier->wake();
    }
    return recorded(*decision);
  };
}

}  // namespace wms::routes
