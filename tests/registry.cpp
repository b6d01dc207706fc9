// SPDX-License-Identifier: MIT
#include <flowviz_metrics/registry.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Buckets;
using flowviz::ConstantLabel;
using flowviz::Counter;
using flowviz::DoubleCounter;
using flowviz::Gauge;
using flowviz::Histogram;
using flowviz::Info;
using flowviz::Label;
using flowviz::LabelName;
using flowviz::MaxSeries;
using flowviz::OpenLabel;
using flowviz::Registry;
using flowviz::UpDownCounter;
using sample::LotType;

static_assert(!std::is_copy_constructible_v<Registry> && !std::is_move_constructible_v<Registry>);

namespace {

/// The names of a registry's metrics in their order.
std::string names_in(const Registry& registry) {
  std::string names;
  registry.each_family([&](const flowviz::Family& family) { names += family.definition().name + " "; });
  return names;
}

}  // namespace

TEST_CASE("a registry that is not made yet is refused with the reason") {
  // Memory as a registry finds it that is declared after its metrics, a static one and another. Nothing but its first question is
  // asked.
  alignas(Registry) unsigned char memory[sizeof(Registry)] = {};
  auto& registry = reinterpret_cast<Registry&>(memory);
  const auto refused = [&] { return refusal([&] { Counter{registry, "c_total", "C."}; }); };
  CHECK(refused() ==
        "'c_total': its registry is not made yet: declare a registry before the metrics that it is given to");
  std::fill(std::begin(memory), std::end(memory), static_cast<unsigned char>(0x5a));
  CHECK(says(refused(), "hide no symbols of the library; or its registry is not made yet: declare a registry before"));
}

TEST_CASE("metrics are on the page in the order of their registration") {
  Registry registry;
  Gauge{registry, "b", "B."};
  Counter{registry, "c_total", "C."};
  Gauge{registry, "a", "A."};
  CHECK(names_in(registry) == "b c_total a ");
  const std::string page = valid_page(registry);
  CHECK(page.find("\nb 0\n") < page.find("\nc_total 0\n"));
  CHECK(page.find("\nc_total 0\n") < page.find("\na 0\n"));
}

TEST_CASE("an equal definition gives the same metric again") {
  Registry registry;
  const auto define = [&] {
    return Counter{
        registry, "lots_total", "Lots.", MaxSeries{50}, Label<LotType>{"lot_type"}, OpenLabel{"page", 3}.pin({"/a"})};
  };
  define().with(LotType::raw, "/a").inc(1);
  define().with(LotType::raw, "/a").inc(2);
  CHECK(define().with(LotType::raw, "/a").value() == 3);
  CHECK(names_in(registry) == "lots_total ");

  Histogram{registry, "h", "H.", Buckets{1, 2}}.observe(1);
  Histogram{registry, "h", "H.", Buckets{1, 2}}.observe(1);
  CHECK(Histogram{registry, "h", "H.", Buckets{1, 2}}.value().count == 2);
}

TEST_CASE("a definition of the same name that differs is refused") {
  Registry registry;
  Counter{registry, "a_total", "A.", Label<LotType>{"kind"}};
  Histogram{registry, "h", "H.", Buckets{1, 2}};
  Gauge{registry, "g", "G.", OpenLabel{"page", 2}.pin({"x", "y"})};
  const std::string a = "'a_total' is registered already, with ";
  CHECK(refusal([&] { Counter{registry, "a_total", "Other.", Label<LotType>{"kind"}}; }) ==
        a + "another help text: 'A.' there, 'Other.' here");
  CHECK(refusal([&] { Counter{registry, "a_total", "A."}; }) == a + "other labels: 'kind' there, '' here");
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", Label<LotType>{"sort"}}; }) ==
        a + "other labels: 'kind' there, 'sort' here");
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", Label<bool>{"kind"}}; }) ==
        a + "other values of the label 'kind': 'raw, intermediate, finished' there, 'false, true' here");
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", OpenLabel{"kind", 3}}; }) ==
        a + "another kind of the label 'kind': closed there, open here");
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", MaxSeries{99}, Label<LotType>{"kind"}}; }) ==
        a + "another MaxSeries");
  CHECK(refusal([&] { DoubleCounter{registry, "a_total", "A.", Label<LotType>{"kind"}}; }) ==
        a + "another type: Counter there, DoubleCounter here");
  const std::string h = "'h' is registered already, with ";
  CHECK(refusal([&] { Histogram{registry, "h", "H.", Buckets{1, 3}}; }) ==
        h + "other bounds: '1, 2' there, '1, 3' here");
  CHECK(refusal([&] { Histogram{registry, "h", "H.", Buckets{1, 2, 1e6}}; }) ==
        h + "other bounds: '1, 2' there, '1, 2, 1e+06' here");
  CHECK(refusal([&] { Histogram{registry, "h", "H.", Buckets{1, 2.0000001}}; }) ==
        h + "other bounds: '1, 2' there, '1, 2.0000000999999998' here");
  CHECK(refusal([&] { Gauge{registry, "h", "H."}; }) == h + "another type: Histogram there, Gauge here");
  const std::string g = "'g' is registered already, with ";
  CHECK(refusal([&] { UpDownCounter{registry, "g", "G.", OpenLabel{"page", 2}.pin({"x", "y"})}; }) ==
        g + "another type: Gauge there, UpDownCounter here");
  CHECK(refusal([&] { Gauge{registry, "g", "G.", OpenLabel{"page", 2}.pin({"y", "x"})}; }) ==
        g + "other values of the label 'page': 'x, y' there, 'y, x' here");
  CHECK(refusal([&] { Gauge{registry, "g", "G.", OpenLabel{"page", 3}.pin({"x", "y", "z"})}; }) ==
        g + "another cap of the label 'page': 2 there, 3 here");
  CHECK(names_in(registry) == "a_total h g ");
}

TEST_CASE("metrics whose samples would share a name on a page of any format are refused") {
  struct {
    std::string rule;
    void (*define)(Registry&);
  } const table[] = {
      {"'a' and 'a_total' would both put 'a' on the page",
       [](Registry& r) {
         Counter{r, "a_total", "A."};
         Gauge{r, "a", "A."};
       }},
      {"'a_total' and 'a' would both put 'a' on the page",
       [](Registry& r) {
         Gauge{r, "a", "A."};
         Counter{r, "a_total", "A."};
       }},
      {"'a_info' and 'a' would both put 'a' on the page",
       [](Registry& r) {
         UpDownCounter{r, "a", "A."};
         Info{r, "a_info", "A.", {}};
       }},
      {"'a_total' and 'a_info' would both put 'a' on the page",
       [](Registry& r) {
         Info{r, "a_info", "A.", {}};
         DoubleCounter{r, "a_total", "A."};
       }},
      {"'a' and 'a_total' would both put 'a' on the page",
       [](Registry& r) {
         Counter{r, "a_total", "A."};
         Histogram{r, "a", "A.", Buckets{1}};
       }},
  };
  for (const auto& row : table) {
    Registry registry;
    CHECK(refusal([&] { row.define(registry); }) ==
          row.rule + " of one format or another (OpenMetrics leaves _total and _info out, and adds _created)");
  }
}

TEST_CASE("definitions as data meet the same clashes") {
  const auto definition = [](flowviz::Kind kind, const char* name) {
    flowviz::Definition made;
    made.kind = kind;
    made.name = name;
    made.help = "H.";
    made.legacy_name = true;  // names that rules keep apart otherwise
    if (kind == flowviz::Kind::histogram) made.bounds = {1};
    return made;
  };
  using flowviz::Kind;
  struct {
    Kind first;
    const char* first_name;
    Kind second;
    const char* second_name;
    const char* shared;
  } const table[] = {{Kind::counter, "a_total", Kind::gauge, "a_created", "a_created"},
                     {Kind::histogram, "a", Kind::gauge, "a_count", "a_count"},
                     {Kind::histogram, "a", Kind::gauge, "a_sum", "a_sum"},
                     {Kind::histogram, "a", Kind::gauge, "a_bucket", "a_bucket"},
                     {Kind::histogram, "a", Kind::gauge, "a_created", "a_created"},
                     {Kind::histogram, "a", Kind::counter, "a_count_total", "a_count"},
                     {Kind::counter, "a", Kind::gauge, "a_total", "a_total"},
                     {Kind::info, "a", Kind::gauge, "a_info", "a_info"},
                     {Kind::gauge, "a_info", Kind::info, "a", "a_info"}};
  for (const auto& row : table) {
    CAPTURE(row.second_name);
    Registry registry;
    registry.add(definition(row.first, row.first_name));
    CHECK(says(refusal([&] { registry.add(definition(row.second, row.second_name)); }),
               std::string("would both put '") + row.shared + "' on the page"));
  }
}

TEST_CASE("metrics whose names only look alike live side by side") {
  Registry registry;
  Counter{registry, "a_total", "A."};
  Gauge{registry, "a_totals", "A."};
  Gauge{registry, "aa", "A."};
  Histogram{registry, "b", "B.", Buckets{1}};
  Gauge{registry, "b_counts", "B."};
  CHECK(valid_page(registry) != "");
}

TEST_CASE("the library's own names and the process's are refused") {
  Registry registry;
  CHECK(says(refusal([&] { Gauge{registry, "flowviz_metrics_lots", "L."}; }), "belong to the library's own metrics"));
  CHECK(says(refusal([&] { Gauge{registry, "process_threads", "T."}; }), "call flowviz::expose_process_metrics"));
  CHECK(says(refusal([&] { DoubleCounter{registry, "process_cpu_seconds_total", "T."}; }), "expose_process_metrics"));
  CHECK(says(refusal([&] { Gauge{registry, "process_cpu_seconds", "T."}; }), "process_cpu_seconds"));
  CHECK(refusal([&] { Gauge{registry, "process_lots", "L."}; }) == "");
}

TEST_CASE("constant labels are on every line of a registry's page") {
  Registry registry{{{"site", "north"}, {"zone", "a \"b\"\n"}}};
  flowviz::expose_process_metrics(registry);
  Counter{registry, "a_total", "A."};
  Gauge{registry, "g", "G.", Label<LotType>{"kind"}};
  Histogram{registry, "h", "H.", Buckets{1}, OpenLabel{"page", 2}.pin({"/a"})};
  Info{registry, "build_info", "B.", {{"version", "1"}}};
  CHECK(samples_of(registry, "a_total") == "a_total{site=\"north\",zone=\"a \\\"b\\\"\\n\"} 0\n");
  CHECK(registry.constant_labels() == "site=\"north\",zone=\"a \\\"b\\\"\\n\"");
  for (const support::Sample& sample : support::parse_samples(valid_page(registry))) {
    CAPTURE(sample.name);
    REQUIRE(sample.label("site") != nullptr);
    CHECK(*sample.label("site") == "north");
  }
}

TEST_CASE("constant labels out of configuration are the same as literal ones") {
  const std::string name = "site", value = "north";
  const std::vector<ConstantLabel> labels{{LabelName::checked(name), value}};
  Registry registry{labels};
  Counter{registry, "a_total", "A."};
  CHECK(samples_of(registry, "a_total") == "a_total{site=\"north\"} 0\n");
}

TEST_CASE("constant labels that no page can show are refused") {
  CHECK(refusal([] { Registry{{{"site", "a"}, {"site", "b"}}}; }) ==
        "a registry, label 'site': a label name occurs once");
  CHECK(says(refusal([] { Registry{{{"site", "\xff"}}}; }), "the value of a constant label is UTF-8"));
  const std::string long_text(flowviz::encode::max_label_bytes + 1, 'x');
  CHECK(says(refusal([&] { Registry{{{"site", long_text}}}; }), "the value of a constant label is too long"));
}

TEST_CASE("constant labels that the library's own metrics have already leave no invalid page") {
  for (const std::string_view name : {"reason", "metric", "label"}) {
    CAPTURE(name);
    const std::vector<ConstantLabel> labels{{LabelName::checked(name), "x"}};
    const std::string message = refusal([&] {
      Registry registry{labels};
      Counter{registry, "a_total", "A.", OpenLabel{"page", 1}};
      valid_page(registry);
    });
    CHECK(says(message, name));
  }
}

TEST_CASE("a label that is a constant one already is refused") {
  Registry registry{{{"site", "north"}}};
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", OpenLabel{"site", 2}}; }) ==
        "'a_total': the label 'site' is a constant label already");
  CHECK(says(refusal([&] { Info{registry, "a_info", "A.", {{"site", "x"}}}; }), "label 'site'"));
}

TEST_CASE("a metric can have constant labels of its own, behind those of the registry") {
  Registry registry{{{"site", "north"}}};
  const std::vector<ConstantLabel> labels{{"app", "wms"}, {"zone", "a"}};
  const std::span<const ConstantLabel> own(labels);
  Counter{registry, "a_total", "A.", own}.inc();
  Gauge{registry, "g", "G.", own, Label<bool>{"late"}};
  UpDownCounter{registry, "u", "U.", own};
  Histogram{registry, "h", "H.", Buckets{1}, flowviz::MetricOptions{MaxSeries{3}, own}, Label<bool>{"late"}};
  CHECK(samples_of(registry, "a_total") == "a_total{site=\"north\",app=\"wms\",zone=\"a\"} 1\n");
  CHECK(says(valid_page(registry), "\ng{site=\"north\",app=\"wms\",zone=\"a\",late=\"false\"} 0\n"));
  CHECK(says(valid_page(registry), "\nu{site=\"north\",app=\"wms\",zone=\"a\"} 0\n"));
  CHECK(says(valid_page(registry), "\nh_count{site=\"north\",app=\"wms\",zone=\"a\",late=\"true\"} 0\n"));
}

TEST_CASE("a metric's constant labels that no page can show are refused") {
  Registry registry{{{"site", "north"}}};
  const auto with_labels = [&](const std::vector<ConstantLabel>& labels) {
    return refusal(
        [&] { Counter{registry, "a_total", "A.", std::span<const ConstantLabel>(labels), OpenLabel{"page", 2}}; });
  };
  CHECK(says(with_labels({{"site", "x"}}), "label 'site': a label name occurs once"));
  CHECK(says(with_labels({{"app", "x"}, {"app", "y"}}), "label 'app': a label name occurs once"));
  CHECK(says(with_labels({{"app", "\xff"}}), "label 'app': the value of a constant label is UTF-8"));
  CHECK(says(with_labels({{"page", "x"}}), "the label 'page' is a constant label already"));
  CHECK(with_labels({{"app", "x"}}) == "");
  CHECK(says(with_labels({{"app", "y"}}), "is registered already"));
}

TEST_CASE("a help text shows any UTF-8, and nothing else is taken") {
  Registry registry;
  Gauge{registry, "g", "A \\ back\nslash, \"quoted\" \xe2\x82\xac."};
  CHECK(says(valid_page(registry), "# HELP g A \\\\ back\\nslash, \"quoted\" \xe2\x82\xac.\n"));
  for (const char* text : {"\xff", "A\r", "A \xe2\x82"}) {
    CHECK(refusal([&] { static_cast<void>(flowviz::HelpText::checked(text)); }) ==
          "a help text is UTF-8 without carriage returns");
  }
}

TEST_CASE("what is registered as data keeps the rules that the compiler checks otherwise") {
  using flowviz::Definition;
  using flowviz::Kind;
  struct {
    const char* rule;
    void (*change)(Definition&);
  } const table[] = {
      {"a name is not empty", [](Definition& d) { d.name = ""; }},
      {"a name is lower-case snake_case", [](Definition& d) { d.name = "a b_total"; }},
      {"a name is lower-case snake_case", [](Definition& d) { d.name = "a{x=\"1\"}_total"; }},
      {"a name is lower-case snake_case", [](Definition& d) { d.name = "a\n_total"; }},
      {"a counter's name ends in _total", [](Definition& d) { d.name = "a"; }},
      {"only a counter's name ends in _total", [](Definition& d) { d.kind = Kind::gauge; }},
      {"the name of an Info ends in _info", [](Definition& d) { d.kind = Kind::info; }},
      {"the endings _bucket", [](Definition& d) { d.name = "a_bucket_total"; }},
      {"'a_total': a help text is not empty", [](Definition& d) { d.help = ""; }},
      {"'a_total': a help text is UTF-8 without carriage returns", [](Definition& d) { d.help = "\xff"; }},
      {"'bad label': a name is lower-case", [](Definition& d) { d.labels = {{"bad label", true, {}, 1}}; }},
      {"'le': the labels le", [](Definition& d) { d.constant_labels = {{"le", "1"}}; }},
      {"a name is lower-case", [](Definition& d) { d.constant_labels = {{"bad name\n", "1"}}; }},
      {"'a': the bounds of buckets ascend strictly, and number 2 does not: 1 after 5",
       [](Definition& d) {
         d.kind = Kind::histogram;
         d.name = "a";
         d.bounds = {5, 1};
       }},
      {"'a': a histogram has at least one bound",
       [](Definition& d) {
         d.kind = Kind::histogram;
         d.name = "a";
       }},
  };
  for (const auto& row : table) {
    CAPTURE(row.rule);
    Registry registry;
    Definition definition;
    definition.name = "a_total";
    definition.help = "A.";
    row.change(definition);
    CHECK(says(refusal([&] { registry.add(definition); }), row.rule));
    CHECK(names_in(registry) == "");
  }
}

TEST_CASE("a legacy name breaks the rules of naming, not those of the formats") {
  Registry registry;
  flowviz::Definition definition;
  definition.help = "H.";
  definition.legacy_name = true;
  definition.name = "Requests:total_count";
  registry.add(definition);
  CHECK(says(page_of(registry), "\nRequests:total_count 0\n"));
  for (const char* name : {"", "1a", "a b", "a-b", "\xc3\xa4"}) {
    CAPTURE(name);
    definition.name = name;
    CHECK(refusal([&] { registry.add(definition); }) != "");
  }
}

TEST_CASE("a refused definition leaves no trace") {
  Registry registry;
  Counter{registry, "a_total", "A."}.inc();
  const std::string before = valid_page(registry);
  CHECK(refusal([&] { Gauge{registry, "a", "A."}; }) != "");
  CHECK(refusal([&] { Counter{registry, "b_total", "B.", OpenLabel{"x", 0}}; }) != "");
  CHECK(valid_page(registry) == before);
}

TEST_CASE("registries know nothing of each other") {
  Registry one, two;
  const Counter a{one, "a_total", "A."};
  const Gauge b{two, "a", "Another."};
  a.inc();
  CHECK(samples_of(two, "a") == "a 0\n");
  CHECK(samples_of(one, "a_total") == "a_total 1\n");
}

TEST_CASE("a registry can have hundreds of metrics") {
  Registry registry;
  std::vector<Counter<>> counters;
  for (int i = 0; i < 700; ++i) {
    const std::string name = "counter" + std::to_string(i) + "_total";
    counters.push_back(Counter{registry, flowviz::CounterName::checked(name), "C."});
  }
  for (std::size_t i = 0; i < counters.size(); ++i) counters[i].inc(i);
  for (std::size_t i = 0; i < counters.size(); ++i) CHECK(counters[i].value() == i);
  CHECK(says(valid_page(registry), "\ncounter699_total 699\n"));
}

#if !defined(NDEBUG)
TEST_CASE("a write through a handle that outlived its registry is caught where assertions are on") {
  struct {
    void (*write)();
  } const table[] = {{[] {
                       flowviz::CounterSeries kept;
                       {
                         Registry registry;
                         kept = Counter{registry, "a_total", "A.", Label<LotType>{"kind"}}.with(LotType::raw);
                         kept.inc();
                       }
                       kept.inc();
                     }},
                     {[] {
                       flowviz::CounterSeries kept;
                       {
                         Registry registry;
                         kept = Counter{registry, "a_total", "A.", OpenLabel{"page", 500}}.with("/a");
                       }
                       kept.inc();
                     }},
                     {[] {
                       flowviz::GaugeSeries kept;
                       {
                         Registry registry;
                         kept = Gauge{registry, "g", "G.", Label<LotType>{"kind"}}.with(LotType::raw);
                       }
                       kept.set(1);
                     }}};
  for (const auto& row : table) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::signal(SIGABRT, SIG_DFL);
      static_cast<void>(std::freopen("/dev/null", "w", stderr));
      row.write();
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
  }
}
#endif
