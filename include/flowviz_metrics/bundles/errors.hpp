// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The errors of a service by type and severity, to be counted in the one place where errors become answers.

#include <cstdint>

#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// What went wrong: the input, who may do what, the state that somebody else left, the database, another service, or the
/// service itself.
enum class ErrorType : std::uint8_t { validation, auth, conflict, database, outbound, internal };

/// Who has to look: nobody, somebody some day, somebody now.
enum class Severity : std::uint8_t { info, warning, error };

/// `errors_total{type,severity}`.
///
/// `Type` can be an enum of the service's own. Three series for every type, 18 by default. Thread-safe; an increment, about
/// 1 ns.
///
///     flowviz::bundles::Errors errors{registry};   // as a member: flowviz::bundles::Errors<>
///     errors.count(ErrorType::database, Severity::error);
template <ClosedValue Type = ErrorType>
struct Errors {
  Counter<Type, Severity> total;

  explicit Errors(Registry& registry)
      : total{registry, "errors_total", "Errors, by what went wrong.", Label<Type>{"type"},
              Label<Severity>{"severity"}} {}

  void count(Type type, Severity severity) const noexcept { total.with(type, severity).inc(); }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
