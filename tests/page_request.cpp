// SPDX-License-Identifier: MIT
#include <flowviz_metrics/page_request.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using flowviz::PageRequest;
using flowviz::PageTurns;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> names_in(std::string_view query) {
  PageRequest asked;
  asked.query(query);
  const auto names = asked.options().names;
  return {names.begin(), names.end()};
}

bool gzip_wanted(std::string_view header) {
  PageRequest asked;
  asked.header("Accept-Encoding", header);
  return asked.wants_gzip();
}

std::chrono::nanoseconds budget_for(std::string_view header) {
  PageRequest asked;
  asked.header("X-Prometheus-Scrape-Timeout-Seconds", header);
  return asked.options().budget;
}

}  // namespace

TEST_CASE("a request that says nothing asks for the whole page as it is") {
  const PageRequest asked;
  CHECK(asked.refusal() == "");
  CHECK(asked.options().accept == "");
  CHECK(asked.options().names.empty());
  CHECK(asked.options().budget == 0ns);
  CHECK_FALSE(asked.wants_gzip());
}

TEST_CASE("the names of a query are those of its parameters name[], decoded") {
  using Names = std::vector<std::string>;
  CHECK(names_in("") == Names{});
  CHECK(names_in("name[]=a&name[]=b_total") == Names{"a", "b_total"});
  CHECK(names_in("name%5B%5D=a&name%5b%5d=b") == Names{"a", "b"});
  CHECK(names_in("&&name[]=a&&") == Names{"a"});
  CHECK(names_in("name[]=%61%2Bb+c%") == Names{"a+b c%"});
  CHECK(names_in("name[]=%4&name[]=%4g&name[]=%zz") == Names{"%4", "%4g", "%zz"});
  CHECK(names_in("name[]=a=b&name[]=%26") == Names{"a=b", "&"});
  CHECK(names_in("name[]&name[]=") == Names{"", ""});
  CHECK(names_in("name=a&names[]=b&Name[]=c&name[]x=d&module=e") == Names{});
  CHECK(names_in("name[]=\"a&name[]=b\"") == Names{"\"a", "b\""});
}

TEST_CASE("as many names as may be are taken, and one more is refused") {
  PageRequest asked;
  for (std::size_t i = 0; i < PageRequest::max_names; ++i) asked.query("name[]=a");
  CHECK(asked.refusal() == "");
  CHECK(asked.options().names.size() == PageRequest::max_names);
  asked.parameter("other", "a");
  CHECK(asked.refusal() == "");
  asked.parameter("name[]", "a");
  CHECK(asked.refusal() == "name[]: a page has at most " + std::to_string(PageRequest::max_names) + " names");
  CHECK(asked.options().names.size() == PageRequest::max_names);
}

TEST_CASE("a name as long as may be is taken, and a longer one refused") {
  PageRequest asked;
  asked.parameter("name[]", std::string(PageRequest::max_name_bytes, 'x'));
  CHECK(asked.refusal() == "");
  asked.parameter("name[]", std::string(PageRequest::max_name_bytes + 1, 'x'));
  CHECK(asked.refusal() == "name[]: a name has at most " + std::to_string(PageRequest::max_name_bytes) + " bytes");
  CHECK(asked.options().names.size() == 1);
}

TEST_CASE("headers are known whatever their case, and all lines of one count") {
  PageRequest asked;
  asked.header("ACCEPT", "text/plain;q=0.5");
  asked.header("accept", "application/openmetrics-text");
  asked.header("Accept-Charset", "utf-8");
  asked.header("accept-encoding", "br");
  asked.header("Accept-Encoding", "gzip");
  asked.header("x-prometheus-scrape-timeout-seconds", "10");
  CHECK(asked.options().accept == "text/plain;q=0.5, application/openmetrics-text");
  CHECK(asked.wants_gzip());
  CHECK(asked.options().budget == 9500ms);
}

TEST_CASE("callbacks have the reader's timeout less what making and sending the page takes") {
  CHECK(budget_for("10") == 9500ms);
  CHECK(budget_for("10.000") == 9500ms);  // VictoriaMetrics
  CHECK(budget_for(" 15.5\t") == 15s);
  CHECK(budget_for("1") == 800ms);
  CHECK(budget_for("0.5") == 400ms);
  CHECK(budget_for(".5") == 400ms);
  CHECK(budget_for("0.00000001") == 8ns);
  CHECK(budget_for("10.0000000009999999999999999999999999") == 9500ms);
  CHECK(budget_for("86400") == 24h - 500ms);
}

TEST_CASE("a timeout that is none gives no budget") {
  for (const std::string_view header : {"",      "0",
                                        "0.0",   ".",
                                        "-1",    "+1",
                                        "1e1",   "1,5",
                                        "1.2.3", "0x10",
                                        "ten",   "10 s",
                                        "NaN",   "nan",
                                        "Inf",   "+Inf",
                                        "-Inf",  "infinity",
                                        "1e308", "86400.001",
                                        "86401", "9999999999999999999999999999999999999999",
                                        "\xff"}) {
    CAPTURE(header);
    CHECK(budget_for(header) == 0ns);
  }
}

TEST_CASE("gzip is wanted by who accepts it, and no less than the page as it is") {
  for (const std::string_view header :
       {"gzip", "GZIP", "gzip, deflate, br", "deflate;q=1.0,gzip;q=0.5", "gzip;q=0.001", "x-gzip", "*", "br, *;q=0.1",
        "gzip, *;q=0", "identity;q=0.5, gzip", "identity, gzip", " gzip ; q=1 ", "gzip;q=\"1\"", "identity;q=0,gzip"}) {
    CAPTURE(header);
    CHECK(gzip_wanted(header));
  }
  for (const std::string_view header : {"",
                                        "identity",
                                        "gzip;q=0",
                                        "gzip;q=0.000",
                                        "x-gzipped",
                                        "gzipped",
                                        "x-gzipped, br",
                                        "agzip",
                                        "br",
                                        "deflate",
                                        "*;q=0",
                                        "gzip;q=0, *",
                                        "gzip;q=0.5, identity",
                                        "gzip;q=x",
                                        "gzip;q=",
                                        "gzip;q=-1",
                                        "gzip;q=1.5",
                                        "\"gzip\"",
                                        "br;x=\"gzip\"",
                                        "gzip/1",
                                        "\xff\xfe",
                                        ",;,=;"}) {
    CAPTURE(header);
    CHECK_FALSE(gzip_wanted(header));
  }
}

TEST_CASE("turns are had by as many at once as there are, and come back") {
  PageTurns turns(2);
  const auto to_be_had = [](PageTurns& of) { return static_cast<bool>(of.take()); };
  {
    const auto first = turns.take();
    CHECK(static_cast<bool>(first));
    CHECK(to_be_had(turns));
    const auto second = turns.take();
    CHECK_FALSE(to_be_had(turns));
    CHECK_FALSE(to_be_had(turns));  // one that was refused gives nothing back
  }
  CHECK(to_be_had(turns));
  PageTurns none(0);
  CHECK_FALSE(to_be_had(none));
}
