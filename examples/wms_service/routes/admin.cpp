// SPDX-License-Identifier: MIT
#include "routes/admin.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "http/json_input.hpp"

namespace wms::routes {
namespace {

Result<AlertSeverity, Problem> read_severity(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  const auto severity = fields.one_of<AlertSeverity>("severity");
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::test_alert, std::move(errors));
  return *severity;
}

}  // namespace

Handler raise_test_alert(TestAlerts& alerts, Storage& storage) {
  return [&alerts, &storage](const Call& call) -> Result<Answer, Problem> {
    const auto severity = read_severity(call.body);
    if (!severity) return severity.error();
    const nlohmann::ordered_json told{{"severity", text_of(*severity)},
                                      {"duration_seconds", alerts.duration().count()}};
    const Answer answer{202, told.dump()};  // it is raised; when it arrives is up to Prometheus and Alertmanager
    if (!call.claim.empty()) {
      const auto kept = storage.keep_answer(call.claim, {answer.status, answer.body, ""}, call.deadline);
      if (!kept) return problems::refused(kept.error());
    }
    alerts.raise(*severity, std::chrono::steady_clock::now());
    return answer;
  };
}

}  // namespace wms::routes
