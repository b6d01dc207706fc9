// SPDX-License-Identifier: MIT
// What does it cost to name a series by its labels at each increment?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "bench.hpp"

namespace {

enum class Colour { red, orange, yellow, green, blue, indigo, violet, black };

constexpr std::array<std::string_view, 8> handlers{"/api/lots",          "/api/lots/{lot_id}", "/api/qc-decisions",
                                                   "/api/traceability",  "/api/sync/lots",     "/health",
                                                   "/api/runs/{run_id}", "/openapi.json"};
constexpr std::array<std::string_view, 4> plants{"north", "south", "east", "west"};

struct Closed {
  flowviz::Registry registry;
  flowviz::Counter<Colour> counter{registry, "paint_total", "Paint.", flowviz::Label<Colour>{"colour"}};
  flowviz::Counter<> plain{registry, "plain_total", "Plain."};
};

struct Open {
  flowviz::Registry registry;
  flowviz::Counter<flowviz::Text> one{registry, "one_total", "One.", flowviz::OpenLabel{"handler", 100}};
  flowviz::Counter<flowviz::Text, flowviz::Text> two{registry, "two_total", "Two.", flowviz::OpenLabel{"handler", 90},
                                                     flowviz::OpenLabel{"plant", 100}};
};

struct Theirs {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& one =
      prometheus::BuildCounter().Name("one_total").Help("One.").Register(registry);
  prometheus::Family<prometheus::Counter>& two =
      prometheus::BuildCounter().Name("two_total").Help("Two.").Register(registry);
};

}  // namespace

namespace bench {

Question closed_label() {
  auto ours = std::make_shared<Closed>();
  auto kept = std::make_shared<std::array<flowviz::CounterSeries, 8>>();
  for (std::size_t i = 0; i < 8; ++i) (*kept)[i] = ours->counter.with(static_cast<Colour>(i));
  return {"increment through a closed label, 8 values in turn",
          "ns",
          4'000'000,
          {{"kept handle",
            [ours, kept](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) (*kept)[i % 8].inc();
            }},
           {"with(enum).inc()",
            [ours](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) ours->counter.with(static_cast<Colour>(i % 8)).inc();
            }}},
          {{"with(enum).inc()", "kept handle", 1.5}}};
}

Question open_labels() {
  auto ours = std::make_shared<Open>();
  auto theirs = std::make_shared<Theirs>();
  return {"increment through open labels",
          "ns",
          400'000,
          {{"flowviz_metrics, one open label",
            [ours](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) ours->one.with(handlers[i % 8]).inc();
            }},
           {"flowviz_metrics, two open labels",
            [ours](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) ours->two.with(handlers[i % 8], plants[i / 8 % 4]).inc();
            }},
           {"prometheus-cpp, one label",
            [theirs](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i)
                theirs->one.Add({{"handler", std::string(handlers[i % 8])}}).Increment();
            }},
           {"prometheus-cpp, two labels",
            [theirs](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) {
                theirs->two.Add({{"handler", std::string(handlers[i % 8])}, {"plant", std::string(plants[i / 8 % 4])}})
                    .Increment();
              }
            }}},
          {{"flowviz_metrics, one open label", "prometheus-cpp, one label", 1.0 / 15},
           {"flowviz_metrics, two open labels", "prometheus-cpp, two labels", 1.0 / 15}}};
}

}  // namespace bench
