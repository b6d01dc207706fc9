// SPDX-License-Identifier: MIT
#include <flowviz_metrics/callback.hpp>

#include <pthread.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <flowviz_metrics/scrape.hpp>

#include "asked_pages.hpp"
#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::CounterCallback;
using flowviz::Gauge;
using flowviz::GaugeCallback;
using flowviz::Label;
using flowviz::Registry;
using sample::LotType;
using namespace std::chrono_literals;

namespace {

// A callback that waits until it is let go.
struct Gate {
  std::atomic<int> inside{0};
  std::atomic<bool> open{false};
  double operator()() {
    ++inside;
    while (!open) std::this_thread::yield();
    --inside;
    return 1;
  }
};

}  // namespace

TEST_CASE("a callback is asked at each scrape, for a number or a duration") {
  Registry registry;
  int size = 3;
  const GaugeCallback gauge{registry, "pool_connections", "Connections.", [&] { return size; }};
  const CounterCallback counter{registry, "pool_opened_total", "Connections opened.", [&] { return 10 * size; }};
  const GaugeCallback age{registry, "pool_age_seconds", "Age.", [] { return 1500ms; }};
  CHECK(samples_of(registry, "pool_connections") == "pool_connections 3\n");
  size = 4;
  CHECK(samples_of(registry, "pool_connections") == "pool_connections 4\n");
  CHECK(family_on(valid_page(registry), "pool_opened_total") ==
        "# HELP pool_opened_total Connections opened.\n# TYPE pool_opened_total counter\npool_opened_total 40\n");
  CHECK(samples_of(registry, "pool_age_seconds") == "pool_age_seconds 1.5\n");
}

TEST_CASE("a callback with labels sets the series of its gauge") {
  Registry registry;
  const GaugeCallback lots{registry, "lots", "Lots.",
                           [](const Gauge<LotType>& gauge) {
                             gauge.with(LotType::raw).set(2);
                             gauge.with(LotType::finished).set(5);
                           },
                           Label<LotType>{"lot_type"}};
  CHECK(samples_of(registry, "lots") ==
        "lots{lot_type=\"raw\"} 2\nlots{lot_type=\"intermediate\"} 0\nlots{lot_type=\"finished\"} 5\n");
}

TEST_CASE("a metric without an owner of its callback is not on the page, and can have a new one") {
  Registry registry;
  std::optional<GaugeCallback> first = GaugeCallback(registry, "level", "Level.", [] { return 1; });
  CHECK(says(refusal([&] { const GaugeCallback another(registry, "level", "Level.", [] { return 2; }); }),
             "'level': this metric has a callback already"));
  GaugeCallback moved = std::move(*first);
  first.reset();
  CHECK(samples_of(registry, "level") == "level 1\n");
  moved = GaugeCallback(registry, "other", "Other.", [] { return 3; });
  CHECK(samples_of(registry, "level") == "");
  CHECK(samples_of(registry, "other") == "other 3\n");
  const GaugeCallback second{registry, "level", "Level.", [] { return 2; }};
  CHECK(samples_of(registry, "level") == "level 2\n");
  CHECK(says(refusal([&] { Gauge<>{registry, "level", "Level."}; }), "is registered already, with another type"));
}

TEST_CASE("a callback that is assigned over is not called any more, though what it was assigned from lives on") {
  Registry registry;
  int old_calls = 0;
  GaugeCallback current{registry, "old_size", "O.", [&] { return ++old_calls; }};
  GaugeCallback next{registry, "new_size", "N.", [] { return 2; }};
  current = std::move(next);
  const std::string page = valid_page(registry);
  CHECK(old_calls == 0);
  CHECK(family_on(page, "old_size") == "");
  CHECK(says(page, "\nnew_size 2\n"));
  GaugeCallback& same = current;
  current = std::move(same);
  CHECK(samples_of(registry, "new_size") == "new_size 2\n");
}

TEST_CASE("a callback's options stand before its function, in every spelling that other metrics have") {
  Registry registry;
  const auto set = [](const Gauge<LotType, flowviz::Text>& gauge) { gauge.with(LotType::raw, "north").set(1); };
  const Label<LotType> type{"lot_type"};
  const auto site = flowviz::OpenLabel{"site", 20'000}.others(flowviz::OtherGauge::last_set);
  CHECK(says(refusal([&] { const GaugeCallback lots{registry, "lots", "L.", set, type, site}; }),
             "more than 10000 combinations"));
  const GaugeCallback lots{registry, "lots", "L.", flowviz::MaxSeries{100'000}, set, type, site};
  CHECK(samples_of(registry, "lots") == "lots{lot_type=\"raw\",site=\"north\"} 1\n");
  const CounterCallback moved{registry, "moved_total", "M.", flowviz::MaxSeries{100'000}, set, type, site};
  CHECK(samples_of(registry, "moved_total") == "moved_total{lot_type=\"raw\",site=\"north\"} 1\n");
  const flowviz::ConstantLabel line[] = {{"line", "bottling"}};
  const GaugeCallback level{registry, "level", "L.", flowviz::MetricOptions{line}, [] { return 2; }};
  CHECK(samples_of(registry, "level") == "level{line=\"bottling\"} 2\n");
  const GaugeCallback depth{"callback_depth", "D.", flowviz::MetricOptions{line}, [] { return 3; }};
  CHECK(samples_of(flowviz::default_registry(), "callback_depth") == "callback_depth{line=\"bottling\"} 3\n");
}

#if defined(__cpp_exceptions)
TEST_CASE("a callback that throws is left out and counted, and costs the others nothing") {
  for (const auto budget : {0s, 600s}) {
    CAPTURE(budget.count());
    Registry registry;
    const GaugeCallback before{registry, "before", "B.", [] { return 1; }};
    bool throws = true;
    const GaugeCallback bad{registry, "bad", "B.", [&]() -> double {
                              if (throws) throw std::runtime_error("no");
                              return 2;
                            }};
    const GaugeCallback after{registry, "after", "A.", [] { return 3; }};
    const double threw = left_out("threw");
    std::string page = page_within(registry, budget);
    CHECK(family_on(page, "bad") == "");
    CHECK(says(page, "\nbefore 1\n"));
    CHECK(says(page, "\nafter 3\n"));
    CHECK(left_out("threw") - threw == 1);
    throws = false;
    CHECK(says(page_within(registry, budget), "\nbad 2\n"));
  }
}
#endif

TEST_CASE("a callback that is late is left out and counted, and costs the others nothing") {
  Registry registry;
  Gate slow, slower;
  const GaugeCallback first{registry, "first", "F.", [&] { return slow(); }};
  const GaugeCallback second{registry, "second", "S.", [&] { return slower(); }};
  const GaugeCallback third{registry, "third", "T.", [] { return 3; }};
  const double late = left_out("late");
  // While they hang, pages come without them, and each hangs in one thread only.
  for (int n = 1; n <= 3; ++n) {
    const std::string page = page_within(registry, 3s);
    CHECK(family_on(page, "first") == "");
    CHECK(family_on(page, "second") == "");
    CHECK(says(page, "\nthird 3\n"));
    CHECK(left_out("late") - late == 2 * n);
    CHECK(slow.inside == 1);
    CHECK(slower.inside == 1);
  }
  slow.open = true;
  // It has come back as soon as a page shows it again.
  while (family_on(page_within(registry, 600s), "first").empty()) std::this_thread::yield();
  slower.open = true;
}

TEST_CASE("a callback in which two pages hang is called again when both calls have come back") {
  Registry registry;
  std::atomic<int> calls{0}, inside{0};
  std::atomic<bool> first_may_end{false}, second_may_end{false};
  const GaugeCallback slow{registry, "slow", "S.", [&] {
                             const int call = ++calls;
                             ++inside;
                             while (call == 1 ? !first_may_end : !second_may_end) std::this_thread::yield();
                             --inside;
                             return call;
                           }};
  std::thread other([&] { static_cast<void>(page_within(registry, 3s)); });
  while (calls < 1) std::this_thread::yield();
  static_cast<void>(page_within(registry, 50ms));
  other.join();
  CHECK(inside == 2);
  first_may_end = true;
  while (inside > 1) std::this_thread::yield();
  for (int n = 0; n < 100; ++n) {
    CHECK(family_on(page_within(registry, 50ms), "slow") == "");
    std::this_thread::yield();
  }
  CHECK(calls == 2);
  second_may_end = true;
  while (family_on(page_within(registry, 600s), "slow").empty()) std::this_thread::yield();
}

TEST_CASE("a callback that another page has given up meanwhile is not called") {
  Registry registry;
  Gate slow, slower;
  std::atomic<int> calls{0};
  const GaugeCallback first{registry, "first", "F.", [&] { return slow(); }};
  const GaugeCallback second{registry, "second", "S.", [&] { return ++calls == 1 ? slower() : 2; }};
  std::string page;
  std::thread scraper([&] { page = page_within(registry, 600s); });
  while (slow.inside == 0) std::this_thread::yield();
  std::string other;
  flowviz::scrape_into(other, registry, {.names = {"second"}, .budget = 50ms});
  slow.open = true;  // the page comes to the second
  scraper.join();
  CHECK(says(page, "\nfirst 1\n"));
  CHECK(family_on(page, "second") == "");
  CHECK(calls == 1);
  slower.open = true;
}

TEST_CASE("a budget beyond what a clock can count is as good as none") {
  Registry registry;
  const GaugeCallback level{registry, "level", "L.", [] { return 1; }};
  using std::chrono::nanoseconds;
  for (const nanoseconds budget : {nanoseconds::max(), nanoseconds::max() / 2, nanoseconds::min()}) {
    CAPTURE(budget.count());
    CHECK(says(page_within(registry, budget), "\nlevel 1\n"));
  }
}

TEST_CASE("callbacks that make pages are left out of them, and counted") {
  for (const std::chrono::nanoseconds budget : {0s, 600s}) {
    CAPTURE(budget.count());
    Registry registry;
    std::atomic<int> calls{0}, shown{0};
    const auto make_page = [&] {
      ++calls;
      const std::string page = page_within(registry, budget);
      if (says(page, "\none ")) ++shown;
      if (says(page, "\nother ")) ++shown;
      return says(page, "\nplain 1\n") ? 1 : 0;
    };
    const GaugeCallback one{registry, "one", "O.", make_page};
    const GaugeCallback other{registry, "other", "O.", make_page};
    const GaugeCallback plain{registry, "plain", "P.", [] { return 1; }};
    const double late = left_out("late");
    const std::string page = page_within(registry, budget);
    CHECK(says(page, "\none 1\n"));
    CHECK(says(page, "\nother 1\n"));
    // Each is asked for the page, and by the other one, whose page then has neither.
    CHECK(calls == 4);
    CHECK(shown == 2);
    CHECK(left_out("late") - late == 6);
  }
}

TEST_CASE("a thread that is cancelled while callbacks run waits for them first") {
  struct Scraper {
    Registry registry;
    Gate slow;
    std::chrono::nanoseconds budget;
    std::string page;
    int after = PTHREAD_CANCEL_DISABLE;
  };
  for (const std::chrono::nanoseconds budget : {0s, 600s}) {
    CAPTURE(budget.count());
    Scraper scraper;
    scraper.budget = budget;
    const GaugeCallback slow{scraper.registry, "slow", "S.", [&] {
                               ++scraper.slow.inside;
                               while (!scraper.slow.open) ::pthread_testcancel();
                               return 1;
                             }};
    pthread_t thread;
    const int refused = ::pthread_create(
        &thread, nullptr,
        [](void* argument) -> void* {
          auto& mine = *static_cast<Scraper*>(argument);
          flowviz::scrape_into(mine.page, mine.registry, {.budget = mine.budget});
          ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mine.after);  // libc++ survives no unwinding here
          return nullptr;
        },
        &scraper);
    REQUIRE(refused == 0);
    while (scraper.slow.inside == 0) std::this_thread::yield();
    ::pthread_cancel(thread);
    for (int n = 0; n < 1'000; ++n) std::this_thread::yield();
    scraper.slow.open = true;
    ::pthread_join(thread, nullptr);
    CHECK(says(scraper.page, "\nslow 1\n"));
    CHECK(scraper.after == PTHREAD_CANCEL_ENABLE);
  }
}

TEST_CASE("a page has the answer that it was given, whatever others are given meanwhile") {
  Registry registry;
  static thread_local bool is_slow = false;
  std::atomic<int> calls{0};
  std::atomic<bool> first_may_end{false}, slow_waits{false}, slow_may_end{false};
  const CounterCallback counter{registry, "calls_total", "Calls so far.", [&] {
                                  const int call = ++calls;
                                  while (call == 1 && !first_may_end) std::this_thread::yield();
                                  return call;
                                }};
  const GaugeCallback next{registry, "next", "Asked after it.", [&] {
                             if (is_slow) slow_waits = true;
                             while (is_slow && !slow_may_end) std::this_thread::yield();
                             return 1;
                           }};
  const auto calls_on_page = [&] { return family_on(flowviz::scrape(registry).body, "calls_total"); };
  const std::string head = "# HELP calls_total Calls so far.\n# TYPE calls_total counter\n";
  std::string first, third;
  std::thread one([&] { first = calls_on_page(); });
  while (calls < 1) std::this_thread::yield();
  CHECK(calls_on_page() == head + "calls_total 2\n");
  std::thread other([&] {
    is_slow = true;
    third = calls_on_page();
  });
  while (!slow_waits) std::this_thread::yield();
  first_may_end = true;  // its answer is older than that of the third
  one.join();
  slow_may_end = true;
  other.join();
  CHECK(first == head + "calls_total 1\n");
  CHECK(third == head + "calls_total 3\n");
}

TEST_CASE("what is no total is left out of a counter that is asked for, and counted") {
  Registry registry;
  double total = 0;
  const CounterCallback opened{registry, "opened_total", "Opened.", [&] { return total; }};
  const CounterCallback lots{registry, "lots_total", "Lots.",
                             [&](const Gauge<LotType>& counter) {
                               counter.with(LotType::raw).set(total);
                               counter.with(LotType::finished).set(5);
                             },
                             Label<LotType>{"lot_type"}};
  const GaugeCallback level{registry, "level", "Level.", [&] { return total; }};
  using Limits = std::numeric_limits<double>;
  for (const double bad : {-1.0, -Limits::denorm_min(), Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
    CAPTURE(bad);
    total = bad;
    CHECK(valid_page(registry) != "");
    const double before = left_out("not_a_total");
    const std::string page = page_of(registry);
    CHECK(!says(page, "\nopened_total "));
    CHECK(!says(page, "\nlots_total{lot_type=\"raw\"}"));
    CHECK(says(page, "\nlots_total{lot_type=\"finished\"} 5\n"));
    CHECK(says(page, "\nlevel "));
    CHECK(left_out("not_a_total") - before == 2);
  }
  for (const double good : {Limits::max(), 0.5, 0.0}) {
    total = good;
    CHECK(says(valid_page(registry), "\nopened_total "));
  }
}

TEST_CASE("who ends a callback waits for a call that is running") {
  for (const std::chrono::nanoseconds budget : {0ms, 50ms}) {
    CAPTURE(budget.count());
    Registry registry;
    Gate slow;
    std::atomic<bool> ended{false};
    std::optional<GaugeCallback> callback = GaugeCallback(registry, "slow", "S.", [&] { return slow(); });
    std::thread scraper([&] { static_cast<void>(page_within(registry, budget)); });
    while (slow.inside == 0) {
      std::this_thread::yield();
      if (budget > 0ms) static_cast<void>(page_within(registry, budget));
    }
    std::thread owner([&] {
      callback.reset();
      ended = true;
    });
    for (int n = 0; n < 1'000; ++n) std::this_thread::yield();
    CHECK(!ended);
    slow.open = true;
    owner.join();
    CHECK(slow.inside == 0);
    scraper.join();
  }
}

TEST_CASE("only callbacks whose metrics are asked for are called") {
  Registry registry;
  int calls = 0;
  const GaugeCallback counted{registry, "counted", "C.", [&] { return ++calls; }};
  const Gauge<> other{registry, "other", "O."};
  std::string page;
  flowviz::scrape_into(page, registry, {.names = {"other"}});
  CHECK(calls == 0);
  flowviz::scrape_into(page, registry, {.names = {"counted"}});
  CHECK(calls == 1);
}
