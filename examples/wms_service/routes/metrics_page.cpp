// SPDX-License-Identifier: MIT
#include "routes/metrics_page.hpp"

#include <flowviz_metrics/scrape.hpp>
#include <utility>

#include "http/auth.hpp"

namespace wms::routes {

Handler metrics_page(const flowviz::Registry& registry, std::optional<std::string> token) {
  return [&registry, token = std::move(token)](const Call& call) -> Result<Answer, Problem> {
    if (token) {
      const auto given = bearer_token(call.authorization);
      if (!given) return problems::token_missing();
      if (!same_secret(*given, *token)) return problems::token_unknown();
    }
    flowviz::Scrape page = flowviz::scrape(registry, call.accept);
    return Answer{200, std::move(page.body), page.content_type};
  };
}

}  // namespace wms::routes
