// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of a cache: what was looked for and found, put in and thrown out.

#include <cstdint>

#include <flowviz_metrics/counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

enum class CacheOperation : std::uint8_t { get, put, evict };

/// `hit` and `miss` of a get, `ok` of the others.
enum class CacheResult : std::uint8_t { hit, miss, ok };

/// `cache_operations_total{operation,result}`: get with hit or miss, put and evict with ok. Nine series, of which these
/// four can rise. Thread-safe; an increment each, about 1 ns.
///
///     flowviz::bundles::Cache cache{registry};
///     if (const auto answer = answers.find(key)) {
///       cache.hit();
struct Cache {
  Counter<CacheOperation, CacheResult> operations;

  explicit Cache(Registry& registry)
      : operations{registry, "cache_operations_total", "Operations on the cache.", Label<CacheOperation>{"operation"},
                   Label<CacheResult>{"result"}} {}

  /// What was looked for was there, and was not.
  void hit() const noexcept { operations.with(CacheOperation::get, CacheResult::hit).inc(); }
  void miss() const noexcept { operations.with(CacheOperation::get, CacheResult::miss).inc(); }

  void put() const noexcept { operations.with(CacheOperation::put, CacheResult::ok).inc(); }

  /// `n` entries were thrown out: too old, too many, no longer true.
  void evict(Count n = 1) const noexcept { operations.with(CacheOperation::evict, CacheResult::ok).inc(n); }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
