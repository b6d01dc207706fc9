// SPDX-License-Identifier: MIT
// Input that is refused, by the name of the field that was wrong.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include <flowviz_metrics/bundles/validation.hpp>
#include <flowviz_metrics/scrape.hpp>

enum class LotField { lot_code, quantity_kg };
constexpr std::string_view entity_text(LotField) { return "lot"; }

using Metrics = flowviz::bundles::Validation<LotField>;

bool is_valid(const Metrics& validation, const std::map<std::string, double>& lot) {
  bool valid = true;
  for (const auto& [name, value] : lot) {
    if (flowviz::label_value<LotField>(name) && value > 0) continue;
    validation.failed<LotField>(name);  // a name that a client made up is counted as _other
    valid = false;
  }
  return valid;
}

int main() {
  flowviz::Registry registry;
  const Metrics validation{registry};
  is_valid(validation, {{"lot_code", 17}, {"quantity_kg", -5}});
  is_valid(validation, {{"drop table", 1}});
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
