// SPDX-License-Identifier: MIT
// Any bytes as the name of a metric and of its label: refused at registration, or on a valid page as they are.

#include "fuzz/fuzz.hpp"

namespace {

void show(std::string_view metric, std::string_view label, bool legacy) {
  flowviz::Registry registry;
  flowviz::expose_process_metrics(registry);  // whose names may be taken
  support::ValidationOptions options;
  if (legacy) {  // which may have a colon, too
    options.counter_names = support::CounterNames::any;
    options.producer = support::Producer::other;
  }
  try {
    const auto name =
        legacy ? flowviz::CounterName(flowviz::LegacyName::checked(metric)) : flowviz::CounterName::checked(metric);
    const flowviz::Counter counter{registry, name, "Help.",
                                   flowviz::OpenLabel{flowviz::OpenLabelName::checked(label), 2}};
    counter.with("x").inc(7);
  } catch (const flowviz::Error&) {
    fuzz::valid_page(registry, options);  // no trace of it is left
    return;
  }
  const auto samples = support::parse_samples(fuzz::valid_page(registry, options));
  fuzz::expect(support::value_of(samples, metric, {{std::string(label), "x"}}) == 7, "the sample is on the page");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view metric = fuzz::line_of(rest);
  show(metric, rest, false);
  show(metric, rest, true);
  return 0;
}
