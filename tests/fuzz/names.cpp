// SPDX-License-Identifier: MIT
// Any bytes as the name of a metric of each kind and of its label: refused at registration, or as they are on pages that are valid
// in each format.

#include "fuzz/fuzz.hpp"

namespace {

enum class State { on, off };

/// What a metric shows: a sample of its name and an ending. OpenMetrics gives counters and infos one of their own.
struct Shown {
  std::string_view ending;
  double value = 7;
  std::string_view own_ending{};
  bool is_state = false;
};

constexpr unsigned kinds = 7;

template <class Name>
Name name_of(std::string_view text, bool legacy) {
  return legacy ? Name(flowviz::LegacyName::checked(text)) : Name::checked(text);
}

/// Registers a metric of that kind by these names, and gives it a 7 where it can have one.
Shown add(flowviz::Registry& registry, unsigned kind, std::string_view name, std::string_view label, bool legacy) {
  const auto labels = [&] { return flowviz::OpenLabel{flowviz::OpenLabelName::checked(label), 1}; };
  const auto metric = [&] { return name_of<flowviz::MetricName>(name, legacy); };
  switch (kind) {
    case 0:
      flowviz::Counter{registry, name_of<flowviz::CounterName>(name, legacy), "Help.", labels()}.with("x").inc(7);
      return {"", 7, "_total"};
    case 1:
      flowviz::Gauge{registry, metric(), "Help.", labels().pin({"x"})}.with("x").set(7);
      return {""};
    case 2:
      flowviz::Histogram{registry, metric(), "Help.", flowviz::Buckets{1}, labels()}.with("x").observe(7);
      return {"_sum"};
    case 3: {
      const flowviz::NativeBuckets buckets{.classic = flowviz::Buckets{1}};
      flowviz::NativeHistogram{registry, metric(), "Help.", buckets, labels()}.with("x").observe(7);
      return {"_sum"};
    }
    case 4:
      flowviz::Summary{registry, metric(), "Help.", labels()}.with("x").observe(7);
      return {"_sum"};
    case 5:
      flowviz::Info{registry,
                    name_of<flowviz::InfoName>(name, legacy),
                    "Help.",
                    {{flowviz::LabelName::checked(label), std::string_view("x")}}};
      return {"", 1, "_info"};
    default:
      flowviz::StateSet{registry, metric(), "Help.", flowviz::States<State>(), labels().pin({"x"})}.with("x").set(
          State::on);
      return {"", 1, {}, true};
  }
}

void show(unsigned kind, std::string_view metric, std::string_view label, bool legacy) {
  support::ValidationOptions options;
  if (legacy) {  // which may have a colon, too
    options.counter_names = support::CounterNames::any;
    options.producer = support::Producer::other;
  }
  flowviz::Registry registry;
  flowviz::expose_process_metrics(registry);  // whose names may be taken
  try {
    add(registry, kind, metric, label, legacy);
  } catch (const flowviz::Error&) {
    fuzz::valid_page(registry, options);  // no trace of it is left
    return;
  }
  fuzz::valid_samples(registry, options);

  flowviz::Registry quiet;  // the process's metrics differ from page to page
  const Shown shown = add(quiet, kind, metric, label, legacy);
  const fuzz::Samples samples = fuzz::valid_samples(quiet, options);
  support::LabelPairs labels{{std::string(label), "x"}};
  if (shown.is_state) labels.emplace_back(metric, "on");
  const std::string name = std::string(metric) + std::string(shown.ending);
  const auto is_on = [&](const std::vector<support::Sample>& page, const std::string& sample) {
    fuzz::expect(support::value_of(page, sample, labels) == shown.value, "the sample is on the page");
  };
  for (const auto* page : {&samples.text, &samples.text_1, &samples.protobuf}) is_on(*page, name);
  const bool ends_so = name.size() > shown.own_ending.size() && name.ends_with(shown.own_ending);
  is_on(samples.open_metrics, ends_so ? name : name + std::string(shown.own_ending));
  if (ends_so) samples.expect_same();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest = fuzz::text_of(data + 1, size - 1);
  const std::string_view metric = fuzz::line_of(rest);
  show(data[0] % kinds, metric, rest, false);
  show(data[0] % kinds, metric, rest, true);
  return 0;
}
