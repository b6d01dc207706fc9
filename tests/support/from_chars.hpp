// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// `std::from_chars` for doubles, which libc++ 19 does not have.

#include <charconv>

#if defined(_LIBCPP_VERSION)
#include <locale.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <system_error>
#endif

namespace support {

#if defined(_LIBCPP_VERSION)
inline std::from_chars_result from_chars(const char* first, const char* last, double& value) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
  // strtod also takes spaces, a plus and hexadecimal digits.
  std::string text(first, last);
  text.resize(std::min(text.find_first_not_of("0123456789.eE+-"), text.size()));
  char* end = text.data();
  const double read = text.empty() || text.front() == '+' ? 0 : strtod_l(text.c_str(), &end, c_locale);
  const auto length = end - text.data();
  if (length == 0) return {first, std::errc::invalid_argument};
  const bool has_digits = std::string_view(text.data(), static_cast<std::size_t>(length)).find_first_of("123456789") <
                          text.find_first_of("eE");
  if (std::isinf(read) || (read == 0 && has_digits)) return {first + length, std::errc::result_out_of_range};
  value = read;
  return {first + length, std::errc{}};
}
#else
using std::from_chars;
#endif

}  // namespace support
