// SPDX-License-Identifier: MIT
#include "storage/trace_builder.hpp"

#include <cstddef>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace wms {

Trace build_trace(const TraceQuery& query, std::vector<Lot> reached) {
  struct Step {
    std::size_t to;  // the lot further away
    TraceEdge edge;
  };
  std::unordered_map<std::string_view, std::size_t> number;
  for (std::size_t i = 0; i < reached.size(); ++i) number.emplace(reached[i].id, i);

  std::vector<std::vector<Step>> steps(reached.size());
  for (std::size_t made = 0; made < reached.size(); ++made) {
    for (const LotInput& input : reached[made].inputs) {
      const auto used = number.find(input.lot_id);
      if (used == number.end()) continue;
      const auto [near, far] =
          query.direction == Direction::forward ? std::pair(used->second, made) : std::pair(made, used->second);
      steps[near].push_back({far, {input.lot_id, reached[made].id, input.quantity}});
    }
  }

  // Breadth first: whoever is met first is met by a shortest way.
  constexpr int unseen = -1;
  const int max_depth = query.max_depth.value_or(std::numeric_limits<int>::max());
  std::vector<int> depth(reached.size(), unseen);
  std::vector<std::size_t> order;
  if (const auto start = number.find(query.lot_id); start != number.end()) {
    depth[start->second] = 0;
    order.push_back(start->second);
  }
  Trace trace;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t near = order[i];
    trace.depth = depth[near];
    if (depth[near] == max_depth) continue;
    for (Step& step : steps[near]) {
      if (depth[step.to] == unseen) {
        depth[step.to] = depth[near] + 1;
        order.push_back(step.to);
      }
      trace.edges.push_back(std::move(step.edge));
    }
  }
  for (const std::size_t i : order) trace.nodes.push_back(std::move(reached[i]));
  return trace;
}

}  // namespace wms
