// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Answers to traceability queries, kept for who asks again. An answer is true until one of its lots is decided on or goes
/// into another lot. Each lot knows how often that happened, and the number is written in the transaction that does it; so
/// whoever wants to use an answer that is kept asks the database for these numbers first, in one short query, and needs not
/// know who else writes there: other instances, the background worker, a hand at the database's console.

#include <cstddef>
#include <cstdint>
#include <flowviz_metrics/bundles/cache.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/trace.hpp"

namespace wms {

/// An answer, and by what it is seen whether it is true still.
struct KeptTrace {
  std::string answer;
  std::vector<std::string> lots;
  std::int64_t changes = 0;  ///< of all of these lots together, when they were read
};

/// The least recently asked for goes first. Thread-safe.
class TraceCache {
 public:
  struct Limits {
    std::size_t entries = 1000;  ///< 0: the cache is off, and counts nothing
    std::size_t bytes = 32 * 1024 * 1024;
  };

  TraceCache(Limits limits, flowviz::bundles::Cache metrics) : limits_(limits), metrics_(std::move(metrics)) {}
  TraceCache(const TraceCache&) = delete;
  TraceCache& operator=(const TraceCache&) = delete;

  /// What is kept for a query, if `is_true` says of it that it still is; else null. Counts which of both.
  template <class IsTrue>
  std::shared_ptr<const KeptTrace> find(const TraceQuery& query, IsTrue is_true) {
    if (limits_.entries == 0) return nullptr;
    auto kept = look_up(query);
    if (kept && is_true(*kept)) {
      metrics_.hit();
      return kept;
    }
    metrics_.miss();
    return nullptr;
  }

  /// Keeps the answer to a query, in the place of an older one.
  void put(const TraceQuery& query, const Trace& trace, std::string answer);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const KeptTrace> kept;
    std::size_t bytes;
  };

  std::shared_ptr<const KeptTrace> look_up(const TraceQuery& query);
  void evict(std::list<Entry>::iterator entry);

  const Limits limits_;
  const flowviz::bundles::Cache metrics_;

  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;                                                 ///< the latest asked for first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  ///< its keys are texts of the entries
};

}  // namespace wms
