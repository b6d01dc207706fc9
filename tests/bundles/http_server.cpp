// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/http_server.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <flowviz_metrics/scrape.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::Method;
using flowviz::Registry;
using flowviz::Stopwatch;
using flowviz::bundles::HttpServer;
using flowviz::bundles::HttpServerOptions;
using support::LabelPairs;
using support::Sample;
using namespace std::chrono_literals;

// What this thread has allocated: requests must not.
namespace {
thread_local std::size_t allocations = 0;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

constexpr const char* lots = "/api/lots";

/// The samples of a registry's page, which has to be valid.
class Page {
 public:
  explicit Page(const Registry& registry) : samples_(support::parse_samples(valid_page(registry))) {}

  double value(std::string_view name, LabelPairs labels = {}) const {
    return support::value_of(samples_, name, std::move(labels));
  }
  double requests(const char* method, const char* handler, const char* status) const {
    return value("http_requests_total", {{"method", method}, {"handler", handler}, {"status", status}});
  }
  double total(std::string_view name) const {
    double sum = 0;
    for (const Sample& sample : samples_) sum += sample.name == name ? sample.value : 0;
    return sum;
  }
  std::set<std::string> values_of(std::string_view name, std::string_view label) const {
    std::set<std::string> values;
    for (const Sample& sample : samples_) {
      if (sample.name == name && sample.label(label) != nullptr) values.insert(*sample.label(label));
    }
    return values;
  }
  std::vector<std::string> bounds_of(std::string_view histogram) const {
    std::vector<std::string> bounds;
    for (const Sample& sample : samples_) {
      if (sample.name == std::string(histogram) + "_bucket") bounds.push_back(*sample.label("le"));
    }
    return bounds;
  }
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;
};

/// Lets time pass: until the clock has moved by at least `duration`.
void let_pass(Stopwatch::Clock::duration duration) {
  for (const Stopwatch watch; watch.elapsed() < duration;) std::this_thread::yield();
}

void serve(const HttpServer& http, Method method, std::string_view handler, int status,
           HttpServer::Request::BodySizes sizes = {}) {
  http.begin(http.route(method, handler)).finish(status, sizes);
}

/// Sets an environment variable for the time of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a request is counted once in each metric of the set") {
  Registry registry;
  const HttpServer http{registry};
  serve(http, Method::post, lots, 201, {.request = 120, .response = 4000});

  const Page page(registry);
  CHECK(page.requests("POST", lots, "2xx") == 1);
  CHECK(page.total("http_requests_total") == 1);
  CHECK(page.value("http_request_duration_seconds_count", {{"method", "POST"}, {"handler", lots}}) == 1);
  CHECK(page.value("http_request_duration_highr_seconds_count") == 1);
  CHECK(page.value("http_request_size_bytes_sum", {{"handler", lots}}) == 120);
  CHECK(page.value("http_request_size_bytes_bucket", {{"handler", lots}, {"le", "100"}}) == 0);
  CHECK(page.value("http_request_size_bytes_bucket", {{"handler", lots}, {"le", "1000"}}) == 1);
  CHECK(page.value("http_response_size_bytes_sum", {{"handler", lots}}) == 4000);
  CHECK(page.value("http_response_size_bytes_bucket", {{"handler", lots}, {"le", "10000"}}) == 1);
  CHECK(page.value("flowviz_http_requests_inprogress", {{"method", "POST"}, {"handler", lots}}) == 0);
}

TEST_CASE("the bounds are those that dashboards and alerts rely on") {
  Registry registry;
  const HttpServer http{registry};
  const Page page(registry);
  using Bounds = std::vector<std::string>;
  CHECK(page.bounds_of("http_request_duration_seconds") ==
        Bounds{"0.005", "0.01", "0.025", "0.05", "0.1", "0.2", "0.25", "0.5", "1", "2", "2.5", "5", "10", "+Inf"});
  CHECK(page.bounds_of("http_request_duration_highr_seconds") ==
        Bounds{"0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1",  "1.5", "2",
               "2.5",  "3",     "3.5",  "4",     "4.5", "5",    "7.5", "10",   "30", "60",  "+Inf"});
  CHECK(page.bounds_of("http_request_size_bytes") ==
        Bounds{"100", "1000", "10000", "100000", "1e+06", "1e+07", "+Inf"});
  CHECK(page.bounds_of("http_response_size_bytes") == page.bounds_of("http_request_size_bytes"));
}

TEST_CASE("durations of all requests have native buckets beside their own, if asked for") {
  const auto natives = [](const Registry& registry) {
    std::vector<support::ProtobufNative> found;
    for (support::ProtobufFamily& family :
         support::read_protobuf_families(flowviz::scrape(registry, support::protobuf_type).body)) {
      for (support::ProtobufNative& one : family.natives) {
        CHECK(family.name == "http_request_duration_highr_seconds");
        found.push_back(std::move(one));
      }
    }
    return found;
  };
  Registry plain, registry;
  const HttpServer usual{plain};
  const HttpServer http{registry, {.duration_highr_native = flowviz::NativeBuckets{.schema = 5}}};
  for (const HttpServer* server : {&usual, &http}) serve(*server, Method::post, lots, 201);
  CHECK(natives(plain).empty());
  REQUIRE(natives(registry).size() == 1);
  CHECK(natives(registry)[0].schema == 5);
  CHECK(natives(registry)[0].count == 1);
  const std::string_view name = "http_request_duration_highr_seconds";
  CHECK(Page(registry).bounds_of(name) == Page(plain).bounds_of(name));
  CHECK(Page(registry).value("http_request_duration_highr_seconds_count") == 1);
}

TEST_CASE("a route is on the page from its registration, with all status classes at 0") {
  Registry registry;
  const HttpServer http{registry};
  CHECK(Page(registry).values_of("http_requests_total", "handler") == std::set<std::string>{"none"});
  http.route(Method::get, lots);
  const Page page(registry);
  for (const char* status : {"1xx", "2xx", "3xx", "4xx", "5xx"}) CHECK(page.requests("GET", lots, status) == 0);
  CHECK(page.value("http_request_duration_seconds_count", {{"method", "GET"}, {"handler", lots}}) == 0);
  CHECK(page.value("http_request_size_bytes_count", {{"handler", lots}}) == 0);
  CHECK(page.value("http_response_size_bytes_count", {{"handler", lots}}) == 0);
  CHECK(page.value("flowviz_http_requests_inprogress", {{"method", "GET"}, {"handler", lots}}) == 0);
}

TEST_CASE("status codes are grouped by class, and what is no status code is _other") {
  struct Case {
    int status;
    const char* text;
  };
  const std::vector<Case> table{{100, "1xx"},   {199, "1xx"},     {200, "2xx"},        {204, "2xx"},
                                {302, "3xx"},   {404, "4xx"},     {499, "4xx"},        {500, "5xx"},
                                {599, "5xx"},   {600, "_other"},  {99, "_other"},      {0, "_other"},
                                {-1, "_other"}, {-200, "_other"}, {INT_MAX, "_other"}, {INT_MIN, "_other"}};
  for (const Case& entry : table) {
    CAPTURE(entry.status);
    Registry registry;
    const HttpServer http{registry};
    serve(http, Method::post, lots, entry.status);
    CHECK(Page(registry).requests("POST", lots, entry.text) == 1);
    CHECK(Page(registry).total("http_requests_total") == 1);
  }
}

TEST_CASE("status codes can be exact, the first 64 of them") {
  Registry registry;
  const HttpServer http{registry, {.status = flowviz::bundles::StatusLabel::exact}};
  for (const int status : {200, 201, 201, 404, 0, 600, -1}) serve(http, Method::post, lots, status);
  const Page few(registry);
  CHECK(few.requests("POST", lots, "200") == 1);
  CHECK(few.requests("POST", lots, "201") == 2);
  CHECK(few.requests("POST", lots, "404") == 1);
  CHECK(few.requests("POST", lots, "_other") == 3);

  for (int status = 400; status < 500; ++status) serve(http, Method::post, lots, status);
  const Page many(registry);
  CHECK(many.values_of("http_requests_total", "status").size() == 65);
  CHECK(many.total("http_requests_total") == 107);
}

TEST_CASE("a method that HTTP does not know is _other") {
  Registry registry;
  const HttpServer http{registry};
  for (const char* method : {"BREW", "get", "", "GET ", "G\xff"}) serve(http, flowviz::parse_method(method), lots, 200);
  serve(http, flowviz::parse_method("DELETE"), lots, 200);
  const Page page(registry);
  CHECK(page.requests("_other", lots, "2xx") == 5);
  CHECK(page.requests("DELETE", lots, "2xx") == 1);
  CHECK(page.values_of("http_requests_total", "method") == std::set<std::string>{"GET", "DELETE", "_other"});
}

TEST_CASE("requests without a handler are grouped under none") {
  Registry registry;
  const HttpServer http{registry};
  serve(http, Method::get, "", 404);
  serve(http, Method::get, HttpServer::no_handler, 404);
  CHECK(Page(registry).requests("GET", "none", "4xx") == 2);
}

TEST_CASE("requests without a handler can be ignored") {
  Registry registry;
  const HttpServer http{registry, {.unmatched = flowviz::bundles::Unmatched::ignored}};
  auto request = http.begin(http.route(Method::get, ""));
  CHECK(Page(registry).total("flowviz_http_requests_inprogress") == 0);
  request.finish(404);
  serve(http, Method::get, lots, 200);
  const Page page(registry);
  CHECK(page.total("http_requests_total") == 1);
  CHECK(page.value("http_request_duration_highr_seconds_count") == 1);
  CHECK(page.values_of("http_requests_total", "handler") == std::set<std::string>{lots});
}

TEST_CASE("excluded handlers are matched whole") {
  struct Case {
    std::vector<std::string> excluded;
    std::vector<const char*> not_counted, counted;
  };
  const std::vector<Case> table{
      {HttpServerOptions{}.excluded_handlers,
       {"/metrics", "/health", "/health/db", "/openapi.json"},
       {"/metrics/x", "/health/", "/healthy", "/health/database", "/v1/metrics", "metrics", "/openapi"}},
      {{"/probe"}, {"/probe"}, {"/metrics", "/health"}},
      {{}, {}, {"/metrics", "/health"}},
      {{"none"}, {"none", ""}, {"/metrics"}},
  };
  for (const Case& entry : table) {
    Registry registry;
    const HttpServer http{registry, {.excluded_handlers = entry.excluded}};
    for (const char* handler : entry.not_counted) {
      const auto route = http.route(Method::get, handler);
      CHECK_FALSE(route.counted());
      auto request = http.begin(route);
      CHECK(Page(registry).total("flowviz_http_requests_inprogress") == 0);
      request.finish(200);
    }
    CHECK(Page(registry).total("http_requests_total") == 0);
    CHECK(Page(registry).value("http_request_duration_highr_seconds_count") == 0);
    for (const char* handler : entry.counted) serve(http, Method::get, handler, 200);
    CHECK(Page(registry).total("http_requests_total") == static_cast<double>(entry.counted.size()));
  }
}

TEST_CASE("an environment variable turns the metrics off if it says false or 0") {
  struct Case {
    std::string value;
    bool on;
  };
  const std::vector<Case> table{{"false", false}, {"False", false},    {"FALSE", false}, {"0", false},
                                {"true", true},   {"1", true},         {"", true},       {"no", true},
                                {"00", true},     {"falsehood", true}, {"fals", true},   {"\x46\x01LSE", true}};
  for (const Case& entry : table) {
    CAPTURE(entry.value);
    const Environment environment("ENABLE_METRICS", entry.value.c_str());
    Registry registry;
    CHECK(HttpServer{registry}.enabled() == entry.on);
  }
  Registry registry;
  CHECK(HttpServer{registry}.enabled());  // the variable is not set
}

TEST_CASE("the environment variable can have another name, or none") {
  const Environment usual("ENABLE_METRICS", "false");
  const Environment own("SHOP_METRICS", "0");
  Registry registry;
  CHECK_FALSE(HttpServer{registry}.enabled());
  CHECK_FALSE(HttpServer{registry, {.enable_variable = "SHOP_METRICS"}}.enabled());
  CHECK(HttpServer{registry, {.enable_variable = "OTHER_METRICS"}}.enabled());
  CHECK(HttpServer{registry, {.enable_variable = ""}}.enabled());
}

TEST_CASE("turned off, nothing is registered and nothing is counted") {
  const Environment environment("ENABLE_METRICS", "false");
  Registry registry;
  const HttpServer http{registry};
  const auto route = http.route(Method::get, lots);
  CHECK_FALSE(route.counted());
  auto request = http.begin(route);
  request.take(http.route(Method::post, lots));
  request.stop_clock();
  request.finish(200);
  {
    auto thrown = http.begin(route);
  }
  const Page page(registry);
  for (const Sample& sample : page.samples()) CHECK(sample.name.starts_with("flowviz_metrics_"));
}

TEST_CASE("requests in progress are counted per method and handler, and paired") {
  Registry registry;
  const HttpServer http{registry};
  const auto get = http.route(Method::get, lots);
  const auto in_progress = [&](const char* method) {
    return Page(registry).value("flowviz_http_requests_inprogress", {{"method", method}, {"handler", lots}});
  };
  auto one = http.begin(get);
  auto two = http.begin(get);
  auto three = http.begin(http.route(Method::post, lots));
  CHECK(in_progress("GET") == 2);
  CHECK(in_progress("POST") == 1);
  one.finish(200);
  CHECK(in_progress("GET") == 1);
  one.finish(200);  // a second time, without effect
  CHECK(in_progress("GET") == 1);
  {
    auto destroyed = std::move(two);
  }
  three.finish(500);
  CHECK(in_progress("GET") == 0);
  CHECK(in_progress("POST") == 0);
  CHECK(Page(registry).total("http_requests_total") == 3);
}

TEST_CASE("the gauge of requests in progress can do without labels") {
  Registry registry;
  const HttpServer http{registry, {.in_progress_labels = flowviz::bundles::InProgressLabels::none}};
  auto one = http.begin(http.route(Method::get, lots));
  auto two = http.begin(http.route(Method::post, "/other"));
  CHECK(Page(registry).value("flowviz_http_requests_inprogress") == 2);
  two.take(http.route(Method::get, lots));
  CHECK(Page(registry).value("flowviz_http_requests_inprogress") == 2);
  two.take(http.route(Method::get, "/metrics"));
  CHECK(Page(registry).value("flowviz_http_requests_inprogress") == 1);
  one.finish(200);
  CHECK(Page(registry).value("flowviz_http_requests_inprogress") == 0);
}

TEST_CASE("the gauge of requests in progress can have a name out of configuration") {
  Registry registry;
  const std::string name = "shop_busy_requests";
  const HttpServer http{registry, {.metric_namespace = "shop", .in_progress_name = name}};
  const auto request = http.begin(http.route(Method::get, lots));
  CHECK(Page(registry).value("shop_busy_requests", {{"method", "GET"}, {"handler", lots}}) == 1);
  Registry other;
  CHECK(says(refusal([&] { HttpServer{other, {.in_progress_name = "busy_total"}}; }), "only a counter's name ends"));
}

TEST_CASE("a refusal names the option that is wrong, and nothing has been registered") {
  struct Refused {
    HttpServerOptions options;
    std::string message;
  };
  const std::vector<Refused> refused{
      {{.in_progress_name = ""}, "in_progress_name: a name is not empty"},
      {{.in_progress_name = "busy_total"}, "in_progress_name: 'busy_total': only a counter's name ends in _total"},
      {{.metric_namespace = "My-Shop"}, "metric_namespace, metric_subsystem: 'My-Shop_http_requests_total': a name"},
      {{.metric_subsystem = "web_"}, "metric_namespace, metric_subsystem: 'web__http_requests_total': a name has no"},
      {{.constant_labels = {{"", "x"}}}, "constant_labels: a name is not empty"},
      {{.constant_labels = {{"site", "x"}, {"Zone", "x"}}}, "constant_labels: 'Zone': a name starts with a lower-case"},
      {{.constant_labels = {{"handler", "x"}}}, "constant_labels: 'handler': the metrics have a label of this name"},
      {{.duration_decimals = 10}, "duration_decimals: "},
  };
  for (const Refused& entry : refused) {
    CAPTURE(entry.message);
    Registry registry;
    const std::string message = refusal([&] { HttpServer{registry, entry.options}; });
    CAPTURE(message);
    CHECK(message.starts_with(entry.message));
    const Page page(registry);
    for (const Sample& sample : page.samples()) CHECK(sample.name.starts_with("flowviz_metrics_"));
  }
}

TEST_CASE("a request whose handler throws counts as 500 with its real duration") {
  Registry registry;
  const HttpServer http{registry};
  const auto route = http.route(Method::get, lots);
  try {
    auto request = http.begin(route);
    let_pass(30ms);
    throw std::runtime_error("thrown by the handler");
  } catch (const std::runtime_error&) {
  }
  const Page page(registry);
  CHECK(page.requests("GET", lots, "5xx") == 1);
  CHECK(page.total("http_requests_total") == 1);
  CHECK(page.value("http_request_duration_seconds_sum", {{"method", "GET"}, {"handler", lots}}) >= 0.03);
  CHECK(page.value("http_request_duration_highr_seconds_sum") >= 0.03);
  CHECK(page.total("flowviz_http_requests_inprogress") == 0);
}

TEST_CASE("a request belongs to the route that was named last") {
  Registry registry;
  const HttpServer http{registry};
  const Stopwatch watch;
  auto request = http.begin(http.route(Method::get, ""));
  let_pass(20ms);
  request.take(http.route(Method::get, lots));
  const auto in_progress = [&](const char* handler) {
    return Page(registry).value("flowviz_http_requests_inprogress", {{"method", "GET"}, {"handler", handler}});
  };
  CHECK(in_progress("none") == 0);
  CHECK(in_progress(lots) == 1);
  request.finish(200);
  const Page page(registry);
  CHECK(in_progress(lots) == 0);
  CHECK(page.requests("GET", lots, "2xx") == 1);
  CHECK(page.requests("GET", "none", "2xx") == 0);
  // The clock has run since the beginning.
  CHECK(page.value("http_request_duration_seconds_sum", {{"method", "GET"}, {"handler", lots}}) >= 0.02);
}

TEST_CASE("a request that turns out to be excluded is not counted") {
  Registry registry;
  const HttpServer http{registry};
  auto request = http.begin(http.route(Method::get, ""));
  request.take(http.route(Method::get, "/metrics"));
  CHECK(Page(registry).total("flowviz_http_requests_inprogress") == 0);
  request.finish(200);
  CHECK(Page(registry).total("http_requests_total") == 0);
  CHECK(Page(registry).value("http_request_duration_highr_seconds_count") == 0);
}

TEST_CASE("a moved request is counted once, and one that is replaced counts as 500") {
  Registry registry;
  const HttpServer http{registry};
  const auto route = http.route(Method::get, lots);
  auto first = http.begin(route);
  HttpServer::Request second = std::move(first);
  first.finish(404);  // NOLINT: nothing is left in it
  second.finish(200);
  CHECK(Page(registry).requests("GET", lots, "2xx") == 1);
  CHECK(Page(registry).total("http_requests_total") == 1);

  second = http.begin(route);
  second = http.begin(route);
  CHECK(Page(registry).requests("GET", lots, "5xx") == 1);
  CHECK(Page(registry).value("flowviz_http_requests_inprogress", {{"method", "GET"}, {"handler", lots}}) == 1);
  auto& itself = second;
  second = std::move(itself);
  second.finish(200);
  CHECK(Page(registry).requests("GET", lots, "2xx") == 2);
  CHECK(Page(registry).total("http_requests_total") == 3);
}

TEST_CASE("routes and requests made by default do nothing") {
  Registry registry;
  const HttpServer http{registry};
  CHECK_FALSE(HttpServer::Route().counted());
  http.begin(HttpServer::Route()).finish(200);
  HttpServer::Request request;
  request.take(http.route(Method::get, lots));
  request.finish(200);
  CHECK(Page(registry).total("http_requests_total") == 0);
}

TEST_CASE("durations can be rounded, to the nearest decimal") {
  Registry registry;
  const HttpServer http{registry, {.duration_decimals = 2}};
  const auto route = http.route(Method::get, lots);
  const auto sum = [&] { return Page(registry).value("http_request_duration_highr_seconds_sum"); };
  // As often as it takes for a request to be neither held up nor too short: 7 to 14 ms are 0.01 s.
  for (const Stopwatch trying; trying.elapsed() < 60s;) {
    const double before = sum();
    const Stopwatch watch;
    auto request = http.begin(route);
    let_pass(7ms);
    request.finish(200);
    const auto took = watch.elapsed();
    const double observed = sum() - before;
    CHECK(observed * 100 == doctest::Approx(std::round(observed * 100)));
    if (took >= 14ms) continue;
    CHECK(observed == doctest::Approx(0.01));
    CHECK(Page(registry).total("http_request_duration_seconds_sum") == sum());
    return;
  }
  FAIL("no request took between 7 and 14 ms");
}

TEST_CASE("durations can be rounded to whole seconds") {
  Registry registry;
  const HttpServer http{registry, {.duration_decimals = 0}};
  auto request = http.begin(http.route(Method::get, lots));
  let_pass(1ms);
  request.finish(200);
  const double sum = Page(registry).value("http_request_duration_highr_seconds_sum");
  CHECK(sum == std::floor(sum));
}

TEST_CASE("durations are not rounded unless it is asked for, and not beyond nanoseconds") {
  Registry registry;
  const HttpServer http{registry};
  auto request = http.begin(http.route(Method::get, lots));
  let_pass(1ms);
  request.finish(200);
  CHECK(Page(registry).value("http_request_duration_highr_seconds_sum") >= 0.001);
  Registry other;
  CHECK(says(refusal([&] { HttpServer{other, {.duration_decimals = 10}}; }), "at most 9 decimals"));
  CHECK(HttpServer{other, {.duration_decimals = 9}}.enabled());
}

TEST_CASE("constant labels are on every metric of the set, beside those of the registry") {
  const std::vector<std::pair<std::string, std::string>> labels{{"listener", "api"}, {"zone", "a\"b"}};
  const std::vector<HttpServerOptions> shapes{
      {.constant_labels = labels},
      {.constant_labels = labels,
       .status = flowviz::bundles::StatusLabel::exact,
       .in_progress_labels = flowviz::bundles::InProgressLabels::none},
  };
  for (const HttpServerOptions& options : shapes) {
    Registry registry{{{"site", "north"}}};
    const HttpServer http{registry, options};
    serve(http, Method::get, lots, 200);
    const Page page(registry);
    std::set<std::string> names;
    for (const Sample& sample : page.samples()) {
      if (sample.name.starts_with("flowviz_metrics_")) continue;
      CAPTURE(sample.name);
      names.insert(sample.name);
      REQUIRE(sample.label("listener") != nullptr);
      REQUIRE(sample.label("zone") != nullptr);
      REQUIRE(sample.label("site") != nullptr);
      CHECK(*sample.label("listener") == "api");
      CHECK(*sample.label("zone") == "a\"b");
      CHECK(*sample.label("site") == "north");
    }
    CHECK(names.size() == 14);  // four histograms of three names each, a counter, a gauge
  }
}

TEST_CASE("constant labels out of configuration are checked") {
  struct Refused {
    std::string name, rule;
  };
  const std::vector<Refused> refused{{"handler", "'handler'"},    {"method", "'method'"}, {"status", "'status'"},
                                     {"le", "set by the format"}, {"Zone", "lower-case"}, {"", "not empty"}};
  for (const Refused& entry : refused) {
    CAPTURE(entry.name);
    Registry registry;
    const HttpServerOptions options{.constant_labels = {{entry.name, "x"}}};
    CHECK(says(refusal([&] { HttpServer{registry, options}; }), entry.rule));
  }
}

TEST_CASE("names can have a namespace and a subsystem") {
  struct Case {
    const char *space, *subsystem, *prefix;
  };
  for (const Case& entry :
       {Case{"", "", ""}, Case{"shop", "", "shop_"}, Case{"", "web", "web_"}, Case{"shop", "web", "shop_web_"}}) {
    Registry registry;
    const HttpServer http{registry, {.metric_namespace = entry.space, .metric_subsystem = entry.subsystem}};
    serve(http, Method::get, lots, 200);
    const Page page(registry);
    const std::string prefix = entry.prefix;
    CHECK(page.total(prefix + "http_requests_total") == 1);
    CHECK(page.total(prefix + "http_request_duration_seconds_count") == 1);
    CHECK(page.total(prefix + "http_request_duration_highr_seconds_count") == 1);
    CHECK(page.total(prefix + "http_request_size_bytes_count") == 1);
    CHECK(page.total(prefix + "http_response_size_bytes_count") == 1);
    CHECK(page.value("flowviz_http_requests_inprogress", {{"method", "GET"}, {"handler", lots}}) == 0);
  }
  Registry registry;
  CHECK(says(refusal([&] { HttpServer{registry, {.metric_namespace = "My-Shop"}}; }), "My-Shop_http_requests_total"));
}

TEST_CASE("both duration histograms can have their own buckets") {
  Registry registry;
  const HttpServer http{registry, {.duration_buckets{1, 2}, .duration_highr_buckets{0.5, 3}}};
  const Page page(registry);
  CHECK(page.bounds_of("http_request_duration_seconds") == std::vector<std::string>{"1", "2", "+Inf"});
  CHECK(page.bounds_of("http_request_duration_highr_seconds") == std::vector<std::string>{"0.5", "3", "+Inf"});
}

TEST_CASE("the high-resolution histogram can be kept to 2xx") {
  for (const bool only_2xx : {false, true}) {
    CAPTURE(only_2xx);
    using flowviz::bundles::HighResolution;
    Registry registry;
    const HttpServer http{registry, {.duration_highr = only_2xx ? HighResolution::only_2xx : HighResolution::all}};
    for (const int status : {199, 200, 299, 300, 404, 500, 0}) serve(http, Method::get, lots, status);
    CHECK(Page(registry).value("http_request_duration_highr_seconds_count") == (only_2xx ? 2 : 7));
    CHECK(Page(registry).total("http_request_duration_seconds_count") == 7);
  }
}

TEST_CASE("a stopped clock leaves the request in progress") {
  Registry registry;
  const HttpServer http{registry};
  const Stopwatch whole;
  auto request = http.begin(http.route(Method::get, lots));
  let_pass(10ms);
  request.stop_clock();
  let_pass(50ms);
  request.stop_clock();  // it stands already
  CHECK(Page(registry).total("flowviz_http_requests_inprogress") == 1);
  CHECK(Page(registry).total("http_requests_total") == 0);
  request.finish(200);
  const double sum = Page(registry).value("http_request_duration_highr_seconds_sum");
  CHECK(sum >= 0.01);
  CHECK(sum <= std::chrono::duration<double>(whole.elapsed() - 50ms).count());
}

TEST_CASE("a request can be counted without its duration") {
  Registry registry;
  const HttpServer http{registry};
  auto request = http.begin(http.route(Method::get, lots));
  request.discard_duration();
  request.finish(101);
  const Page page(registry);
  CHECK(page.requests("GET", lots, "1xx") == 1);
  CHECK(page.total("http_request_duration_seconds_count") == 0);
  CHECK(page.value("http_request_duration_highr_seconds_count") == 0);
  CHECK(page.total("flowviz_http_requests_inprogress") == 0);
}

TEST_CASE("two hundred routes take a hundred places and none is lost") {
  Registry registry;
  const HttpServer http{registry};
  for (int i = 0; i < 200; ++i) {
    const std::string handler = "/route/" + std::to_string(i);
    serve(http, Method::get, handler, 200, {.request = 1, .response = 1});
  }
  serve(http, Method::get, "", 404);
  const Page page(registry);
  for (const char* name :
       {"http_requests_total", "http_request_duration_seconds_count", "http_request_size_bytes_count",
        "http_response_size_bytes_count", "flowviz_http_requests_inprogress"}) {
    CAPTURE(name);
    const auto handlers = page.values_of(name, "handler");
    CHECK(handlers.size() == 102);
    CHECK(handlers.contains("/route/99"));
    CHECK_FALSE(handlers.contains("/route/100"));
    CHECK(handlers.contains("_other"));
    CHECK(handlers.contains("none"));
  }
  CHECK(page.requests("GET", "_other", "2xx") == 100);
  CHECK(page.requests("GET", "none", "4xx") == 1);
  CHECK(page.total("http_requests_total") == 201);
  CHECK(page.total("http_response_size_bytes_sum") == 200);
  CHECK(page.value("flowviz_metrics_label_overflow_total", {{"metric", "http_requests_total"}, {"label", "handler"}}) ==
        100);
}

TEST_CASE("a hostile or absent Content-Length is 0 and never thrown on") {
  using flowviz::bundles::parse_content_length;
  CHECK(parse_content_length("0") == 0);
  CHECK(parse_content_length("120") == 120);
  CHECK(parse_content_length("0012") == 12);
  CHECK(parse_content_length("18446744073709551615") == 18446744073709551615u);
  const std::vector<std::string> hostile{"",
                                         " ",
                                         "-1",
                                         "+1",
                                         "1e6",
                                         "12abc",
                                         "abc",
                                         "0x10",
                                         " 12",
                                         "12 ",
                                         "1,2",
                                         "18446744073709551616",
                                         "1.5",
                                         "1\n",
                                         "\xff\xfe",
                                         "99999999999999999999999999999999",
                                         std::string("1\0"
                                                     "2",
                                                     3)};
  for (const std::string& header : hostile) {
    CAPTURE(header);
    CHECK(parse_content_length(header) == 0);
  }
}

TEST_CASE("two servers on one registry count into the same metrics") {
  Registry registry;
  const HttpServer one{registry}, two{registry};
  serve(one, Method::get, lots, 200);
  serve(two, Method::get, lots, 200);
  CHECK(Page(registry).requests("GET", lots, "2xx") == 2);
  CHECK(says(refusal([&] { HttpServer{registry, {.duration_buckets{1, 2}}}; }), "http_request_duration_seconds"));
}

TEST_CASE("a request of a known route does not allocate") {
  using flowviz::bundles::StatusLabel;
  for (const StatusLabel status : {StatusLabel::grouped, StatusLabel::exact}) {
    Registry registry;
    const HttpServer http{registry, {.status = status}};
    const auto route = http.route(Method::get, "/api/traceability/{lot_id}/forward");
    http.begin(route).finish(200, {.request = 1, .response = 1});  // this thread's first touch
    const std::size_t before = allocations;
    REQUIRE(before > 0);
    for (int i = 0; i < 1000; ++i) http.begin(route).finish(200, {.request = 1, .response = 1});
    CHECK(allocations == before);
  }
}

TEST_CASE("requests on many threads are all counted, and a scrape never sees the gauge negative") {
  Registry registry;
  const HttpServer http{registry};
  const auto route = http.route(Method::get, lots);
  constexpr int threads = 4, each = 2000;
  std::atomic<int> running{threads};
  std::vector<std::thread> clients;
  for (int i = 0; i < threads; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < each; ++k) {
        auto request = http.begin(route);
        if (k % 3 == 0) request.take(http.route(Method::get, "/other"));
        if (k % 5 != 0) request.finish(200, {.request = 10, .response = 20});
      }
      --running;
    });
  }
  while (running > 0) {
    const auto samples = support::parse_samples(page_of(registry));
    for (const Sample& sample : samples) {
      // It may be shown above what it ever was: requests that come and go while the columns are read have their ups read
      // and not their downs.
      if (sample.name == "flowviz_http_requests_inprogress") CHECK(sample.value >= 0);
    }
  }
  for (std::thread& client : clients) client.join();
  const Page page(registry);
  CHECK(page.total("http_requests_total") == threads * each);
  CHECK(page.requests("GET", lots, "5xx") + page.requests("GET", "/other", "5xx") == threads * each / 5);
  CHECK(page.value("http_request_duration_highr_seconds_count") == threads * each);
  CHECK(page.total("http_request_size_bytes_sum") == 10 * threads * each * 4 / 5);
  CHECK(page.total("flowviz_http_requests_inprogress") == 0);
}
