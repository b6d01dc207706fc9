// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Requests that carry a key, so that they can be sent again by whoever did not hear the answer: what was done once is
/// answered again, and not done again.

#include <chrono>
#include <functional>
#include <string>

namespace wms {

struct KeyedRequest {
  std::string operator_name;
  std::string route;  ///< its template
  std::string key;
  std::string fingerprint;  ///< of what is asked; the same for the same request
};

struct KeptAnswer {
  int status = 200;
  std::string body;      ///< JSON
  std::string location;  ///< empty: none
};

/// How to keep the answer to a request in the transaction that does what it asks for: both are there, or neither.
template <class T>
struct Keep {
  std::string claim = {};  ///< of the key; empty: the request has none
  std::function<KeptAnswer(const T&)> answer = {};
};

/// How long a key is kept.
inline constexpr std::chrono::hours key_lifetime{24};

/// After this time a request that was never answered is no longer under way: none lives so long.
inline constexpr std::chrono::seconds longest_claim{20};

}  // namespace wms
