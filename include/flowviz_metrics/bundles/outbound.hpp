// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of requests that a service sends to others: how many, how they ended, how long they took.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <flowviz_metrics/bundles/duration_buckets.hpp>
#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/bundles/once.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// How a request to somebody else ended: answered as hoped for, refused or broken, or not in time.
enum class CallOutcome : std::uint8_t { ok, error, timeout };

template <OwnLabel Target>
struct OutboundOptions {
  LabelValues<Target> targets{};
  Buckets duration_buckets = bundles::duration_buckets();
};

/// A request on its way. Ends once: by `finish`, or, when it is destroyed before, as by an exception, with the outcome
/// `error`. Moves; not thread-safe, but may end on another thread.
class [[nodiscard]] OutboundCall {
 public:
  OutboundCall(OutboundCall&&) noexcept = default;
  OutboundCall& operator=(OutboundCall&& other) noexcept {
    if (this != &other) {
      finish(CallOutcome::error);
      requests_ = other.requests_;
      duration_ = other.duration_;
      watch_ = other.watch_;
      once_ = std::move(other.once_);
    }
    return *this;
  }
  ~OutboundCall() { finish(CallOutcome::error); }

  /// Counts the request and observes its duration. Has no effect a second time.
  void finish(CallOutcome outcome) noexcept {
    const std::uint32_t number = enums::number(outcome);
    if (number == 0) return;  // still to be told how it ended
    if (!once_.take()) return;
    requests_[number - 1].inc();
    duration_[number - 1].observe(watch_.elapsed());
  }

 private:
  template <OwnLabel Target>
  friend struct Outbound;
  OutboundCall() noexcept = default;

  std::array<CounterSeries, enums::count<CallOutcome>> requests_;
  std::array<HistogramSeries, enums::count<CallOutcome>> duration_;
  TimerWatch watch_;
  Once once_;
};

/// `outbound_requests_total{target,outcome}` and `outbound_request_duration_seconds{target,outcome}`, in seconds.
///
/// `Target` is whom the service talks to, by name and never by address: an enum, or a text with a cap. `outcome` is `ok`,
/// `error` or `timeout`. At most three series in each metric for every target and for `_other`; a target of texts is on the
/// page from its first call on, with all outcomes.
///
/// Thread-safe. A call costs two readings of the clock and some 40 ns, with a target of texts 90, and no allocation but for
/// a target's first.
///
///     enum class Target { qc_webhook };
///     flowviz::bundles::Outbound<Target> outbound{registry};
///     auto call = outbound.begin(Target::qc_webhook);
///     const Answer answer = post(url, body);   // may throw
///     call.finish(answer.in_time ? CallOutcome::ok : CallOutcome::timeout);
template <OwnLabel Target>
struct Outbound {
  Counter<Target, CallOutcome> requests;
  Histogram<Target, CallOutcome> duration;

  /// Throws `Error` if the registry has the metrics with other values or bounds.
  explicit Outbound(Registry& registry, const OutboundOptions<Target>& options = {})
      : requests{registry, "outbound_requests_total", "Requests to other services, by how they ended.",
                 own_label<Target>("target", options.targets), Label<CallOutcome>{"outcome"}},
        duration{registry,
                 "outbound_request_duration_seconds",
                 "Time from sending a request to another service to its end.",
                 options.duration_buckets,
                 own_label<Target>("target", options.targets),
                 Label<CallOutcome>{"outcome"}} {}

  /// Starts the clock of a request, which has to be told how it ended. All look-ups are done here, so a text need not
  /// outlive this call.
  OutboundCall begin(typename LabelTraits<Target>::Argument target) const noexcept {
    OutboundCall call;
    std::size_t i = 0;
    for (const auto& outcome : enums::all<CallOutcome>) {
      call.requests_[i] = requests.with(target, outcome.value);
      call.duration_[i++] = duration.with(target, outcome.value);
    }
    return call;
  }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
