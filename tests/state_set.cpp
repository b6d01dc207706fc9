// SPDX-License-Identifier: MIT
#include <flowviz_metrics/state_set.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/scrape.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

namespace {

enum class LineState { stopped, running, cleaning };
enum class Hall { north, south };
enum class Other { a, b };

// Enums whose texts cannot all be states.
template <int N>
struct Texts {
  enum class State { a, b, c };
  friend constexpr std::string_view label_text(State state) {
    constexpr std::string_view of_b[] = {"a", "", "\xff", "\r", "_other"};
    return state == State::a ? "a" : state == State::b ? of_b[N] : "c";
  }
};

TEST_CASE("a sample for each state, and 1 for the one that it is in") {
  flowviz::Registry registry;
  const flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
  CHECK(samples_of(registry, "line_state") ==
        "line_state{line_state=\"stopped\"} 0\n"
        "line_state{line_state=\"running\"} 0\n"
        "line_state{line_state=\"cleaning\"} 0\n");
  CHECK(line.value() == std::nullopt);
  line.set(LineState::running);
  CHECK(line.value() == LineState::running);
  line.set(LineState::cleaning);
  CHECK(family_on(valid_page(registry), "line_state") ==
        "# HELP line_state What the line does.\n"
        "# TYPE line_state gauge\n"
        "line_state{line_state=\"stopped\"} 0\n"
        "line_state{line_state=\"running\"} 0\n"
        "line_state{line_state=\"cleaning\"} 1\n");
}

TEST_CASE("OpenMetrics has a type for it, protobuf has none") {
  flowviz::Registry registry;
  const flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
  line.set(LineState::stopped);
  const std::string open_metrics = flowviz::scrape(registry, "application/openmetrics-text").body;
  CHECK(
      open_metrics.starts_with("# HELP line_state What the line does.\n"
                               "# TYPE line_state stateset\n"
                               "line_state{line_state=\"stopped\"} 1\n"
                               "line_state{line_state=\"running\"} 0\n"
                               "line_state{line_state=\"cleaning\"} 0\n"));
  const auto families = support::read_protobuf_families(
      flowviz::scrape(registry,
                      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
          .body);
  CHECK(families.at(0).type == "gauge");
  CHECK(support::value_of(families.at(0).samples, "line_state", {{"line_state", "stopped"}}) == 1);
  CHECK(families.at(0).samples.size() == 3);
}

TEST_CASE("a state set with labels, of its registry, its own, and one that is pinned") {
  flowviz::Registry registry{{{"site", "a"}}};
  const flowviz::StateSet<LineState, Hall, flowviz::Text> lines{registry,
                                                                "line_state",
                                                                "What the lines do.",
                                                                flowviz::States<LineState>(),
                                                                flowviz::Label<Hall>{"hall"},
                                                                flowviz::OpenLabel{"line", 2}.pin({"1", "2"})};
  lines.with(Hall::south, "2").set(LineState::running);
  CHECK(lines.with(Hall::south, "2").value() == LineState::running);
  CHECK(lines.with(Hall::south, "1").value() == std::nullopt);
  const auto samples = support::parse_samples(valid_page(registry));
  const auto value = [&](const char* hall, const char* line, const char* state) {
    return support::value_of(samples, "line_state",
                             {{"site", "a"}, {"hall", hall}, {"line", line}, {"line_state", state}});
  };
  CHECK(value("south", "2", "running") == 1);
  CHECK(value("south", "2", "stopped") == 0);
  CHECK(value("north", "2", "running") == 0);
}

TEST_CASE("a state set that is removed is gone until it is set") {
  flowviz::Registry registry;
  const flowviz::StateSet<LineState, Hall> lines{registry, "line_state", "What the lines do.",
                                                 flowviz::States<LineState>(), flowviz::Label<Hall>{"hall"}};
  lines.with(Hall::north).set(LineState::running);
  CHECK(lines.remove(Hall::north));
  CHECK(lines.with(Hall::north).value() == std::nullopt);
  CHECK(samples_of(registry, "line_state").find("hall=\"north\"") == std::string::npos);
  lines.with(Hall::north).set(LineState::stopped);
  CHECK(samples_of(registry, "line_state").find("{hall=\"north\",line_state=\"stopped\"} 1\n") != std::string::npos);
}

TEST_CASE("what is no state has no effect, and is counted") {
  flowviz::Registry registry;
  const flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
  const auto refused = [&] {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", "not_pinned"}});
  };
  const double before = refused();
  line.set(LineState::running);
  line.set(static_cast<LineState>(17));
  CHECK(line.value() == LineState::running);
  CHECK(refused() == before + 1);
}

TEST_CASE("a handle that belongs to no metric shows nothing") {
  flowviz::StateSeries<LineState>().set(LineState::running);
  CHECK(flowviz::StateSeries<LineState>().value() == std::nullopt);
}

TEST_CASE("the label of the states is the only one of its name") {
  CHECK(refusal([] {
          flowviz::Registry registry{{{"line_state", "x"}}};
          flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
        }) == "'line_state': a state set's name is that of no other label");
  CHECK(refusal([] {
          flowviz::Registry registry;
          flowviz::StateSet<LineState, Hall> line{registry, "line_state", "What the line does.",
                                                  flowviz::States<LineState>(), flowviz::Label<Hall>{"line_state"}};
        }) == "'line_state': the label 'line_state' is that of the states");
}

template <int N>
std::string refused_state() {
  return refusal([] {
    flowviz::Registry registry;
    flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<typename Texts<N>::State>()};
  });
}

TEST_CASE("states whose texts would break a page are refused with metric and rule") {
  CHECK(refused_state<0>() == "'line_state', its states: the value 'a' occurs twice");
  CHECK(refused_state<1>() == "'line_state', its states: the text of a state is not empty");
  CHECK(refused_state<2>() ==
        "'line_state', its states: the value '\xff' is not UTF-8, has a carriage return, or is too long");
  CHECK(refused_state<3>() ==
        "'line_state', its states: the value '\r' is not UTF-8, has a carriage return, or is too long");
  CHECK(refused_state<4>() ==
        "'line_state', its states: '_other' stands for the values beyond the domain and cannot be one of it");
}

TEST_CASE("a metric of the same name is the same one only with the same states") {
  flowviz::Registry registry;
  flowviz::StateSet line{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
  flowviz::StateSet same{registry, "line_state", "What the line does.", flowviz::States<LineState>()};
  line.set(LineState::cleaning);
  CHECK(same.value() == LineState::cleaning);
  CHECK(refusal([&] {
          flowviz::StateSet other{registry, "line_state", "What the line does.", flowviz::States<Other>()};
        }).find("other states") != std::string::npos);
}

TEST_CASE("the catalogue has its states as a label") {
  flowviz::Registry registry;
  const flowviz::StateSet<LineState, Hall> lines{registry, "line_state", "What the lines do.",
                                                 flowviz::States<LineState>(), flowviz::Label<Hall>{"hall"}};
  const flowviz::MetricDescription metric = flowviz::describe(registry).at(0);
  CHECK(metric.type == "stateset");
  CHECK(metric.labels.size() == 2);
  CHECK(metric.labels.back().name == "line_state");
  CHECK(metric.labels.back().values == std::vector<std::string>{"stopped", "running", "cleaning"});
  CHECK(metric.max_series == 3);  // two halls and _other
  CHECK(metric.max_samples() == 9);
}

}  // namespace
