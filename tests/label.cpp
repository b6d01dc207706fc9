// SPDX-License-Identifier: MIT
#include <flowviz_metrics/label.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/counter.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Counter;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using sample::LotType;

TEST_CASE("a closed label has a name and a finite set of texts") {
  constexpr Label<LotType> label{"lot_type"};
  CHECK(label.name() == "lot_type");
  CHECK(flowviz::label_value<LotType>("finished") == LotType::finished);
  CHECK(flowviz::label_value<bool>("true") == true);
  CHECK(flowviz::label_value<sample::Grade>("grade A") == sample::Grade::a);
  for (const std::string_view text : {"", "Raw", "raw ", "a", "_other", "lot_type", "1"}) {
    CAPTURE(text);
    CHECK(flowviz::label_value<LotType>(text) == std::nullopt);
    CHECK(flowviz::label_value<sample::Grade>(text) == std::nullopt);
  }
}

TEST_CASE("an open label holds its name, its cap and its pinned values in their order") {
  const OpenLabel label = OpenLabel{"handler", 100}
                              .pin({"/b", "/a"})
                              .pin(std::vector<std::string>{"/c"})
                              .others(flowviz::OtherGauge::last_set);
  CHECK(label.name() == "handler");
  CHECK(label.cap() == 100);
  CHECK(label.pinned() == std::vector<std::string>{"/b", "/a", "/c"});
  CHECK(label.others() == flowviz::OtherGauge::last_set);
  CHECK(OpenLabel{"handler", 1}.others() == flowviz::OtherGauge::refused);
}

TEST_CASE("an open label that has a name takes pinned values one after the other") {
  OpenLabel label{"page", 4};
  label.pin({"/a"}).pin(std::vector<std::string>{"/b", "/c"}).others(flowviz::OtherGauge::last_set);
  CHECK(label.pinned() == std::vector<std::string>{"/a", "/b", "/c"});
  CHECK(label.others() == flowviz::OtherGauge::last_set);
}

TEST_CASE("a name that reads like an identifier is taken when the program says so") {
  CHECK(OpenLabel{"user_id", 10, flowviz::allow_id_like}.name() == "user_id");
  CHECK(OpenLabel{flowviz::OpenLabelName::checked("handler"), 10}.name() == "handler");
}

TEST_CASE("what with() takes follows from the labels") {
  static_assert(std::is_same_v<decltype(Counter{"a_total", "A.", Label<LotType>{"b"}, OpenLabel{"c", 1}}),
                               Counter<LotType, flowviz::Text>>);
  static_assert(flowviz::LabelValue<LotType> && flowviz::LabelValue<bool> && flowviz::LabelValue<flowviz::Text>);
  static_assert(!flowviz::LabelValue<int> && !flowviz::LabelValue<std::string>);
}

TEST_CASE("every value of a closed label is on the page from the start") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}, Label<bool>{"late"}};
  CHECK(samples_of(registry, "lots_total") ==
        "lots_total{lot_type=\"raw\",late=\"false\"} 0\n"
        "lots_total{lot_type=\"raw\",late=\"true\"} 0\n"
        "lots_total{lot_type=\"intermediate\",late=\"false\"} 0\n"
        "lots_total{lot_type=\"intermediate\",late=\"true\"} 0\n"
        "lots_total{lot_type=\"finished\",late=\"false\"} 0\n"
        "lots_total{lot_type=\"finished\",late=\"true\"} 0\n");
}

TEST_CASE("what is counted for a combination of closed labels is shown with those labels") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}, Label<bool>{"late"}};
  int n = 0;
  for (const LotType type : {LotType::raw, LotType::intermediate, LotType::finished}) {
    for (const bool late : {false, true}) lots.with(type, late).inc(++n);
  }
  CHECK(samples_of(registry, "lots_total") ==
        "lots_total{lot_type=\"raw\",late=\"false\"} 1\n"
        "lots_total{lot_type=\"raw\",late=\"true\"} 2\n"
        "lots_total{lot_type=\"intermediate\",late=\"false\"} 3\n"
        "lots_total{lot_type=\"intermediate\",late=\"true\"} 4\n"
        "lots_total{lot_type=\"finished\",late=\"false\"} 5\n"
        "lots_total{lot_type=\"finished\",late=\"true\"} 6\n");
}

TEST_CASE("a closed label's value that is no enumerator is counted under _other of that label alone") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}, Label<bool>{"late"}};
  lots.with(LotType{77}, true).inc(2);
  lots.with(LotType{-1}, true).inc(3);
  const std::string samples = samples_of(registry, "lots_total");
  CHECK(says(samples, "lots_total{lot_type=\"_other\",late=\"true\"} 5\n"));
  CHECK(!says(samples, "{lot_type=\"_other\",late=\"false\"}"));
  CHECK(!says(samples, "late=\"_other\""));
}

TEST_CASE("texts of enumerators out of label_text are what the page shows") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<sample::Grade>{"grade"}};
  lots.with(sample::Grade::b).inc();
  CHECK(samples_of(registry, "lots_total") ==
        "lots_total{grade=\"grade A\"} 0\nlots_total{grade=\"grade \\\"B\\\"\"} 1\n");
}

TEST_CASE("enums with gaps, with values far away and over bool make labels like any other") {
  Registry registry;
  enum class Gaps { low = -5, high = 9 };
  const Counter gaps{registry, "gaps_total", "G.", Label<Gaps>{"gap"}};
  gaps.with(Gaps::high).inc();
  gaps.with(Gaps{0}).inc(3);
  CHECK(samples_of(registry, "gaps_total") ==
        "gaps_total{gap=\"low\"} 0\ngaps_total{gap=\"high\"} 1\ngaps_total{gap=\"_other\"} 3\n");
  const Counter codes{registry, "codes_total", "C.", Label<sample::Code>{"code"}};
  codes.with(sample::Code::teapot).inc();
  CHECK(samples_of(registry, "codes_total") ==
        "codes_total{code=\"ok\"} 0\ncodes_total{code=\"teapot\"} 1\ncodes_total{code=\"last\"} 0\n");
}

TEST_CASE("the first texts of an open label are kept, whatever comes later is counted under _other") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 2}};
  CHECK(samples_of(registry, "hits_total") == "");
  for (const std::string_view page : {"/a", "/b", "/c", "/a", "/d", "/b", "/a"}) hits.with(page).inc();
  CHECK(says(samples_of(registry, "hits_total"), "hits_total{page=\"/a\"} 3\n"));
  CHECK(says(samples_of(registry, "hits_total"), "hits_total{page=\"/b\"} 2\n"));
  CHECK(says(samples_of(registry, "hits_total"), "hits_total{page=\"_other\"} 2\n"));
  CHECK(!says(samples_of(registry, "hits_total"), "/c"));
}

TEST_CASE("pinned texts are on the page from the start and never pushed out") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 3}.pin({"/a", "/b"})};
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"/a\"} 0\nhits_total{page=\"/b\"} 0\n");
  for (const std::string_view page : {"/x", "/y", "/z", "/b", "/a"}) hits.with(page).inc();
  const std::string samples = samples_of(registry, "hits_total");
  for (const std::string_view line : {"\"/a\"} 1\n", "\"/b\"} 1\n", "\"/x\"} 1\n", "\"_other\"} 2\n"})
    CHECK(says(samples, line));
}

TEST_CASE("one label beyond its cap leaves the values of the others alone") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 1}, OpenLabel{"site", 1}};
  hits.with("/a", "x").inc(1);
  hits.with("/b", "x").inc(2);
  hits.with("/a", "y").inc(4);
  hits.with("/b", "y").inc(8);
  const std::string samples = samples_of(registry, "hits_total");
  for (const std::string_view line : {"{page=\"/a\",site=\"x\"} 1\n", "{page=\"_other\",site=\"x\"} 2\n",
                                      "{page=\"/a\",site=\"_other\"} 4\n", "{page=\"_other\",site=\"_other\"} 8\n"}) {
    CHECK(says(samples, line));
  }
}

TEST_CASE("the text _other of an open label is no value of its own") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 1}};
  hits.with("_other").inc();
  hits.with("/a").inc();
  hits.with("/b").inc();
  const std::string samples = samples_of(registry, "hits_total");
  CHECK(says(samples, "{page=\"_other\"} 2\n"));
  CHECK(says(samples, "{page=\"/a\"} 1\n"));
}

TEST_CASE("an open label takes any bytes and the page stays valid") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 20}};
  struct {
    std::string text, shown;
  } const table[] = {
      {"", ""},
      {"\"} 1\nhits_total{page=\"x", "\\\"} 1\\nhits_total{page=\\\"x"},
      {"\\", "\\\\"},
      {"a\tb", "a\tb"},
      {std::string("nul\0l", 5), std::string("nul\0l", 5)},
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe2\x82\xac", "\xe2\x82\xac"},
  };
  for (const auto& row : table) {
    CAPTURE(row.shown);
    hits.with(row.text).inc();
    const std::string page = page_of(registry);
    CHECK(says(page, "hits_total{page=\"" + row.shown + "\"} 1\n"));
  }
  CHECK(samples_of(registry, "hits_total") != "");
}

TEST_CASE("a carriage return in a label text leaves the page valid") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 20}};
  hits.with("a\r\nb").inc();
  CHECK(samples_of(registry, "hits_total") != "");
}

TEST_CASE("texts that are repaired to the same text are one value") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 20}};
  hits.with("a\xff").inc();
  hits.with("a\xfe").inc();
  hits.with("a\xef\xbf\xbd").inc();
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"a\xef\xbf\xbd\"} 3\n");
}

TEST_CASE("long texts are cut, and two that begin alike stay two") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 20}};
  const std::string limit(flowviz::encode::max_label_bytes, 'x');
  hits.with(limit).inc(1);
  hits.with(limit + "y").inc(2);
  hits.with(limit + "z").inc(4);
  hits.with(limit + "y").inc(8);
  const std::string page = valid_page(registry);
  CHECK(says(page, "hits_total{page=\"" + limit + "\"} 1\n"));
  std::vector<double> values;
  for (const support::Sample& sample : support::parse_samples(page)) {
    if (sample.name != "hits_total") continue;
    values.push_back(sample.value);
    CHECK(sample.label("page")->size() == limit.size());
  }
  CHECK(values == std::vector<double>{1, 10, 4});
}

TEST_CASE("a text goes on as it is when the caller's buffer is gone") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 2}};
  std::string text = "/a";
  hits.with(text).inc();
  text[1] = 'b';
  hits.with(text).inc();
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"/a\"} 1\nhits_total{page=\"/b\"} 1\n");
}

namespace {

struct Handler {
  std::string_view text;
};
struct Site {
  std::string text;
};
template <class Metric, class... Values>
concept takes = requires(const Metric& metric, Values... values) { metric.with(values...); };

}  // namespace

TEST_CASE("open labels with types of their own take no other's values") {
  flowviz::Registry registry;
  const flowviz::Counter requests{registry, "requests_total", "Requests.",
                                  flowviz::OpenLabel{"handler", 2}.pin({"/a"}).of<Handler>(),
                                  flowviz::OpenLabel{"site", 2}.of<Site>()};
  static_assert(std::is_same_v<decltype(requests), const flowviz::Counter<Handler, Site>>);
  requests.with(Handler{"/a"}, Site{"north"}).inc();
  requests.with(Handler{"/b"}, Site{"north"}).inc(2);
  CHECK(samples_of(registry, "requests_total") ==
        "requests_total{handler=\"/a\",site=\"north\"} 1\nrequests_total{handler=\"/b\",site=\"north\"} 2\n");
  using Requests = flowviz::Counter<Handler, Site>;
  static_assert(takes<Requests, Handler, Site>);
  static_assert(!takes<Requests, Site, Handler>);
  static_assert(!takes<Requests, const char*, const char*>);
}
