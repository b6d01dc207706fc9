// SPDX-License-Identifier: MIT
// Any bytes as the UTF-8 name of a metric and of its label: refused at registration, or on a valid page of each format by each
// scheme, where the sample is, and in two formats with the names that were given where the reader allows UTF-8.

#include "fuzz/fuzz.hpp"

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"

namespace {

constexpr std::string_view open_metrics = "application/openmetrics-text;version=1.0.0",
                           text = "text/plain;version=1.0.0";

void check(const flowviz::Registry& registry, std::string_view metric, std::string_view label) {
  for (const flowviz::encode::Escaping escaping : flowviz::encode::escapings) {
    const bool as_given = escaping == flowviz::encode::Escaping::allow_utf8;
    const support::Names names = as_given ? support::Names::utf8 : support::Names::classic;
    const auto page = [&](std::string_view format) {
      return flowviz::scrape(registry, std::string(format) + ";escaping=" + std::string(scheme_of(escaping))).body;
    };
    const std::string as_text = page(text), as_open_metrics = page(open_metrics);
    for (const support::Violation& one : support::validate_text(as_text, {.names = names})) {
      // A metric may become one of underscores alone, or have a colon, which is legal, and no name that we would give.
      const bool has_colon = metric.find(':') != metric.npos;
      fuzz::expect(one.rule == "reserved_name" || (has_colon && one.rule == "metric_name"),
                   one.rule + ": " + one.detail);
    }
    fuzz::expect(support::validate_open_metrics(as_open_metrics, names).empty(), "OpenMetrics is valid");
    const auto samples = support::parse_samples(as_text);
    const auto all = support::sorted_samples(samples);
    fuzz::expect(support::sorted_samples(support::parse_samples(as_open_metrics)) == all, "OpenMetrics says the same");
    fuzz::expect(support::sorted_samples(support::read_protobuf(page(support::protobuf_type))) == all,
                 "protobuf says the same");
    const std::string sample =
        as_given ? std::string(metric) : escaped_name(metric, flowviz::encode::NameOf::metric, escaping);
    const std::string of =
        as_given ? std::string(label) : escaped_name(label, flowviz::encode::NameOf::label, escaping);
    fuzz::expect(support::value_of(samples, sample, {{of, "x"}}) == 7, "the sample is on the page");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string metric = std::string(fuzz::line_of(rest)) + "_total";
  const std::string_view label = rest;
  flowviz::Registry registry;
  flowviz::expose_process_metrics(registry);  // whose names may be taken
  try {
    const flowviz::Counter counter{
        registry, flowviz::CounterName::checked(flowviz::Utf8Name::checked(metric)), "Help.",
        flowviz::OpenLabel{flowviz::OpenLabelName::checked(flowviz::Utf8Name::checked(label)), 2}};
    counter.with("x").inc(7);
  } catch (const flowviz::Error&) {
    fuzz::valid_page(registry);  // no trace of it is left
    return 0;
  }
  flowviz::Registry quiet;  // the process's metrics differ from page to page
  const flowviz::Counter counter{
      quiet, flowviz::CounterName::checked(flowviz::Utf8Name::checked(metric)), "Help.",
      flowviz::OpenLabel{flowviz::OpenLabelName::checked(flowviz::Utf8Name::checked(label)), 2}};
  counter.with("x").inc(7);
  check(quiet, metric, label);
  return 0;
}
