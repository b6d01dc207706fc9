// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Messages that a service sends to people: by which channel, and whether they got out.

#include <cstdint>

#include <flowviz_metrics/bundles/counted_end.hpp>
#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

enum class DeliveryStatus : std::uint8_t { ok, failed };

template <OwnLabel Channel>
struct NotificationsOptions {
  LabelValues<Channel> channels{};
};

/// A notification that is being sent; it has ended well when the channel has taken it.
using Delivery = CountedEnd<DeliveryStatus>;

/// `notifications_sent_total{channel,status}`.
///
/// `Channel` is how people are told, not who is: an enum, or a text with a cap. `status` is ok or failed. Two series for
/// every channel and for `_other`. Thread-safe; some 2 ns, with a text 12.
///
///     enum class Channel { webhook, log };
///     flowviz::bundles::Notifications<Channel> notifications{registry};
///     auto delivery = notifications.begin(Channel::webhook);
///     post(message);   // may throw
///     delivery.finish();
template <OwnLabel Channel>
struct Notifications {
  Counter<Channel, DeliveryStatus> sent;

  /// Throws `Error` if the registry has the metric with other values.
  explicit Notifications(Registry& registry, const NotificationsOptions<Channel>& options = {})
      : sent{registry, "notifications_sent_total", "Notifications, by whether they could be sent.",
             own_label<Channel>("channel", options.channels), Label<DeliveryStatus>{"status"}} {}

  /// A notification that has to be told how it ended.
  Delivery begin(typename LabelTraits<Channel>::Argument channel) const noexcept {
    return Delivery(sent.with(channel, DeliveryStatus::ok), sent.with(channel, DeliveryStatus::failed));
  }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
