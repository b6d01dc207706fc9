// SPDX-License-Identifier: MIT
#include "domain/sync.hpp"

#include <functional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace wms {

Result<std::vector<SyncLot>, RuleViolated> in_order_of_inputs(std::vector<SyncLot> batch) {
  std::unordered_map<std::string_view, std::size_t> number;
  for (std::size_t i = 0; i < batch.size(); ++i) number.emplace(batch[i].client_id, i);

  std::vector<std::vector<std::size_t>> goes_into(batch.size());
  std::vector<std::size_t> waits_for(batch.size(), 0);
  for (std::size_t made = 0; made < batch.size(); ++made) {
    for (const SyncInput& input : batch[made].inputs) {
      if (input.named_by != SyncInput::By::client_id) continue;
      const auto used = number.find(input.id);
      if (used == number.end()) continue;
      goes_into[used->second].push_back(made);
      ++waits_for[made];
    }
  }

  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;  // the first one sent on top
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (waits_for[i] == 0) ready.push(i);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const std::size_t made : goes_into[next]) {
      if (--waits_for[made] == 0) ready.push(made);
    }
  }
  for (std::size_t i = 0; i < batch.size() && order.size() < batch.size(); ++i) {
    if (waits_for[i] == 0) continue;
    return RuleViolated{
        BusinessRule::sync_inputs_form_a_circle, "lots[" + std::to_string(batch[i].place) + "].inputs",
        "the inputs of " + batch[i].client_id + " lead back to it, or to lots that went into each other"};
  }
  std::vector<SyncLot> sorted;
  sorted.reserve(batch.size());
  for (const std::size_t i : order) sorted.push_back(std::move(batch[i]));
  return sorted;
}

}  // namespace wms
