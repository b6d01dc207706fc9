// SPDX-License-Identifier: MIT
#include "trace_cache.hpp"

namespace wms {
namespace {

// What lists and maps need for an entry and for each of its lots, beside the texts; from above.
constexpr std::size_t entry_overhead = 256;
constexpr std::size_t lot_overhead = 64;

std::string key_of(const TraceQuery& query) {
  const char* const direction = query.direction == Direction::forward ? "forward" : "backward";
  const std::string depth = query.max_depth ? std::to_string(*query.max_depth) : "";
  return std::string(direction) + ' ' + depth + ' ' + query.lot_id;
}

}  // namespace

std::shared_ptr<const KeptTrace> TraceCache::look_up(const TraceQuery& query) {
  const std::string key = key_of(query);
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->kept;
}

void TraceCache::put(const TraceQuery& query, const Trace& trace, std::string answer) {
  if (limits_.entries == 0) return;
  KeptTrace kept{std::move(answer), {}, trace.changes()};
  Entry entry{key_of(query), nullptr, 0};
  entry.bytes = entry_overhead + entry.key.size() + kept.answer.size();
  kept.lots.reserve(trace.nodes.size());
  for (const Lot& lot : trace.nodes) {
    kept.lots.push_back(lot.id);
    entry.bytes += lot_overhead + lot.id.size();
  }
  entry.kept = std::make_shared<const KeptTrace>(std::move(kept));

  const std::scoped_lock lock(mutex_);
  if (const auto older = by_key_.find(entry.key); older != by_key_.end()) evict(older->second);
  if (entry.bytes > limits_.bytes) return;
  while (entries_.size() >= limits_.entries || bytes_ + entry.bytes > limits_.bytes) evict(std::prev(entries_.end()));
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
  metrics_.put();
}

void TraceCache::evict(std::list<Entry>::iterator entry) {
  by_key_.erase(entry->key);
  bytes_ -= entry->bytes;
  entries_.erase(entry);
  metrics_.evict();
}

}  // namespace wms
