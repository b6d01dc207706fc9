// SPDX-License-Identifier: MIT
#include "routes/metrics_page.hpp"

#include <flowviz_metrics/adapters/httplib_page.hpp>
#include <flowviz_metrics/page_request.hpp>
#include <flowviz_metrics/scrape.hpp>
#include <memory>
#include <string>
#include <utility>

#include "http/auth.hpp"

namespace wms::routes {
namespace {

// Two servers, an agent and a human. Of more than that, readers give up before their pages are made.
constexpr unsigned pages_at_once = 4;

}  // namespace

Handler metrics_page(const flowviz::Registry& registry, std::optional<std::string> token) {
  return [&registry, token = std::move(token),
          turns = std::make_shared<flowviz::PageTurns>(pages_at_once)](const Call& call) -> Result<Answer, Problem> {
    if (token) {
      const auto given = bearer_token(call.authorization);
      if (!given) return problems::token_missing();
      if (!same_secret(*given, *token)) return problems::token_unknown();
    }
    flowviz::PageRequest asked;
    asked.header("Accept", call.accept);
    asked.header("Accept-Encoding", call.accept_encoding);
    asked.header("X-Prometheus-Scrape-Timeout-Seconds", call.scrape_timeout);
    for (const auto& [name, value] : call.query) asked.parameter(name, value);
    if (!asked.refusal().empty()) return problems::bad_request(asked.refusal());
    const auto turn = turns->take();
    if (!turn) return problems::too_many_pages();
    flowviz::Scrape page = flowviz::scrape(registry, asked.options());
    Answer answer{200, std::move(page.body), page.content_type};
    if (asked.wants_gzip() && flowviz::httplib::gzip(answer.body))
      answer.headers.emplace_back("Content-Encoding", "gzip");
    return answer;
  };
}

}  // namespace wms::routes
