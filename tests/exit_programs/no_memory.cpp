// SPDX-License-Identifier: MIT
// Memory runs out at each point where the library asks for some. Counting goes on: nothing throws, ends the program or
// is lost, and what could not be had is counted. Registration and scrapes say so and leave everything as it was. What
// the program prints is the last page.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

#include "../concurrency/threads.hpp"
#include "check.hpp"
#include "own_memory.hpp"

using exit_programs::expect;
using exit_programs::expect_equal;
using exit_programs::sum_of;

namespace {

// Which allocations are refused, counted from 0: `first`, and every `step`-th after it, as long as they are below `end`.
struct Refusals {
  std::uint64_t first, end, step;
};
constexpr std::uint64_t no_end = ~std::uint64_t{0};

constinit std::atomic<const Refusals*> plan{nullptr};
constinit std::atomic<std::uint64_t> allocations{0}, refused{0};

// Refuses allocations as long as it lives.
class NoMemory {
 public:
  explicit NoMemory(const Refusals& refusals) : refusals_(refusals) {
    allocations = 0;
    refused = 0;
    plan = &refusals_;
  }
  ~NoMemory() { plan = nullptr; }
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;

 private:
  Refusals refusals_;
};

}  // namespace

void* own_memory::take(std::size_t bytes, std::size_t align) noexcept {
  if (const Refusals* refusals = plan) {
    const std::uint64_t n = allocations++;
    if (n >= refusals->first && n < refusals->end && (n - refusals->first) % refusals->step == 0) {
      ++refused;
      return nullptr;
    }
  }
  void* memory = nullptr;  // as many programs do it, which refuses what is aligned less than a pointer
  return posix_memalign(&memory, align, bytes) == 0 ? memory : nullptr;
}
void own_memory::give_back(void* memory) noexcept { std::free(memory); }

namespace {

struct Metrics {
  explicit Metrics(flowviz::Registry& registry)
      : whole{registry, "whole_total", "Increments."},
        amount{registry, "amount_total", "Amounts."},
        sizes{registry, "sizes", "Sizes.", flowviz::Buckets{0.5, 1, 2}},
        busy{registry, "busy", "Busy."},
        handlers{registry, "handlers_total", "By handler.", flowviz::OpenLabel{"handler", 4}},
        routes{registry,
               "routes",
               "By two open labels.",
               flowviz::Buckets{1},
               flowviz::OpenLabel{"route", 30},
               flowviz::OpenLabel{"zone", 30}} {}

  flowviz::Counter<> whole;
  flowviz::DoubleCounter<> amount;
  flowviz::Histogram<> sizes;
  flowviz::UpDownCounter<> busy;
  flowviz::Counter<flowviz::Text> handlers;
  flowviz::Histogram<flowviz::Text, flowviz::Text> routes;
};

const std::string long_text(2'000, 'x'), long_not_utf8(700, '\xff');

// A write on a metric, and the samples that it has to raise by 1.
struct Write {
  const char* name;
  void (*write)(const Metrics&) noexcept;
  const char* samples;
};
constexpr Write writes[] = {
    {"an increment", [](const Metrics& m) noexcept { m.whole.inc(); }, "whole_total "},
    {"an amount", [](const Metrics& m) noexcept { m.amount.inc(1.0); }, "amount_total "},
    {"an observation", [](const Metrics& m) noexcept { m.sizes.observe(1); }, "sizes_sum "},
    {"an up", [](const Metrics& m) noexcept { m.busy.inc(); }, "busy "},
    {"a new label value", [](const Metrics& m) noexcept { m.handlers.with("/new").inc(); }, "handlers_total{"},
    {"an over-long label value", [](const Metrics& m) noexcept { m.handlers.with(long_text).inc(); },
     "handlers_total{"},
    {"a long label value that is no UTF-8", [](const Metrics& m) noexcept { m.handlers.with(long_not_utf8).inc(); },
     "handlers_total{"},
    {"a new series with two new label values, one of them long",
     [](const Metrics& m) noexcept { m.routes.with("/new", std::string_view(long_text).substr(0, 1'000)).observe(1); },
     "routes_count{"},
};

double failures_on(const std::string& page) { return sum_of(page, "flowviz_metrics_allocation_failures_total "); }

// One write by a new thread to metrics that nobody has written to yet, without the memory that the plan refuses.
// Returns how many allocations were refused.
std::uint64_t write_without(const Write& write, const Refusals& refusals) {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  const double failures_before = failures_on(flowviz::scrape(registry).body);
  std::uint64_t refused_here = 0;
  std::thread([&] {
    const NoMemory no_memory(refusals);
    write.write(metrics);
    refused_here = refused;
  }).join();
  const std::string at = std::string(write.name) + " without allocation " + std::to_string(refusals.first) +
                         (refusals.end == no_end ? " and all that follow" : "") + ": ";
  std::string page = flowviz::scrape(registry).body;
  expect_equal((at + "what is on the page").c_str(), sum_of(page, write.samples), 1u);
  expect((at + "refusals are counted").c_str(), (refused_here > 0) == (failures_on(page) > failures_before));
  // With memory everything is as if nothing had happened.
  write.write(metrics);
  page = flowviz::scrape(registry).body;
  expect_equal((at + "what is on the page after another write").c_str(), sum_of(page, write.samples), 2u);
  return refused_here;
}

void writes_go_on() {
  for (const Write& write : writes) {
    std::uint64_t points = 0;
    while (write_without(write, {points, points + 1, 1}) != 0) ++points;
    for (std::uint64_t first = 0; first <= points; ++first) write_without(write, {first, no_end, 1});
    expect((std::string(write.name) + " asks for memory").c_str(), points > 0);
  }
}

// Values that could not be kept for lack of memory take no room in the cap.
void refused_values_take_no_room() {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  for (std::uint64_t first = 0; first < 10; ++first) {
    const NoMemory no_memory({first % 3, no_end, 1});
    metrics.handlers.with(first % 2 == 0 ? "/a" : "/b").inc();
  }
  for (const char* handler : {"/c", "/d", "/b", "/a"}) metrics.handlers.with(handler).inc();
  const std::string page = flowviz::scrape(registry).body;
  for (const char* handler : {"/a", "/b", "/c", "/d"}) {
    expect(handler, sum_of(page, "handlers_total{handler=\"" + std::string(handler) + "\"}") > 0);
  }
  expect_equal("refused and kept values", sum_of(page, "handlers_total{"), 14u);
}

// What no native bucket could be had for is in no classic one either.
void native_observations_are_left_out_whole() {
  flowviz::Registry registry;
  const flowviz::NativeHistogram<> took{registry, "took", "Took.",
                                        flowviz::NativeBuckets{.classic = flowviz::Buckets{1}}};
  took.observe(0);  // the cells are there, and no buckets yet
  {
    const NoMemory no_memory({0, no_end, 1});
    for (int i = 0; i < 5; ++i) took.observe(0.5);
  }
  for (int i = 0; i < 5; ++i) took.observe(100);
  const std::string page = flowviz::scrape(registry).body;
  expect_equal("classic buckets beside native ones, up to 1", sum_of(page, "took_bucket{le=\"1\"} "), 1u);
  expect_equal("native observations with memory", sum_of(page, "took_count "), 6u);
  expect_equal("their sum", sum_of(page, "took_sum "), 500u);
}

// Many threads at once, each third allocation of the process refused.
std::string many_threads() {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  const std::size_t threads = 8, rounds = concurrency::scaled(20'000);
  std::atomic<std::size_t> ready{0};
  const Refusals every_third{0, no_end, 3};
  concurrency::run_together(threads, [&](std::size_t i) {
    if (++ready == threads) plan = &every_third;  // threads themselves need memory
    while (plan == nullptr) std::this_thread::yield();
    for (std::size_t n = 0; n < rounds; ++n) {
      metrics.whole.inc();
      metrics.sizes.observe(1);
      const auto scope = metrics.busy.track();
      const char name[] = {'/', static_cast<char>('a' + (n + i) % 20), '\0'};
      metrics.handlers.with(name).inc();
      metrics.routes.with(name, name + 1).observe(1);
    }
  });
  plan = nullptr;
  const std::string page = flowviz::scrape(registry).body;
  for (const char* metric : {"whole_total ", "sizes_count ", "sizes_sum ", "handlers_total{", "routes_count{"}) {
    expect_equal(("many threads: " + std::string(metric)).c_str(), sum_of(page, metric), threads * rounds);
  }
  expect_equal("many threads: busy", metrics.busy.value(), 0);
  return page;
}

#if defined(__cpp_exceptions)  // without, these two end the process: operator new has no other way to refuse
// Registration either is done or has left no trace; it says which.
void registration_is_whole_or_not_at_all() {
  for (std::uint64_t first = 0;; ++first) {
    flowviz::Registry registry;
    const flowviz::Counter<> before{registry, "before_total", "Registered before."};
    bool refused_here = false;
    try {
      const NoMemory no_memory({first, first + 1, 1});
      const Metrics metrics(registry);
      refused_here = refused != 0;
    } catch (const std::exception&) {
      refused_here = true;
    }
    before.inc();
    const Metrics metrics(registry);
    metrics.handlers.with("/a").inc();
    const std::string page = flowviz::scrape(registry).body;
    expect_equal("a metric from before", sum_of(page, "before_total "), 1u);
    expect_equal("a metric registered at last", sum_of(page, "handlers_total{"), 1u);
    if (!refused_here) break;
  }
}

// A scrape without memory throws, and the next one shows everything.
void scrapes_throw() {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  metrics.whole.inc();
  static_cast<void>(flowviz::scrape(registry));
  for (std::uint64_t first = 0;; ++first) {
    bool threw = false;
    try {
      const NoMemory no_memory({first, first + 1, 1});
      static_cast<void>(flowviz::scrape(registry));
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    expect_equal("the page after a scrape without memory", sum_of(flowviz::scrape(registry).body, "whole_total "), 1u);
    if (!threw) break;
  }
}
#endif

}  // namespace

int main() {
  writes_go_on();
  refused_values_take_no_room();
  native_observations_are_left_out_whole();
#if defined(__cpp_exceptions)
  registration_is_whole_or_not_at_all();
  scrapes_throw();
#endif
  std::fputs(many_threads().c_str(), stdout);
  return exit_programs::status();
}
