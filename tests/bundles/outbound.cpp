// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/outbound.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::Text;
using flowviz::bundles::CallOutcome;
using flowviz::bundles::Outbound;
using flowviz::bundles::OutboundCall;
using flowviz::testing::differences;
using flowviz::testing::FakeClock;
using namespace std::chrono_literals;

namespace {

enum class Target { qc_webhook, scales };

struct Peer {
  std::string_view text;
};

}  // namespace

TEST_CASE("a call is counted and timed once, under how it ended") {
  Registry registry;
  FakeClock clock;
  const Outbound<Target> outbound{registry};
  auto call = outbound.begin(Target::qc_webhook);
  clock.advance(250ms);
  call.finish(CallOutcome::ok);
  clock.advance(1s);
  call.finish(CallOutcome::timeout);  // a second time, without effect

  CHECK(differences(registry, R"(
    outbound_requests_total{target="qc_webhook",outcome="ok"} 1
    outbound_requests_total{target="qc_webhook",outcome="error"} 0
    outbound_requests_total{target="qc_webhook",outcome="timeout"} 0
    outbound_requests_total{target="scales",outcome="ok"} 0
    outbound_requests_total{target="scales",outcome="error"} 0
    outbound_requests_total{target="scales",outcome="timeout"} 0
  )") == "");
  const auto durations = outbound.duration.with(Target::qc_webhook, CallOutcome::ok).value();
  CHECK(durations.count == 1);
  CHECK(durations.sum == 0.25);
  CHECK(outbound.duration.with(Target::qc_webhook, CallOutcome::timeout).value().count == 0);
}

TEST_CASE("each outcome is counted under its own label") {
  Registry registry;
  const Outbound<Target> outbound{registry};
  int calls = 0;
  for (const CallOutcome outcome : {CallOutcome::ok, CallOutcome::error, CallOutcome::timeout}) {
    for (int i = 0; i <= calls; ++i) outbound.begin(Target::scales).finish(outcome);
    ++calls;
  }
  CHECK(outbound.requests.with(Target::scales, CallOutcome::ok).value() == 1);
  CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 2);
  CHECK(outbound.requests.with(Target::scales, CallOutcome::timeout).value() == 3);
  CHECK(outbound.duration.with(Target::scales, CallOutcome::timeout).value().count == 3);
}

TEST_CASE("a call that an exception ends is an error, with its real duration") {
  Registry registry;
  FakeClock clock;
  const Outbound<Target> outbound{registry};
  try {
    const auto call = outbound.begin(Target::qc_webhook);
    clock.advance(3s);
    throw std::runtime_error("no route to host");
  } catch (const std::runtime_error&) {
  }
  CHECK(outbound.requests.with(Target::qc_webhook, CallOutcome::error).value() == 1);
  CHECK(outbound.duration.with(Target::qc_webhook, CallOutcome::error).value().sum == 3);
}

TEST_CASE("a call that is moved ends once") {
  Registry registry;
  const Outbound<Target> outbound{registry};
  static_assert(!std::is_copy_constructible_v<OutboundCall>);
  {
    std::optional<OutboundCall> first = outbound.begin(Target::scales);
    OutboundCall second = std::move(*first);
    first.reset();
    CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 0);
    second.finish(CallOutcome::ok);
  }
  CHECK(outbound.requests.with(Target::scales, CallOutcome::ok).value() == 1);
  CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 0);
}

TEST_CASE("a call that another one takes the place of has ended as an error") {
  Registry registry;
  const Outbound<Target> outbound{registry};
  OutboundCall call = outbound.begin(Target::scales);
  call = outbound.begin(Target::qc_webhook);
  CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 1);
  call.finish(CallOutcome::ok);
  CHECK(outbound.requests.with(Target::qc_webhook, CallOutcome::ok).value() == 1);
  std::optional<OutboundCall> later;
  later = outbound.begin(Target::scales);
  later = std::nullopt;
  CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 2);
}

TEST_CASE("an outcome that is no enumerator leaves the call to end as an error") {
  Registry registry;
  const Outbound<Target> outbound{registry};
  outbound.begin(Target::scales).finish(static_cast<CallOutcome>(7));
  CHECK(outbound.requests.with(Target::scales, CallOutcome::error).value() == 1);
}

TEST_CASE("a target whose name comes at run time is on the page with all outcomes from its first call on") {
  Registry registry;
  const Outbound<Text> outbound{registry, {.targets = {.cap = 3, .pinned = {"erp"}}}};
  CHECK(series_of(registry, "outbound_requests_total") == 3);
  {
    std::string name = "scales";
    auto call = outbound.begin(name);
    name = "another text";  // the call has no need of it any more
    call.finish(CallOutcome::timeout);
  }
  CHECK(differences(registry, R"(
    outbound_requests_total{target="erp",outcome="ok"} 0
    outbound_requests_total{target="erp",outcome="error"} 0
    outbound_requests_total{target="erp",outcome="timeout"} 0
    outbound_requests_total{target="scales",outcome="ok"} 0
    outbound_requests_total{target="scales",outcome="error"} 0
    outbound_requests_total{target="scales",outcome="timeout"} 1
  )") == "");
}

TEST_CASE("targets can be texts of a type of their own") {
  Registry registry;
  const Outbound<Peer> outbound{registry, {.targets = {.cap = 1}}};
  outbound.begin(Peer{"erp"}).finish(CallOutcome::ok);
  CHECK(outbound.requests.with(Peer{"erp"}, CallOutcome::ok).value() == 1);
}

TEST_CASE("there are three series for each target and for all that are beyond the cap") {
  Registry registry;
  const Outbound<Text> outbound{registry, {.targets = {.cap = 2, .pinned = {"erp"}}}};
  for (const char* target : {"a", "b", "c", "d"}) outbound.begin(target).finish(CallOutcome::ok);
  CHECK(series_of(registry, "outbound_requests_total") == (2 + 1) * 3);
  CHECK(series_of(registry, "outbound_request_duration_seconds") == (2 + 1) * 3);
  CHECK(outbound.requests.with(flowviz::other_text, CallOutcome::ok).value() == 3);
}

TEST_CASE("durations have the bounds that dashboards and alerts rely on, or others") {
  Registry registry, other;
  const Outbound<Target> outbound{registry};
  const std::string page = valid_page(registry);
  for (const char* bound :
       {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30"}) {
    CAPTURE(bound);
    CHECK(says(page, std::string("{target=\"scales\",outcome=\"ok\",le=\"") + bound + "\"}"));
  }
  CHECK(outbound.duration.with(Target::scales, CallOutcome::ok).value().buckets.size() == 15);
  const Outbound<Target> coarse{other, {.duration_buckets = flowviz::Buckets{1, 60}}};
  CHECK(coarse.duration.with(Target::scales, CallOutcome::ok).value().buckets.size() == 3);
}

TEST_CASE("two with the same definition count into the same metrics, another one is refused") {
  Registry registry;
  const Outbound<Target> one{registry}, two{registry};
  one.begin(Target::scales).finish(CallOutcome::ok);
  two.begin(Target::scales).finish(CallOutcome::ok);
  CHECK(one.requests.with(Target::scales, CallOutcome::ok).value() == 2);
  CHECK(says(refusal([&] { Outbound<Text>{registry}; }), "outbound_requests_total"));
}
