// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Answers to traceability queries, kept for who asks again. An answer is true until one of its lots is decided on or goes
/// into another lot: whoever changes a lot has it forgotten here, so that who was told of the change never sees an
/// answer from before it.
///
/// What other processes write to the database is not seen here. So the cache is off unless a setting turns it on, where one
/// instance of the service has the database for itself.

#include <cstddef>
#include <cstdint>
#include <flowviz_metrics/bundles/cache.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "domain/trace.hpp"

namespace wms {

/// The least recently asked for goes first. Thread-safe.
class TraceCache {
 public:
  struct Limits {
    std::size_t entries = 0;  ///< 0: the cache is off, and counts nothing
    std::size_t bytes = 32 * 1024 * 1024;
  };

  TraceCache(Limits limits, flowviz::bundles::Cache metrics) : limits_(limits), metrics_(std::move(metrics)) {}
  TraceCache(const TraceCache&) = delete;
  TraceCache& operator=(const TraceCache&) = delete;

  struct Lookup {
    std::shared_ptr<const std::string> answer;  ///< null: it is not here
    std::uint64_t changes;                      ///< for `put`: how many there had been before the database was asked
  };
  Lookup find(const TraceQuery& query);

  /// Keeps the answer to a query that was not found, unless a lot was changed since: nobody knows then whether the database
  /// was asked before that or after.
  void put(const TraceQuery& query, const Lookup& lookup, const Trace& trace, std::string answer);

  /// A lot was changed, or somebody tried to: no answer that has it is true any more.
  void forget(std::string_view lot_id);

  /// Some lot may have been changed, and nobody knows which.
  void clear();

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const std::string> answer;
    std::vector<std::string> lots;
    std::size_t bytes;
  };

  bool is_off() const { return limits_.entries == 0; }
  void erase(std::list<Entry>::iterator entry);

  const Limits limits_;
  const flowviz::bundles::Cache metrics_;

  std::mutex mutex_;
  std::uint64_t changes_ = 0;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  ///< the latest asked for first
  // Both refer to the texts of the entries.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
  std::set<std::pair<std::string_view, const Entry*>> by_lot_;
};

}  // namespace wms
