// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Which web pages may use the API (CORS): a browser asks before it lets a page of another origin send a token or read an
/// answer. Programs that are no browsers do not care, so this protects nobody who has a token and gives it away.
///
/// Credentials in the sense of CORS (cookies, which browsers add by themselves) are not used, so they are never allowed,
/// and tokens are sent by the page, in a header that it has to name.

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wms {

class Cors {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// No page at all; answers say nothing about it.
  Cors() = default;
  /// Pages of these origins.
  explicit Cors(std::set<std::string> origins) : origins_(std::move(origins)) {}

  /// Whether `text` is an origin as browsers send it, such as https://wms.example or http://localhost:3000. Neither `*`
  /// nor `null` is: anybody can be these.
  static bool is_origin(std::string_view text);

  /// Whether a page of this origin may; it is compared byte for byte.
  bool allows(const std::string& origin) const { return origins_.contains(origin); }

  /// For every answer to a request with this Origin, which may be empty.
  Headers of_answer(const std::string& origin) const;
  /// For the answer to a browser's question, beside those: the path takes `methods`.
  static Headers of_preflight(const std::string& methods);

 private:
  std::set<std::string> origins_;
};

}  // namespace wms
