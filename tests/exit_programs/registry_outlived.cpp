// SPDX-License-Identifier: MIT
// A handle is used after its registry has ended: the one that the first argument names. An assertion ends the program,
// if they are compiled in.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

int main(int, char** arguments) {
  const std::string_view which = arguments[1];
  std::optional<flowviz::Registry> registry(std::in_place);
  const flowviz::Counter<> counter{*registry, "whole_total", "Whole things."};
  const flowviz::Counter<flowviz::Text> handlers{*registry, "handlers_total", "By handler.",
                                                 flowviz::OpenLabel{"handler", 100}};
  const flowviz::Counter<flowviz::Text> full{*registry, "full_total", "A chunk of series.",
                                             flowviz::OpenLabel{"handler", 600}};
  // The first one is that of all others.
  for (std::uint32_t n = 1; n < flowviz::SeriesTable::cells_per_chunk; ++n) full.with(std::to_string(n)).inc();
  const flowviz::DoubleCounter<> amount{*registry, "amount_total", "Amounts."};
  const flowviz::Gauge<> level{*registry, "level", "Level."};
  const flowviz::UpDownCounter<> busy{*registry, "busy", "Busy."};
  const flowviz::Histogram<flowviz::Text> sizes{*registry, "sizes", "Sizes.", flowviz::Buckets{1, 2, 3},
                                                flowviz::OpenLabel{"handler", 100}};
  const flowviz::CounterSeries handlers_series = handlers.with("/a");
  const flowviz::HistogramSeries sizes_series = sizes.with("/a");
  // Written before, so that the writing thread has its cells everywhere.
  counter.inc();
  handlers_series.inc();
  amount.inc();
  busy.inc();
  sizes_series.observe(1);

  std::optional<flowviz::GaugeCallback> callback;
  if (which == "callback") callback = flowviz::GaugeCallback{*registry, "age_seconds", "Age.", [] { return 1; }};
  registry.reset();
  if (which == "counter") counter.inc();
  if (which == "counter series") handlers_series.inc();
  if (which == "double counter") amount.inc();
  if (which == "gauge set") level.set(1);
  if (which == "gauge add") level.add(1);
  if (which == "up-down counter") busy.inc();
  if (which == "histogram series") sizes_series.observe(1);
  if (which == "look-up") handlers.with("/a").inc();
  if (which == "look-up of a new value") handlers.with("/b").inc();
  if (which == "look-up of a new value in a new chunk") full.with("/b").inc();
  callback.reset();
  return 0;
}
