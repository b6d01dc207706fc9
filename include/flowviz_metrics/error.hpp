// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How the library refuses: an exception at start-up that names the metric and the rule, or, where the rule can be
/// checked by the compiler, a compile error that shows it.

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Thrown by registration: the definition of a metric breaks a rule, or clashes with another one. The message names
/// both.
class FLOWVIZ_METRICS_SHARED Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws `Error`; without exceptions it prints the message on stderr and aborts.
[[noreturn]] inline void fail(const std::string& message) {
#if defined(__cpp_exceptions)
  throw Error(message);
#else
  std::fprintf(stderr, "flowviz_metrics: %s\n", message.c_str());
  std::abort();
#endif
}

/// Refuses a definition. Deliberately not constexpr: reached while a `consteval` check runs, the compiler stops at the
/// call and shows its arguments, the rule among them. Reached at start-up it throws.
[[noreturn]] inline void rule_broken(std::string_view name, const char* rule) {
  std::string message;  // by +=, for g++ 12 warns of "'" + std::string
  if (!name.empty()) ((message += '\'') += name) += "': ";
  fail(message += rule);
}

FLOWVIZ_METRICS_END
