// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/notifications.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"

using flowviz::Registry;
using flowviz::Text;
using flowviz::bundles::Notifications;
using flowviz::testing::differences;

namespace {
enum class Channel { webhook, log };
}

TEST_CASE("a notification is counted once, by its channel and whether it was sent") {
  Registry registry;
  const Notifications<Channel> notifications{registry};
  {
    auto delivery = notifications.begin(Channel::webhook);
    delivery.finish();
    delivery.fail();  // it has ended
  }
  notifications.begin(Channel::log).fail();
  notifications.begin(Channel::log).fail();
  CHECK(differences(registry, R"(
    notifications_sent_total{channel="webhook",status="ok"} 1
    notifications_sent_total{channel="webhook",status="failed"} 0
    notifications_sent_total{channel="log",status="ok"} 0
    notifications_sent_total{channel="log",status="failed"} 2
  )") == "");
}

TEST_CASE("a notification that an exception ends has failed, and one that is moved ends once") {
  Registry registry;
  const Notifications<Channel> notifications{registry};
  try {
    auto delivery = notifications.begin(Channel::webhook);
    const auto moved = std::move(delivery);
    throw std::runtime_error("no answer");
  } catch (const std::runtime_error&) {
  }
  CHECK(notifications.sent.with(Channel::webhook, flowviz::bundles::DeliveryStatus::failed).value() == 1);
}

TEST_CASE("channels can be names that are known at run time, two series for each and for all beyond the cap") {
  Registry registry;
  const Notifications<Text> notifications{registry, {.channels = {.cap = 2, .pinned = {"webhook"}}}};
  for (const std::string channel : {"webhook", "mail", "pager", "chat"}) notifications.begin(channel).finish();
  CHECK(differences(registry, R"(
    notifications_sent_total{channel="webhook",status="ok"} 1
    notifications_sent_total{channel="webhook",status="failed"} 0
    notifications_sent_total{channel="mail",status="ok"} 1
    notifications_sent_total{channel="mail",status="failed"} 0
    notifications_sent_total{channel="_other",status="ok"} 2
    notifications_sent_total{channel="_other",status="failed"} 0
  )") == "");
  CHECK(series_of(registry, "notifications_sent_total") == (2 + 1) * 2);
}
