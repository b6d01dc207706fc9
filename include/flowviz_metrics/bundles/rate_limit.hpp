// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of limits on what clients may ask for: refusals, clients that come near, and the store that holds the
/// counts when a limit has to hold across instances.

#include <type_traits>
#include <utility>

#include <flowviz_metrics/bundles/duration_buckets.hpp>
#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/bundles/once.hpp>
#include <flowviz_metrics/callback.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

template <OwnLabel Route>
struct RateLimitOptions {
  LabelValues<Route> routes{};
};

/// `rate_limit_violations_total{route}` and, if a limiter can say it, `rate_limit_near_limit{route}`.
///
/// `Route` is what a limit is on: an enum, or a text such as a route's template; never a path, a client or an address. One
/// series in each metric for every route, in the first also for `_other`. Thread-safe; a refusal costs an increment, some
/// 1 ns, with a text about 6.
///
///     flowviz::bundles::RateLimit<Route> limits{registry};
///     if (!limiter.admits(client, Route::create_lot)) {
///       limits.refuse(Route::create_lot);   // and answer 429
template <OwnLabel Route>
struct RateLimit {
  Counter<Route> violations;

  /// Throws `Error` if the registry has the metric with other values.
  explicit RateLimit(Registry& registry, RateLimitOptions<Route> options = {})
      : violations{registry, "rate_limit_violations_total", "Requests refused because a limit was reached.",
                   own_label<Route>("route", options.routes)},
        registry_(&registry),
        routes_(std::move(options.routes)) {}

  /// A request was one too many.
  void refuse(typename LabelTraits<Route>::Argument route) const noexcept { violations.with(route).inc(); }

  /// Adds the gauge of clients that have used up most of what they may ask for; from what share on is the limiter's to say,
  /// and 0.8 is usual. It is asked when a page is made, for time alone takes clients away from their limit.
  ///
  /// `read` sets the gauge's series, as a GaugeCallback's function does; the gauge lives as long as what is returned. Routes
  /// that are texts have to be pinned. Throws `Error` if they are not, or if there is such a gauge already.
  ///
  ///     const auto near = limits.near_limit([&](const flowviz::Gauge<Route>& clients) {
  ///       clients.with(Route::create_lot).set(limiter.near(Route::create_lot));
  ///     });
  template <class Read>
    requires std::is_invocable_v<Read&, const Gauge<Route>&>
  [[nodiscard]] GaugeCallback near_limit(Read read) const {
    return GaugeCallback(*registry_, "rate_limit_near_limit", "Clients that are near their limit.", std::move(read),
                         own_gauge_label<Route>("route", routes_));
  }

 private:
  Registry* registry_;
  LabelValues<Route> routes_;
};

struct RateLimitStoreOptions {
  Buckets duration_buckets = bundles::duration_buckets();
};

/// `rate_limit_store_errors_total` and `rate_limit_store_duration_seconds`, for limits whose counts are kept in a database:
/// two series. Thread-safe; two readings of the clock and some 10 ns a call.
///
///     flowviz::bundles::RateLimitStore store{registry};
///     auto call = store.begin();
///     const bool admitted = count_in_database();   // may throw
///     call.finish();
struct RateLimitStore {
  class Call;

  Counter<> errors;
  Histogram<> duration;

  /// Throws `Error` if the registry has the metrics with other bounds.
  explicit RateLimitStore(Registry& registry, const RateLimitStoreOptions& options = {})
      : errors{registry, "rate_limit_store_errors_total", "Calls of the store of rate limits that failed."},
        duration{registry, "rate_limit_store_duration_seconds", "Time that a call of the store of rate limits took.",
                 options.duration_buckets} {}

  /// Starts the clock of a call.
  [[nodiscard]] Call begin() const noexcept;
};

/// A call of the store. Ends once: by `finish`, by `fail`, or, when it is destroyed before, as failed. Moves; not
/// thread-safe.
class [[nodiscard]] RateLimitStore::Call {
 public:
  Call(Call&&) noexcept = default;
  Call& operator=(Call&& other) noexcept {
    if (this != &other) {
      fail();
      errors_ = other.errors_;
      duration_ = other.duration_;
      watch_ = other.watch_;
      once_ = std::move(other.once_);
    }
    return *this;
  }
  ~Call() { fail(); }

  void finish() noexcept {
    if (once_.take()) duration_.observe(watch_.elapsed());
  }
  void fail() noexcept {
    if (!once_.take()) return;
    errors_.inc();
    duration_.observe(watch_.elapsed());
  }

 private:
  friend RateLimitStore;
  explicit Call(const RateLimitStore& store) noexcept : errors_(store.errors), duration_(store.duration) {}

  Counter<> errors_;
  Histogram<> duration_;
  TimerWatch watch_;
  Once once_;
};

inline RateLimitStore::Call RateLimitStore::begin() const noexcept { return Call(*this); }

}  // namespace bundles
FLOWVIZ_METRICS_END
