// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/negotiate.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using flowviz::encode::Format;
using flowviz::encode::negotiate;

namespace {

constexpr std::string_view text = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view text_1 = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores";
constexpr std::string_view text_utf8 = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
constexpr std::string_view open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr std::string_view open_utf8 =
    "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
constexpr std::string_view protobuf =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

struct Case {
  std::string_view accept, content_type;
};

void check_all(std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    CAPTURE(one.accept);
    CHECK(negotiate(one.accept).content_type == one.content_type);
  }
}

#define PROTOBUF_RANGE "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

}  // namespace

TEST_CASE("each release line of Prometheus gets the best format that it asks for") {
  check_all({
      // 1.x
      {PROTOBUF_RANGE ";q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", protobuf},
      // 2.0 to 2.4
      {"text/plain;version=0.0.4;q=1,*/*;q=0.1", text},
      // 2.5 to 2.32: an OpenMetrics that was never finished, which is not offered
      {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", text},
      // 2.33 to 2.48
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       open_metrics},
      // 2.40 and later with native histograms
      {PROTOBUF_RANGE ",application/openmetrics-text;version=1.0.0;q=0.8,"
                      "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       protobuf},
      // 2.49 and later
      {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open_metrics},
      // 2.50 and later with native histograms or created timestamps
      {PROTOBUF_RANGE ";q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,"
                      "application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       protobuf},
      // 3.x
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open_utf8},
      // 3.x with native histograms
      {PROTOBUF_RANGE
       ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
       "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       protobuf},
      // The same with one weight more, for one more format than there are now
      {PROTOBUF_RANGE
       ";q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       protobuf},
      // 3.x with metric_name_validation_scheme: legacy
      {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
      // Early 3.x, which name the scheme on every format (as a 3.3.0 was seen to), also with native histograms
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,"
       "*/*;q=0.2",
       open_utf8},
      {PROTOBUF_RANGE
       ";escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,"
       "*/*;q=0.1",
       "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
       "escaping=allow-utf-8"},
      // 3.x with metric_name_escaping_scheme: dots, values
      {"application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,application/"
       "openmetrics-text;version=0.0.1;q=0.5,"
       "text/plain;version=1.0.0;escaping=dots;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots"},
      {"application/openmetrics-text;version=1.0.0;escaping=values;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=values;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"},
      // With scrape_protocols of one's own: one each, then the older text before OpenMetrics
      {"text/plain;version=0.0.4;q=0.6,*/*;q=0.5", text},
      {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5", text_utf8},
      {"text/plain;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5", text_1},
      {"application/openmetrics-text;version=0.0.1;q=0.6,*/*;q=0.5", text},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5", open_utf8},
      {PROTOBUF_RANGE ";q=0.6,*/*;q=0.5", protobuf},
      {"text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.4",
       text},
  });
}

TEST_CASE("other scrapers get what they ask for") {
  check_all({
      // vmagent and VictoriaMetrics, netdata
      {"text/plain;version=0.0.4;q=1,*/*;q=0.1", text},
      // Grafana Agent, Alloy and the receiver of the OpenTelemetry collector scrape as the Prometheus inside of them does, the
      // Datadog agent from 7.46 on as 2.33, and before that so:
      {"text/plain", text},
      // Telegraf and kube-state-metrics' readers; Prometheus 0.x, with a quoted parameter
      {PROTOBUF_RANGE ";q=0.7,text/plain;version=0.0.4;q=0.3", protobuf},
      {PROTOBUF_RANGE
       ";q=0.7,text/plain;version=0.0.4;q=0.3,application/json;schema=\"prometheus/telemetry\";version=0.0.2;q=0.2,"
       "*/*;q=0.1",
       protobuf},
      // Python's and Go's own clients of OpenMetrics, with the content type for a header
      {"application/openmetrics-text; version=1.0.0; charset=utf-8", open_metrics},
      {"application/openmetrics-text; version=1.0.0", open_metrics},
  });
}

TEST_CASE("whoever asks for nothing in particular gets text") {
  check_all({
      {"", text},
      {"*/*", text},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", text},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
       "application/signed-exchange;v=b3;q=0.7",
       text},                                                                     // Chromium
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text},  // Safari, Firefox
      {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", text},             // Java
      {"application/json, text/plain, */*", text},                                // axios
      {"text/html", text},
      {"text/*", text},
      {"application/json", text},
      {"application/openmetrics-text;q=0.1,*/*", text},
  });
}

TEST_CASE("weights decide, then how closely a format is named, then the order") {
  check_all({
      {"text/plain;q=0.2,application/openmetrics-text;q=0.3", open_metrics},
      {"text/plain;q=0.3,application/openmetrics-text;q=0.2", text},
      {"application/openmetrics-text,text/plain", open_metrics},
      {"text/plain,application/openmetrics-text", text},
      {"text/plain,application/openmetrics-text;version=1.0.0", open_metrics},
      {"*/*,application/openmetrics-text", open_metrics},
      {"*/*;q=0.9,application/openmetrics-text;q=0.8", text},
      {"*/*,text/plain;q=0.5,application/vnd.google.protobuf;q=0", open_metrics},
      {"application/openmetrics-text;q=0.001,text/plain;q=0", open_metrics},
      {"application/openmetrics-text;q=0,*/*;q=0.5", text},
      {"application/openmetrics-text;q=0", text},
      {"*/*;q=0", text},
      {"application/openmetrics-text;q=0.3, application/openmetrics-text;q=0.6, text/plain;q=0.5", open_metrics},
  });
}

TEST_CASE("names are read whatever their case, with blanks and with quotes") {
  check_all({
      {"Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.9 , text/plain;q=0.8", open_metrics},
      {"\tapplication/openmetrics-text ;\tversion=1.0.0", open_metrics},
      {"application/openmetrics-text;version=1.0.0;charset=UTF-8", open_metrics},
      {"application/openmetrics-text;version=1.0.0;escaping=\"underscores\"",
       "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
      {"application/openmetrics-text;version=1.0.0;ESCAPING=Values",
       "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"},
      {"application/openmetrics-text;version=\"1.0.0,text/plain\"", text},
  });
}

TEST_CASE("text 1.0.0 is for readers who name it, or want no other text") {
  check_all({
      {"text/plain;version=1.0.0", text_1},
      {"text/plain;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4", text_1},
      {"text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5", text},
      {"text/plain;version=1.0.0,text/plain;version=0.0.4", text_1},
      {"text/plain;version=0.0.4,text/plain;version=1.0.0", text},
      {"text/plain;version=1.0.0;q=0", text},
      {"text/plain;version=0.0.4;q=0,text/*", text_1},
      {"text/plain;version=0.0.4;q=0,*/*", open_metrics},
      {"text/plain;version=0.0.4;q=0,application/*;q=0,*/*", text_1},
  });
}

TEST_CASE("the scheme of escaping is what the range says that decides") {
  using flowviz::encode::Escaping;
  struct Outcome {
    std::string_view accept;
    Format format;
    Escaping escaping;
    std::string_view content_type;
  };
  for (const Outcome& one : std::initializer_list<Outcome>{
           {"", Format::text, Escaping::underscores, text},
           {"*/*", Format::text, Escaping::underscores, text},
           {"text/plain;version=0.0.4;escaping=allow-utf-8", Format::text, Escaping::allow_utf8,
            "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8"},
           {"text/plain;escaping=dots", Format::text, Escaping::dots,
            "text/plain; version=0.0.4; charset=utf-8; escaping=dots"},
           {"text/plain;version=1.0.0;escaping=values", Format::text_1, Escaping::values,
            "text/plain; version=1.0.0; charset=utf-8; escaping=values"},
           {"text/plain;version=1.0.0;escaping=allow-utf-8", Format::text_1, Escaping::allow_utf8, text_utf8},
           {"application/openmetrics-text;version=1.0.0", Format::open_metrics, Escaping::underscores, open_metrics},
           {PROTOBUF_RANGE, Format::protobuf, Escaping::underscores, protobuf},
           {PROTOBUF_RANGE ";escaping=underscores", Format::protobuf, Escaping::underscores,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
            "escaping=underscores"},
           // What is said of another format does not count, nor what is refused.
           {PROTOBUF_RANGE ";q=0.9,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5", Format::protobuf,
            Escaping::underscores, protobuf},
           {"text/plain;escaping=values;q=0", Format::text, Escaping::underscores, text},
           // No scheme, and one that the specification spelt wrongly for a while: what every reader can read.
           {"text/plain;version=1.0.0;escaping=allow-utf8", Format::text_1, Escaping::underscores, text_1},
           {"application/openmetrics-text;version=1.0.0;escaping=none", Format::open_metrics, Escaping::underscores,
            open_metrics},
           {"application/openmetrics-text;escaping=", Format::open_metrics, Escaping::underscores, open_metrics},
       }) {
    CAPTURE(one.accept);
    const auto answer = negotiate(one.accept);
    CHECK(answer.format == one.format);
    CHECK(answer.escaping == one.escaping);
    CHECK(answer.content_type == one.content_type);
  }
}

TEST_CASE("other versions, encodings and parameters are other formats") {
  check_all({
      {"application/openmetrics-text;version=2.0.0", text},
      {"text/plain;version=1.1.0;q=1,application/openmetrics-text;q=0.1", open_metrics},
      {"application/vnd.google.protobuf", text},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", text},
      {"application/vnd.google.protobuf;proto=other.Message;encoding=delimited", text},
      {"application/openmetrics-text;profile=other", text},
  });
}

TEST_CASE("what cannot be read asks for nothing") {
  check_all({
      {",,,", text},
      {";", text},
      {";;;=,=", text},
      {"application/openmetrics-text;q=", text},
      {"application/openmetrics-text;q=1.5", text},
      {"application/openmetrics-text;q=0.1234", text},
      {"application/openmetrics-text;q=-1", text},
      {"application/openmetrics-text;q=a", text},
      {"application/openmetrics-text;version=\"1.0.0", text},
      {"\xff\xfe;q=1", text},
      {"*", text},
      {"/", text},
      {"*/plain", text},
      {"application/", text},
      {"application/openmetrics-text/1.0.0", text},
      {"application /openmetrics-text", text},
      {"application/openmetrics-text q=1", text},
      {"application/openmetrics-text;q=1;q=x", text},
      {"application/openmetrics-text;q=.5", text},
      {"application/openmetrics-text;q=1e0", text},
      {"application/openmetrics-text;q=NaN", text},
      {"application/openmetrics-text;q=+1", text},
      {"application/openmetrics-text;q=2", text},
      {"application/openmetrics-text;version=", open_metrics},
      {"application/openmetrics-text;version=1.0.0;;;", open_metrics},
      {"\"application/openmetrics-text\"", text},
      {std::string_view("application/openmetrics-text\0", 29), text},
      {std::string_view("\0\0", 2), text},
      {"application/openmetrics-text;q=x,text/plain;q=0.1", text},
  });
  CHECK(negotiate(std::string(100'000, ',')).content_type == text);
  CHECK(negotiate(std::string(100'000, '"')).content_type == text);
  CHECK(negotiate(std::string("\"\\")).content_type == text);
  static_assert(noexcept(negotiate({})));  // so none of them is an error
}
