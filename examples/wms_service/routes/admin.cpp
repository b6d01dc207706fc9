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

Handler raise_test_alert(TestAlerts& alerts) {
  return [&alerts](const Call& call) -> Result<Answer, Problem> {
    const auto severity = read_severity(call.body);
    if (!severity) return severity.error();
    alerts.raise(*severity, std::chrono::steady_clock::now());
    const nlohmann::ordered_json answer{{"severity", text_of(*severity)},
                                        {"duration_seconds", alerts.duration().count()}};
    return Answer{202, answer.dump()};  // it is raised; when it arrives is up to Prometheus and Alertmanager
  };
}

}  // namespace wms::routes
