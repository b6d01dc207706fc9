// SPDX-License-Identifier: MIT
#include "http/cors.hpp"

#include <charconv>
#include <system_error>

namespace wms {
namespace {

/// Takes `start` off `text`; whether it was there.
bool take(std::string_view start, std::string_view& text) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
  }
  // Browsers send names in lower case, and others than ASCII as xn--.
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535 && text.front() != '0';
}

}  // namespace

bool Cors::is_origin(std::string_view text) {
  const bool secure = take("https://", text);
  if (!secure && !take("http://", text)) return false;
  const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  if (!is_host(text.substr(0, colon))) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = text.substr(colon + 1);
  return is_port(port) && port != (secure ? "443" : "80");  // browsers leave these out
}

Cors::Headers Cors::of_answer(const std::string& origin) const {
  if (origins_.empty()) return {};
  // Also where nobody asked: a cache must not give the answer for one origin to another.
  Headers headers{{"Vary", "Origin"}};
  if (allows(origin)) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    headers.emplace_back("Access-Control-Expose-Headers", "Location, Retry-After, X-Request-Id");
  }
  return headers;
}

Cors::Headers Cors::of_preflight(const std::string& methods) {
  return {{"Access-Control-Allow-Methods", methods},
          {"Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key"},
          {"Access-Control-Max-Age", "600"}};
}

}  // namespace wms
