// SPDX-License-Identifier: MIT
// A cache that says how useful it is.

#include <cstdio>
#include <map>
#include <string>

#include <flowviz_metrics/bundles/cache.hpp>
#include <flowviz_metrics/scrape.hpp>

class Answers {
 public:
  explicit Answers(flowviz::Registry& registry) : metrics_(registry) {}

  std::string trace(const std::string& lot) {
    if (const auto found = kept_.find(lot); found != kept_.end()) {
      metrics_.hit();
      return found->second;
    }
    metrics_.miss();
    if (kept_.size() == 2) {
      kept_.erase(kept_.begin());
      metrics_.evict();
    }
    metrics_.put();
    return kept_[lot] = "made from " + lot;
  }

 private:
  flowviz::bundles::Cache metrics_;
  std::map<std::string, std::string> kept_;
};

int main() {
  flowviz::Registry registry;
  Answers answers{registry};
  for (const char* lot : {"L-1", "L-2", "L-1", "L-3"}) answers.trace(lot);
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
