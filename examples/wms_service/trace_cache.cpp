// SPDX-License-Identifier: MIT
#include "trace_cache.hpp"

namespace wms {
namespace {

// What lists, maps and sets need for an entry and for each of its lots, beside the texts; from above.
constexpr std::size_t entry_overhead = 256;
constexpr std::size_t lot_overhead = 128;

std::string key_of(const TraceQuery& query) {
  const char* const direction = query.direction == Direction::forward ? "forward" : "backward";
  const std::string depth = query.max_depth ? std::to_string(*query.max_depth) : "";
  return std::string(direction) + ' ' + depth + ' ' + query.lot_id;
}

}  // namespace

TraceCache::Lookup TraceCache::find(const TraceQuery& query) {
  if (is_off()) return {};
  const std::string key = key_of(query);
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    metrics_.miss();
    return {nullptr, changes_};
  }
  metrics_.hit();
  entries_.splice(entries_.begin(), entries_, found->second);
  return {found->second->answer, changes_};
}

void TraceCache::put(const TraceQuery& query, const Lookup& lookup, const Trace& trace, std::string answer) {
  if (is_off()) return;
  Entry entry{key_of(query), nullptr, {}, 0};
  entry.bytes = entry_overhead + entry.key.size() + answer.size();
  for (const Lot& lot : trace.nodes) {
    entry.lots.push_back(lot.id);
    entry.bytes += lot_overhead + lot.id.size();
  }
  entry.answer = std::make_shared<const std::string>(std::move(answer));
  if (entry.bytes > limits_.bytes) return;

  const std::scoped_lock lock(mutex_);
  if (changes_ != lookup.changes || by_key_.contains(entry.key)) return;  // or somebody else was faster
  while (entries_.size() >= limits_.entries || bytes_ + entry.bytes > limits_.bytes) {
    erase(std::prev(entries_.end()));
    metrics_.evict();
  }
  const Entry& kept = entries_.emplace_front(std::move(entry));
  by_key_.emplace(kept.key, entries_.begin());
  for (const std::string& lot : kept.lots) by_lot_.emplace(lot, &kept);
  bytes_ += kept.bytes;
  metrics_.put();
}

void TraceCache::forget(std::string_view lot_id) {
  if (is_off()) return;
  const std::scoped_lock lock(mutex_);
  ++changes_;
  for (;;) {
    const auto found = by_lot_.lower_bound({lot_id, nullptr});
    if (found == by_lot_.end() || found->first != lot_id) return;
    erase(by_key_.at(found->second->key));
    metrics_.evict();
  }
}

void TraceCache::clear() {
  if (is_off()) return;
  const std::scoped_lock lock(mutex_);
  ++changes_;
  while (!entries_.empty()) {
    erase(entries_.begin());
    metrics_.evict();
  }
}

void TraceCache::erase(std::list<Entry>::iterator entry) {
  for (const std::string& lot : entry->lots) by_lot_.erase({lot, &*entry});
  by_key_.erase(entry->key);
  bytes_ -= entry->bytes;
  entries_.erase(entry);
}

}  // namespace wms
