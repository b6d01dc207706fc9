// SPDX-License-Identifier: MIT
// What run.py counts the instructions of. Each subject runs once beforehand, for first touches, and then between two requests
// to callgrind; what it is called and how often it repeats goes to standard output.

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <valgrind/callgrind.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

template <class Run>
void count(const char* name, std::size_t repetitions, Run run) {
  run(repetitions);
  CALLGRIND_ZERO_STATS;
  run(repetitions);
  CALLGRIND_DUMP_STATS_AT(name);
  std::printf("%zu\t%s\n", repetitions, name);
}

// Has the compiler compute it.
template <class T>
void keep(T& value) {
  asm volatile("" : "+m"(value));
}

enum class Colour { red, orange, yellow, green, blue, indigo, violet, black };

constexpr std::array<std::string_view, 8> handlers{"/api/lots",          "/api/lots/{lot_id}", "/api/qc-decisions",
                                                   "/api/traceability",  "/api/sync/lots",     "/health",
                                                   "/api/runs/{run_id}", "/openapi.json"};
constexpr std::array<std::string_view, 4> plants{"north", "south", "east", "west"};
constexpr std::array<double, 16> values{.001, .2, 3, .04, 20, .6, .07, 8, .009, .1, 1.1, .012, .13, 14, .5, .016};

constexpr std::size_t many = 9'600;  // a multiple of every number of things in turn

void count_increments(flowviz::Registry& registry) {
  flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", 32}};
  flowviz::DoubleCounter amount{registry, "turns_seconds_total", "Turns.", flowviz::OpenLabel{"turn", 32}};
  flowviz::UpDownCounter up_down{registry, "waiting", "Waiting.", flowviz::OpenLabel{"queue", 32}};
  std::array<flowviz::CounterSeries, 32> kept;
  std::array<flowviz::DoubleCounterSeries, 32> kept_double;
  std::array<flowviz::UpDownSeries, 32> kept_up_down;
  for (std::size_t i = 0; i < 32; ++i) kept[i] = counter.with(std::to_string(i));
  for (std::size_t i = 0; i < 32; ++i) kept_double[i] = amount.with(std::to_string(i));
  for (std::size_t i = 0; i < 32; ++i) kept_up_down[i] = up_down.with(std::to_string(i));
  count("increment, kept handle", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) kept[i % 32].inc();
  });
  count("increment, kept handle, double", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) kept_double[i % 32].inc(0.25);
  });
  count("increment, kept handle, with an exemplar", many, [&](std::size_t n) {
    const flowviz::Exemplar exemplar{{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}};
    for (std::size_t i = 0; i < n; ++i) kept[i % 32].inc(1, exemplar);
  });
  count("increment, from a signal handler", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) kept[i % 32].inc_from_signal();
  });
  std::uint64_t sum = 0;
  count("value() of a counter, one writer", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) sum += kept[i % 32].value();
  });
  keep(sum);
  count("up-down counter, kept handle", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) kept_up_down[i % 32].inc();
  });
}

void count_look_ups(flowviz::Registry& registry) {
  flowviz::Counter closed{registry, "paint_total", "Paint.", flowviz::Label<Colour>{"colour"}};
  flowviz::Counter one{registry, "one_total", "One.", flowviz::OpenLabel{"handler", 100}};
  flowviz::Counter two{registry, "two_total", "Two.", flowviz::OpenLabel{"handler", 90},
                       flowviz::OpenLabel{"plant", 100}};
  flowviz::Counter expiring{registry, "expiring_total", "Expiring.",
                            flowviz::OpenLabel{"handler", 100}.expires_after(std::chrono::hours(1))};
  flowviz::Counter full{registry, "full_total", "Beyond its cap.", flowviz::OpenLabel{"handler", 1}.pin({"/"})};
  count("increment, closed label", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) closed.with(static_cast<Colour>(i % 8)).inc();
  });
  count("increment, one open label", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) one.with(handlers[i % 8]).inc();
  });
  count("increment, two open labels", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) two.with(handlers[i % 8], plants[i / 8 % 4]).inc();
  });
  count("increment, one open label that expires", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) expiring.with(handlers[i % 8]).inc();
  });
  count("increment, one open label beyond its cap", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) full.with(handlers[i % 8]).inc();
  });
}

void count_values(flowviz::Registry& registry) {
  flowviz::Histogram histogram{registry, "latency_seconds", "Latency.",
                               flowviz::Buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}};
  flowviz::NativeHistogram native{registry, "duration_seconds", "Duration.", flowviz::NativeBuckets{}};
  flowviz::Gauge gauge{registry, "level", "Level."};
  count("observation, 11 bounds", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) histogram.observe(values[i % values.size()]);
  });
  count("observation, native", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) native.observe(values[i % values.size()]);
  });
  count("gauge, set", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) gauge.set(static_cast<double>(i));
  });
  count("gauge, add", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) gauge.add(1);
  });
}

void count_requests(flowviz::Registry& registry) {
  using flowviz::bundles::HttpServer;
  const HttpServer http{registry};
  std::array<HttpServer::Route, handlers.size()> routes;
  for (std::size_t i = 0; i < routes.size(); ++i) routes[i] = http.route(flowviz::Method::get, handlers[i]);
  count("HTTP request, with two readings of the clock", many, [&](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      HttpServer::Request request = http.begin(routes[i % routes.size()]);
      request.finish(200, {.request = 100, .response = i});
    }
  });
}

// Threads that are alive at once have a column each; these write one after the other.
template <class Write>
void on_threads(std::size_t threads, Write write) {
  std::latch leave(1);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    std::latch written(1);
    running.emplace_back([&] {
      write();
      written.count_down();
      leave.wait();
    });
    written.wait();
  }
  leave.count_down();
  for (std::thread& thread : running) thread.join();
}

// What a page has beside the lines of these metrics does not weigh: there are thousands of them.
void count_lines(const char* name, const flowviz::Registry& registry, std::size_t lines) {
  std::string page;
  count(name, lines, [&](std::size_t) { flowviz::scrape_into(page, registry); });
}

void count_counter_lines(const char* name, std::size_t writers) {
  constexpr std::uint32_t series = 5'000;
  flowviz::Registry registry;
  flowviz::Counter counter{registry, "items_total", "Items.", flowviz::OpenLabel{"item", series}};
  on_threads(writers, [&] {
    for (std::uint32_t i = 0; i < series; ++i) counter.with("item-" + std::to_string(i)).inc(i * 7919 % 100'003);
  });
  count_lines(name, registry, series);
}

void count_histogram_lines(const char* name) {
  constexpr std::uint32_t series = 400;
  flowviz::Registry registry;
  flowviz::Histogram histogram{registry, "latency_seconds", "Latency.",
                               flowviz::Buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
                               flowviz::OpenLabel{"item", series}};
  for (std::uint32_t i = 0; i < series; ++i) {
    for (std::uint32_t k = 0; k < 20; ++k)
      histogram.with("item-" + std::to_string(i)).observe(values[(i + k) % values.size()]);
  }
  count_lines(name, registry, series * 14);
}

}  // namespace

int main() {
  flowviz::Registry registry;
  count_increments(registry);
  count_look_ups(registry);
  count_values(registry);
  count_requests(registry);
  count_counter_lines("scrape, line of a counter, one writer", 1);
  count_counter_lines("scrape, line of a counter, eight writers", 8);
  count_histogram_lines("scrape, line of a histogram");
}
