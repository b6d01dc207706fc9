// SPDX-License-Identifier: MIT
#include "webhook/address.hpp"

#include <httplib.h>

#include <algorithm>

#include "http/listener.hpp"

namespace wms {
namespace {

constexpr const char* rule = "must hold one address: http(s)://HOST[:PORT]/PATH";

/// What stands in addresses without being escaped; what else there is would be cut off or make another request of it.
bool may_stand(char c) { return c > ' ' && c <= '~' && c != '"' && c != '#' && c != '\\'; }

/// HOST or HOST:PORT; a HOST in brackets may have colons.
bool is_place(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  const std::size_t colon = text.find(':', bracket);
  if (bracket == std::string_view::npos || text.find_first_of("@?") != std::string_view::npos) return false;
  const auto address = Address::parse(std::string(text) + (colon == std::string_view::npos ? ":80" : ""));
  return address && !address->host.empty() && address->port != 0 &&
         (colon == std::string_view::npos || colon == text.rfind(':'));
}

}  // namespace

Tls tls_of_this_build() {
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
  return Tls::present;
#else
  return Tls::absent;
#endif
}

Result<WebhookAddress, WrongAddress> parse_webhook_address(std::string_view text, Tls tls) {
  const bool is_https = text.starts_with("https://");
  if (!is_https && !text.starts_with("http://")) return WrongAddress{rule};
  const std::size_t place = text.find("//") + 2;
  const std::size_t path = text.find('/', place);
  if (path == std::string_view::npos || !std::ranges::all_of(text, may_stand)) return WrongAddress{rule};
  if (!is_place(text.substr(place, path - place))) return WrongAddress{rule};
  if (is_https && tls == Tls::absent) {
    return WrongAddress{"holds an https address, and this program was built with a cpp-httplib without OpenSSL"};
  }
  return WebhookAddress{std::string(text.substr(0, path)), std::string(text.substr(path))};
}

}  // namespace wms
