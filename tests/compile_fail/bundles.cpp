// SPDX-License-Identifier: MIT
// Bundles take the values of the service's own labels and no others, and what they begin has to be kept and told its end.
#include <string>
#include <string_view>

#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/bundles/errors.hpp>
#include <flowviz_metrics/bundles/outbound.hpp>
#include <flowviz_metrics/bundles/validation.hpp>
#include <flowviz_metrics/bundles/workflow.hpp>

using namespace flowviz::bundles;

enum class Target { qc_webhook };
enum class Channel { log };
enum class RunState { planned, running };
constexpr std::string_view entity_text(RunState) { return "production_run"; }
enum class QcStatus { pass, hold };
constexpr std::string_view entity_text(QcStatus) { return "lot"; }
enum class LotField { lot_code };
constexpr std::string_view entity_text(LotField) { return "lot"; }

void count(flowviz::Registry& registry, const Database& database, const Outbound<Target>& outbound,
           const Outbound<flowviz::Text>& by_name, const Workflow<RunState, QcStatus>& workflow,
           const Validation<LotField>& validation, const Errors<>& errors, const std::string& text) {
  const auto lot_by_id = database.statement("lot_by_id", DbOperation::select);
  auto call = outbound.begin(Target::qc_webhook);
  call.finish(CallOutcome::ok);
  by_name.begin(text).finish(CallOutcome::timeout);
  workflow.transition(RunState::planned, RunState::running);
  workflow.transition(QcStatus::pass, QcStatus::hold);
  validation.failed(LotField::lot_code);
  errors.count(ErrorType::auth, Severity::info);
  const Outbound<flowviz::Text> capped{registry, {.targets = {.cap = 5}}};

#ifdef MUST_NOT_COMPILE_sql_text
  // expect: a statement goes by a name of a-z, 0-9 and _, never by its SQL text
  const auto select = database.statement("SELECT * FROM lots", DbOperation::select);
#endif

#ifdef MUST_NOT_COMPILE_name_at_run_time
  // expect: only the compiler checks a literal
  const auto named = database.statement(text, DbOperation::select);
#endif

#ifdef MUST_NOT_COMPILE_text_for_an_enum
  // expect: Target
  auto posted = outbound.begin("qc_webhook");
#endif

#ifdef MUST_NOT_COMPILE_another_enum
  // expect: Target
  // expect: Channel
  auto logged = outbound.begin(Channel::log);
#endif

#ifdef MUST_NOT_COMPILE_cap_of_an_enum
  // expect: Outbound<Target>
  const Outbound<Target> of_enum{registry, {.targets = {.cap = 5}}};
#endif

#ifdef MUST_NOT_COMPILE_values_that_expire
  // expect: OwnLabel
  const Outbound<flowviz::Expiring<flowviz::Text>> expiring{registry};
#endif

#ifdef MUST_NOT_COMPILE_call_that_nobody_keeps
  // expect: nodiscard
  outbound.begin(Target::qc_webhook);
#endif

#ifdef MUST_NOT_COMPILE_query_that_nobody_keeps
  // expect: nodiscard
  lot_by_id.begin();
#endif

#ifdef MUST_NOT_COMPILE_call_copied
  // expect: OutboundCall
  OutboundCall twice = call;
#endif

#ifdef MUST_NOT_COMPILE_states_of_two_entities
  // expect: transition
  workflow.transition(RunState::planned, QcStatus::hold);
#endif

#ifdef MUST_NOT_COMPILE_entity_of_another_workflow
  // expect: transition
  workflow.transition(LotField::lot_code, LotField::lot_code);
#endif

#ifdef MUST_NOT_COMPILE_no_entity
  // expect: EntityEnum
  const Workflow<Target> targets{registry};
#endif

#ifdef MUST_NOT_COMPILE_field_of_another_entity
  // expect: failed
  validation.failed(QcStatus::pass);
#endif

#ifdef MUST_NOT_COMPILE_severity_for_a_type
  // expect: ErrorType
  errors.count(Severity::info, ErrorType::auth);
#endif
}
