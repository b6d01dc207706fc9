// SPDX-License-Identifier: MIT
// Limits on what clients may ask for, on routes whose templates are known at run time.

#include <cstdio>
#include <map>
#include <string>

#include <flowviz_metrics/bundles/rate_limit.hpp>
#include <flowviz_metrics/scrape.hpp>

int main() {
  flowviz::Registry registry;
  const std::string lots = "/api/lots";
  const flowviz::bundles::RateLimit<flowviz::Text> limits{registry, {.routes = {.pinned = {lots}}}};

  constexpr int allowed = 5;
  std::map<std::string, int> requests;  // of each client, in this minute
  const auto near = limits.near_limit([&](const flowviz::Gauge<flowviz::Text>& clients) {
    int count = 0;
    for (const auto& client : requests) count += client.second >= 0.8 * allowed;
    clients.with(lots).set(count);
  });

  const auto admits = [&](const std::string& client) {
    if (++requests[client] <= allowed) return true;
    limits.refuse(lots);
    return false;  // 429
  };
  for (int i = 0; i < 7; ++i) admits("a client in a hurry");
  admits("another one");
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
