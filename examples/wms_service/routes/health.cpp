// SPDX-License-Identifier: MIT
#include "routes/health.hpp"

namespace wms::routes {
namespace {

constexpr const char* ok = R"({"status":"ok"})";

}  // namespace

Handler health() {
  return [](const Call&) -> Result<Answer, Problem> { return Answer{200, ok}; };
}

Handler database_health(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto answered = storage.ping(call.deadline);
    if (!answered) return problems::refused(answered.error());
    return Answer{200, ok};
  };
}

}  // namespace wms::routes
