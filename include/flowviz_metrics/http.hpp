// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Two closed labels that every HTTP server needs: the method and the class of the status.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <flowviz_metrics/label_domain.hpp>

FLOWVIZ_METRICS_BEGIN

/// The methods of RFC 9110 and RFC 5789. Whatever else a client sends is no enumerator, hence `_other` (CVE-2022-21698
/// is what happens to those who take the client's word for it). `delete` is a keyword, hence the underscore.
enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch };

template <>
struct enum_range<Method> {
  static constexpr int min = 0, max = 8;
};

[[nodiscard]] constexpr std::string_view label_text(Method method) noexcept {
  constexpr std::string_view texts[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const auto i = static_cast<std::size_t>(method);
  return i < std::size(texts) ? texts[i] : other_text;
}

/// The method with this name, which is case-sensitive; for any other text a value that is no enumerator.
[[nodiscard]] constexpr Method parse_method(std::string_view text) {
  for (std::uint8_t i = 0; i <= enum_range<Method>::max; ++i) {
    if (label_text(Method{i}) == text) return Method{i};
  }
  return Method{0xff};
}

/// The class of a status code.
enum class StatusClass : std::uint8_t { s1xx = 1, s2xx, s3xx, s4xx, s5xx };

template <>
struct enum_range<StatusClass> {
  static constexpr int min = 1, max = 5;
};

[[nodiscard]] constexpr std::string_view label_text(StatusClass status) noexcept {
  constexpr std::string_view texts[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  const auto i = static_cast<std::size_t>(status) - 1;  // 0 wraps
  return i < std::size(texts) ? texts[i] : other_text;
}

/// The class of `status`; for a number outside 100 to 599 a value that is no enumerator.
[[nodiscard]] constexpr StatusClass status_class(int status) noexcept {
  return status >= 100 && status < 600 ? static_cast<StatusClass>(status / 100) : StatusClass{0xff};
}

FLOWVIZ_METRICS_END
