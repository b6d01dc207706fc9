// SPDX-License-Identifier: MIT
#include "routes/idempotent.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace wms::routes {
namespace {

constexpr std::size_t longest_key = 255;

bool is_key(std::string_view text) {
  if (text.empty() || text.size() > longest_key) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

/// FNV-1a, and the length. Keys are an operator's own: who makes two requests that look the same harms nobody else.
std::string fingerprint(std::string_view path, std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {path, std::string_view("\n"), body}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return std::to_string(body.size()) + "-" + std::to_string(hash);
}

Answer again(const KeptAnswer& kept) {
  Answer answer{kept.status, kept.body};
  if (!kept.location.empty()) answer.headers.emplace_back("Location", kept.location);
  return answer;
}

}  // namespace

Handler idempotent(Storage& storage, std::string route, Handler handler) {
  return [&storage, route = std::move(route),
          handler = std::move(handler)](const Call& call) -> Result<Answer, Problem> {
    if (!call.idempotency_key) return handler(call);
    if (!is_key(*call.idempotency_key)) {
      return problems::bad_request("the Idempotency-Key must have 1 to " + std::to_string(longest_key) +
                                   " visible ASCII characters");
    }
    const KeyedRequest request{std::string(call.caller), route, *call.idempotency_key, fingerprint(call.id, call.body)};
    const auto claim = storage.claim_key(request, now(), call.deadline);
    if (!claim) return problems::refused(claim.error());
    if (claim->answer) return again(*claim->answer);
    Call claimed = call;
    claimed.claim = claim->id;
    auto answer = handler(claimed);
    // If nobody knows whether it was done, the key knows: it is released only if no answer was kept with it.
    if (!answer) (void)storage.release_key(claim->id, call.deadline);
    return answer;
  };
}

}  // namespace wms::routes
