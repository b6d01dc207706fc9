// SPDX-License-Identifier: MIT
#include "routes/idempotent.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "domain/ids.hpp"

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

/// Then the request has no time left to be spent on the database.
bool is_of_database(const Problem& problem) { return problem.status == 503; }

}  // namespace

Handler idempotent(Storage& storage, KeyReleaser& releaser, std::string route, Handler handler) {
  return [&storage, &releaser, route = std::move(route),
          handler = std::move(handler)](const Call& call) -> Result<Answer, Problem> {
    if (!call.idempotency_key) return handler(call);
    if (!is_key(*call.idempotency_key)) {
      return problems::bad_request("the Idempotency-Key must have 1 to " + std::to_string(longest_key) +
                                   " visible ASCII characters");
    }
    const KeyedRequest request{std::string(call.caller), route, *call.idempotency_key, fingerprint(call.id, call.body)};
    Call claimed = call;
    claimed.claim = new_id();
    const auto claim = storage.claim_key(request, claimed.claim, now(), call.deadline);
    if (!claim) {
      const auto* unknown = std::get_if<OutcomeUnknown>(&claim.error());
      if (unknown == nullptr) return problems::refused(claim.error());
      releaser.release_later(claimed.claim);
      return problems::refused(Unavailable{unknown->reason});  // what was asked for was not begun
    }
    if (claim->answer) return again(*claim->answer);
    auto answer = handler(claimed);
    // If nobody knows whether it was done, the key knows: it is released only if no answer was kept with it. A commit that
    // is still under way has the key's row locked, and is waited for.
    if (!answer && (is_of_database(answer.error()) || !storage.release_key(claimed.claim, call.deadline))) {
      releaser.release_later(claimed.claim);
    }
    return answer;
  };
}

}  // namespace wms::routes
