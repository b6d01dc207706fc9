// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where messages go: an address that is a secret, for whoever knows it can write there.

#include <string>
#include <string_view>

#include "domain/result.hpp"

namespace wms {

struct WebhookAddress {
  std::string origin;  ///< scheme, host and port
  std::string target;  ///< path and query
};

/// Whether the HTTP client of this build speaks TLS.
enum class Tls { present, absent };
Tls tls_of_this_build();

struct WrongAddress {
  std::string reason;  ///< does not repeat the address
};

/// Of http(s)://HOST[:PORT]/PATH.
Result<WebhookAddress, WrongAddress> parse_webhook_address(std::string_view text, Tls tls);

}  // namespace wms
