// SPDX-License-Identifier: MIT
// Whatever bytes a label value holds, the page stays valid: what is no UTF-8 is repaired, what is too long is cut, both
// are counted, and what was counted with such a value is there.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "refusal.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

// The samples of a page, which has to be valid.
std::vector<support::Sample> read(const std::string& page) {
  for (const support::Violation& violation : support::validate_text(page)) {
    FAIL_CHECK(violation.rule << ", line " << violation.line << ": " << violation.detail);
  }
  return support::parse_samples(page);
}

// A metric with one open label, and the label values on its page.
struct Texts {
  explicit Texts(std::uint32_t cap)
      : counter{registry, "texts_total", "By handler.", flowviz::MaxSeries{cap + 1},
                flowviz::OpenLabel{"handler", cap}} {}

  std::vector<std::string> values() const {
    std::vector<std::string> values;
    for (const support::Sample& sample : read(flowviz::scrape(registry).body)) {
      if (sample.name == "texts_total") values.push_back(*sample.label("handler"));
    }
    return values;
  }
  double total() const {
    double sum = 0;
    for (const support::Sample& sample : read(flowviz::scrape(registry).body)) {
      sum += sample.name == "texts_total" ? sample.value : 0;
    }
    return sum;
  }
  double repaired(const char* reason) const {
    return support::value_of(read(flowviz::scrape(registry).body), "flowviz_metrics_label_texts_repaired_total",
                             {{"reason", reason}});
  }

  flowviz::Registry registry;
  flowviz::Counter<flowviz::Text> counter;
};

std::string random_bytes(std::mt19937& random, std::size_t longest) {
  // Bytes that mean something to UTF-8 or to the page come more often than by chance.
  static constexpr std::string_view special("\"\\\n\r\0{},= \xc3\xa9\xed\xa0\xbf\xef\xf0\x9f\x80\xff\xc0", 22);
  std::string text(random() % (longest + 1), '\0');
  for (char& c : text) {
    c = random() % 2 == 0 ? special[random() % special.size()]
                          : static_cast<char>(static_cast<unsigned char>(random()));
  }
  return text;
}

}  // namespace

TEST_CASE("each text is shown as itself, or repaired") {
  using namespace std::string_view_literals;
  struct Case {
    std::string_view text, shown;
  };
  for (const Case& c : {
           Case{"plain"sv, "plain"sv}, Case{""sv, ""sv},
           Case{"quote \" backslash \\ newline \n end"sv, "quote \" backslash \\ newline \n end"sv},
           Case{"\\n is not a newline"sv, "\\n is not a newline"sv},
           Case{"ends in a backslash\\"sv, "ends in a backslash\\"sv}, Case{"a\0b"sv, "a\0b"sv},
           Case{"carriage\rreturn\ttab"sv, "carriage\xef\xbf\xbdreturn\ttab"sv},
           Case{"} 17\n# TYPE x counter\nx_total{a=\"b\"} 1"sv, "} 17\n# TYPE x counter\nx_total{a=\"b\"} 1"sv},
           Case{"K\xc3\xa4se \xe6\xb0\xb4 \xf0\x9f\xa7\x80"sv, "K\xc3\xa4se \xe6\xb0\xb4 \xf0\x9f\xa7\x80"sv},
           Case{"\xe2\x80\xa8 line separator"sv, "\xe2\x80\xa8 line separator"sv},
           Case{"one \xff byte"sv, "one \xef\xbf\xbd byte"sv}, Case{"\xc3"sv, "\xef\xbf\xbd"sv},  // ends in the middle
           Case{"\xc0\xaf"sv, "\xef\xbf\xbd\xef\xbf\xbd"sv},                                      // longer than needed
           Case{"\xed\xa0\x80"sv, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"sv},                      // a surrogate
           Case{"\xf4\x90\x80\x80"sv, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"sv},      // beyond U+10FFFF
       }) {
    CAPTURE(c.text);
    const Texts texts(4);
    const double repaired = texts.repaired("not_utf8");
    texts.counter.with(c.text).inc();
    texts.counter.with(c.text).inc();
    CHECK(texts.values() == std::vector<std::string>{std::string(c.shown)});
    CHECK(texts.total() == 2);
    CHECK(texts.repaired("not_utf8") - repaired == (c.text == c.shown ? 0 : 2));
  }
}

TEST_CASE("a text that is too long is cut at a code point, with a hash behind it, and is counted") {
  // Cut where a sequence of two, three or four bytes would be split.
  for (const std::string_view unit : {"a", "\xc3\xa9", "\xe6\xb0\xb4", "\xf0\x9f\xa7\x80"}) {
    for (const std::size_t length : {1'025u, 1'040u, 10'000u, 100'000u}) {
      std::string text = "x";
      while (text.size() < length) text += unit;
      CAPTURE(text.size());
      const Texts texts(4);
      const double cut = texts.repaired("too_long");
      texts.counter.with(text).inc();
      texts.counter.with(text).inc();
      const std::vector<std::string> values = texts.values();
      REQUIRE(values.size() == 1);
      CHECK(values[0].size() <= 1'024);
      CHECK(values[0].size() > 1'024 - 4);
      CHECK(values[0].substr(0, 100) == text.substr(0, 100));
      CHECK(texts.total() == 2);
      CHECK(texts.repaired("too_long") - cut == 2);
    }
  }
}

TEST_CASE("texts of up to 1,024 bytes are kept whole") {
  const Texts texts(4);
  const double cut = texts.repaired("too_long");
  const std::string longest(1'024, 'x');
  texts.counter.with(longest).inc();
  CHECK(texts.values() == std::vector<std::string>{longest});
  CHECK(texts.repaired("too_long") == cut);
}

TEST_CASE("long texts that begin alike stay apart") {
  const Texts texts(10);
  const std::string beginning(50'000, 'x');
  for (const char* end : {"a", "b", "\xff", "\xfe\xfe", ""}) texts.counter.with(beginning + end).inc();
  CHECK(texts.values().size() == 5);
  CHECK(texts.total() == 5);
}

TEST_CASE("random bytes in label values leave every page valid, and nothing is lost") {
  std::mt19937 random(20240607);
  for (const std::size_t longest : {3u, 40u, 1'100u}) {
    const Texts texts(300);
    const std::size_t writes = 2'000;
    for (std::size_t i = 0; i < writes; ++i) texts.counter.with(random_bytes(random, longest)).inc();
    CHECK(texts.total() == writes);
    CHECK(texts.values().size() <= 301);
  }
}

TEST_CASE("random bytes from many threads leave the pages valid that are scraped meanwhile") {
  const std::size_t threads = 4, writes = scaled(20'000);
  const Texts texts(200);
  std::atomic<std::size_t> writing{threads};
  std::string complaint;
  run_together(threads + 1, [&](std::size_t i) {
    if (i < threads) {
      std::mt19937 random(static_cast<std::mt19937::result_type>(i % 2));  // two threads bring the same texts
      for (std::size_t n = 0; n < writes; ++n) texts.counter.with(random_bytes(random, 20)).inc();
      --writing;
      return;
    }
    do {
      const std::string page = flowviz::scrape(texts.registry).body;
      for (const support::Violation& violation : support::validate_text(page)) {
        complaint = violation.rule + ": " + violation.detail;
      }
    } while (writing != 0 && complaint.empty());
  });
  CHECK(complaint == "");
  CHECK(texts.total() == threads * writes);
}

TEST_CASE("whatever a help text holds, the page stays valid, or registration is refused") {
  struct Case {
    const char* help;
    bool valid;
  };
  for (const Case& c : {Case{"Quote \" backslash \\ newline \n tab \t.", true}, Case{"Caf\xc3\xa9.", true},
                        Case{"Ends in a backslash.\\", true}, Case{"No UTF-8: \xff.", false},
                        Case{"A surrogate: \xed\xa0\x80.", false}}) {
    CAPTURE(c.help);
    flowviz::Registry registry;
    const std::string message =
        refusal([&] { flowviz::Counter<>{registry, "helped_total", flowviz::HelpText::checked(c.help)}.inc(); });
    CHECK(message.empty() == c.valid);
    static_cast<void>(read(flowviz::scrape(registry).body));
  }
}
