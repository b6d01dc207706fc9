// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of an HTTP server: requests, durations, sizes, requests in progress. Independent of any server library:
/// whoever serves tells it when a request begins, which route it takes, and how it ends. adapters/httplib.hpp does so
/// for cpp-httplib.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <flowviz_metrics/bundles/http_server_options.hpp>
#include <flowviz_metrics/bundles/trace_context.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/http.hpp>
#include <flowviz_metrics/native_histogram.hpp>
#include <flowviz_metrics/timer.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// The number in a Content-Length header, or 0 for an absent or hostile one: not a plain decimal number, or above 2^64.
/// What is left is still only what a client claims; where the bytes were counted, prefer the count.
[[nodiscard]] inline std::uint64_t parse_content_length(std::string_view header) noexcept {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), length);
  return error == std::errc{} && end == header.data() + header.size() ? length : 0;
}

/// The metrics of one HTTP server.
///
/// `http_requests_total{method,handler,status}`, `http_request_duration_seconds{method,handler}`,
/// `http_request_duration_highr_seconds`, `http_request_size_bytes{handler}`, `http_response_size_bytes{handler}` and
/// `flowviz_http_requests_inprogress{method,handler}`. `method` is one of flowviz::Method or `_other`; `handler` is a
/// route's template, `none` for requests without one, or `_other` beyond the first 100 templates.
///
/// Everything but the constructor is thread-safe. It outlives its routes and requests, and its registry outlives it.
/// Two with the same options on one registry count into the same metrics.
///
///     flowviz::bundles::HttpServer http{registry};
///     const auto lots = http.route(flowviz::Method::get, "/api/lots/{lot_id}");   // at start
///     ...
///     auto request = http.begin(lots);
///     const Answer answer = handle();
///     request.finish(answer.status, {.request = body.size(), .response = answer.body.size()});
class HttpServer {
 public:
  class Route;
  class Request;

  /// The handler of requests that no route takes.
  static constexpr std::string_view no_handler = "none";
  static constexpr std::uint32_t max_handlers = 100;
  static constexpr std::uint32_t max_exact_statuses = 64;

  /// Throws `Error`, which names the option, if a name, a constant label or the number of decimals breaks a rule, or one
  /// that names the metric if the registry has it with other options. Registers nothing when turned off.
  explicit HttpServer(Registry& registry, HttpServerOptions options = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Whether requests are counted at all.
  [[nodiscard]] bool enabled() const noexcept { return metrics_enabled && metrics_.has_value(); }
  [[nodiscard]] const HttpServerOptions& options() const noexcept { return options_; }

  /// What requests of this method and handler count into: all look-ups done in advance. From now on the pair is on the
  /// page, with all status classes at 0.
  ///
  /// `handler` is a template, never a raw path; its text must live as long as the route. Empty means no handler.
  /// Allocates the first time that a pair is seen.
  Route route(Method method, std::string_view handler) const noexcept;

  /// Starts a request's clock and counts it as in progress. About 60 ns together with its end, and no allocation.
  [[nodiscard]] Request begin(const Route& route) const noexcept;

 private:
  using Requests = std::variant<Counter<Method, Text, StatusClass>, Counter<Method, Text, Text>>;
  using HighResolutionDuration = std::variant<Histogram<>, NativeHistogram<>>;
  using InProgress = std::variant<UpDownCounter<Method, Text>, UpDownCounter<>>;
  struct Metrics {
    Requests requests;
    Histogram<Method, Text> duration;
    HighResolutionDuration duration_highr;
    Histogram<Text> request_size, response_size;
    InProgress in_progress;
  };

  static OpenLabel handler_label() { return {"handler", max_handlers + 1}; }  // one more, for those without
  void check_options() const;
  [[nodiscard]] std::string name(std::string_view base) const;
  [[nodiscard]] Requests make_requests(Registry& registry, MetricOptions metric) const;
  [[nodiscard]] HighResolutionDuration make_duration_highr(Registry& registry, MetricOptions metric) const;
  [[nodiscard]] InProgress make_in_progress(Registry& registry, MetricOptions metric) const;

  [[nodiscard]] UpDownScope track(const Route& route) const noexcept;
  void count_status(const Route& route, int status) const noexcept;
  void observe_duration(const Request& request, int status) const noexcept;

  HttpServerOptions options_;
  double rounding_ = 0;  // 10 to the power of the decimals, or 0
  std::optional<Metrics> metrics_;
};

/// A method and a handler, with their series at hand: small enough to copy, worth keeping. Default-constructed, and for
/// excluded handlers, requests that take it are not counted.
class HttpServer::Route {
 public:
  Route() noexcept = default;
  [[nodiscard]] bool counted() const noexcept { return counted_; }

 private:
  friend HttpServer;
  bool counted_ = false;
  Method method_{};
  std::string_view handler_;
  std::array<CounterSeries, enums::count<StatusClass>> by_class_;
  HistogramSeries duration_, request_size_, response_size_;
  UpDownSeries in_progress_;
};

/// A request that is being answered. Ends once: by `finish`, or, when it is destroyed before, as a handler that threw:
/// status 500 with the duration up to then. Move-only; not thread-safe, but may move between threads.
class HttpServer::Request {
 public:
  /// How long the bodies were, in bytes.
  struct BodySizes {
    std::uint64_t request = 0;
    std::uint64_t response = 0;
  };

  /// Counts nothing.
  Request() noexcept = default;
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept {
    if (this == &other) return *this;
    if (server_ != nullptr) finish(500);
    server_ = std::exchange(other.server_, nullptr);
    route_ = other.route_;
    watch_ = other.watch_;
    stopped_ = other.stopped_;
    duration_counts_ = other.duration_counts_;
    trace_ = other.trace_;
    in_progress_ = std::exchange(other.in_progress_, std::nullopt);
    return *this;
  }
  ~Request() {
    if (server_ != nullptr) finish(500);
  }

  /// For routes that are known late: from now on the request belongs to `route`.
  void take(const Route& route) noexcept {
    if (server_ == nullptr) return;
    route_ = route;
    // The new one goes up before the old one comes down, so that a gauge without labels never shows too few.
    in_progress_ = route.counted() ? std::optional(server_->track(route)) : std::nullopt;
  }

  /// The request belongs to the trace that its header `traceparent` says, if that is recorded: its duration will be an exemplar
  /// of its bucket, `{trace_id="..."}`. Anything but such a header has no effect.
  void trace(std::string_view traceparent) noexcept;

  /// The request goes on, but its duration ends here.
  void stop_clock() noexcept {
    if (!stopped_) stopped_ = watch_.elapsed();
  }

  /// The request is counted, its duration is not observed: for connections that became something else.
  void discard_duration() noexcept { duration_counts_ = false; }

  /// Counts the request with the status that was answered.
  void finish(int status, BodySizes sizes) noexcept;
  void finish(int status) noexcept { finish(status, BodySizes()); }

 private:
  friend HttpServer;
  Request(const HttpServer& server, const Route& route) noexcept : server_(&server) { take(route); }

  const HttpServer* server_ = nullptr;  // nullptr: there is nothing to finish
  Route route_;
  TimerWatch watch_;
  std::optional<Stopwatch::Clock::duration> stopped_;
  bool duration_counts_ = true;
  std::optional<TraceId> trace_;
  std::optional<UpDownScope> in_progress_;
};

// ------------------------------------------------------------------------------------------------------------------

inline void HttpServer::check_options() const {
  const auto check = []([[maybe_unused]] const char* option, const auto& rule) {
#if defined(__cpp_exceptions)
    try {
      return rule();
    } catch (const Error& error) {
      fail(std::string(option) + ": " + error.what());
    }
#endif
    return rule();
  };
  check("metric_namespace, metric_subsystem", [&] { rules::counter(name("http_requests_total")); });
  check("in_progress_name", [&] { rules::metric(options_.in_progress_name); });
  for (const auto& label : options_.constant_labels) {
    check("constant_labels", [&text = label.first] {
      rules::label(text);
      constexpr std::array<std::string_view, 3> own{"method", "handler", "status"};
      if (rules::is_one_of(text, own)) rule_broken(text, "the metrics have a label of this name already");
    });
  }
}

inline HttpServer::HttpServer(Registry& registry, HttpServerOptions options) : options_(std::move(options)) {
  if (options_.duration_decimals) {
    if (*options_.duration_decimals > 9) fail("duration_decimals: a duration has at most 9 decimals");
    rounding_ = std::pow(10.0, *options_.duration_decimals);
  }
  if (!metrics_enabled || !enabled_by_environment(options_.enable_variable)) return;
  check_options();  // all, before anything is registered
  std::vector<ConstantLabel> constants;
  for (const auto& [label, value] : options_.constant_labels) constants.push_back({LabelName::checked(label), value});
  const MetricOptions metric{std::span<const ConstantLabel>(constants)};
  const Label<Method> method{"method"};
  metrics_.emplace(Metrics{
      make_requests(registry, metric),
      {registry, MetricName::checked(name("http_request_duration_seconds")),
       "Time from the head of a request to its answer.", options_.duration_buckets, metric, method, handler_label()},
      make_duration_highr(registry, metric),
      {registry, MetricName::checked(name("http_request_size_bytes")), "Size of the bodies of requests.",
       Buckets::bytes(), metric, handler_label()},
      {registry, MetricName::checked(name("http_response_size_bytes")), "Size of the bodies of answers.",
       Buckets::bytes(), metric, handler_label()},
      make_in_progress(registry, metric)});
  // A place among the handlers, before others can fill them.
  route(Method::get, no_handler);
}

inline std::string HttpServer::name(std::string_view base) const {
  std::string name;
  for (const std::string& prefix : {options_.metric_namespace, options_.metric_subsystem}) {
    if (!prefix.empty()) name += prefix + '_';
  }
  return name += base;
}

inline HttpServer::HighResolutionDuration HttpServer::make_duration_highr(Registry& registry,
                                                                          MetricOptions metric) const {
  const std::string text = name("http_request_duration_highr_seconds");
  const MetricName checked = MetricName::checked(text);
  const HelpText help = "Time from the head of a request to its answer, in more buckets and without labels.";
  if (!options_.duration_highr_native) {
    return Histogram{registry, checked, help, options_.duration_highr_buckets, metric};
  }
  NativeBuckets buckets = *options_.duration_highr_native;
  if (!buckets.classic) buckets.classic = options_.duration_highr_buckets;
  return NativeHistogram{registry, checked, help, buckets, metric};
}

inline HttpServer::Requests HttpServer::make_requests(Registry& registry, MetricOptions metric) const {
  const std::string text = name("http_requests_total");
  const CounterName checked = CounterName::checked(text);
  const HelpText help = "HTTP requests.";
  const Label<Method> method{"method"};
  if (options_.status == StatusLabel::grouped) {
    return Counter<Method, Text, StatusClass>{
        registry, checked, help, metric, method, handler_label(), Label<StatusClass>{"status"}};
  }
  metric.max_series = MaxSeries{(enums::count<Method> + 1) * (max_handlers + 2) * (max_exact_statuses + 1)};
  return Counter<Method, Text, Text>{
      registry, checked, help, metric, method, handler_label(), OpenLabel{"status", max_exact_statuses}};
}

inline HttpServer::InProgress HttpServer::make_in_progress(Registry& registry, MetricOptions metric) const {
  const MetricName checked = MetricName::checked(options_.in_progress_name);
  const HelpText help = "HTTP requests in progress.";
  if (options_.in_progress_labels == InProgressLabels::none) return UpDownCounter<>{registry, checked, help, metric};
  return UpDownCounter<Method, Text>{registry, checked, help, metric, Label<Method>{"method"}, handler_label()};
}

inline HttpServer::Route HttpServer::route(Method method, std::string_view handler) const noexcept {
  Route route;
  if (!enabled()) return route;
  if (handler.empty()) handler = no_handler;
  if (handler == no_handler && options_.unmatched == Unmatched::ignored) return route;
  const auto& excluded = options_.excluded_handlers;
  if (std::find(excluded.begin(), excluded.end(), handler) != excluded.end()) return route;

  route.counted_ = true;
  route.method_ = method;
  route.handler_ = handler;
  if (const auto* grouped = std::get_if<Counter<Method, Text, StatusClass>>(&metrics_->requests)) {
    std::size_t i = 0;
    for (const auto& status : enums::all<StatusClass>) {
      route.by_class_[i++] = grouped->with(method, handler, status.value);
    }
  }
  route.duration_ = metrics_->duration.with(method, handler);
  route.request_size_ = metrics_->request_size.with(handler);
  route.response_size_ = metrics_->response_size.with(handler);
  if (const auto* labelled = std::get_if<UpDownCounter<Method, Text>>(&metrics_->in_progress)) {
    route.in_progress_ = labelled->with(method, handler);
  }
  return route;
}

inline HttpServer::Request HttpServer::begin(const Route& route) const noexcept {
  return enabled() ? Request(*this, route) : Request();
}

inline UpDownScope HttpServer::track(const Route& route) const noexcept {
  const auto* unlabelled = std::get_if<UpDownCounter<>>(&metrics_->in_progress);
  return unlabelled != nullptr ? unlabelled->track() : route.in_progress_.track();
}

inline void HttpServer::count_status(const Route& route, int status) const noexcept {
  const std::uint32_t number = enums::number(status_class(status));
  if (const auto* exact = std::get_if<Counter<Method, Text, Text>>(&metrics_->requests)) {
    std::array<char, 3> digits;  // a number that has a class has three
    if (number != 0) std::to_chars(digits.data(), digits.data() + digits.size(), status);
    const std::string_view text = number == 0 ? other_text : std::string_view(digits.data(), digits.size());
    exact->with(route.method_, route.handler_, text).inc();
  } else if (number != 0) {
    route.by_class_[number - 1].inc();
  } else {
    std::get<0>(metrics_->requests).with(route.method_, route.handler_, status_class(status)).inc();
  }
}

inline void HttpServer::Request::trace(std::string_view traceparent) noexcept {
  if (server_ != nullptr && server_->options().trace_exemplars) trace_ = recorded_trace(traceparent);
}

inline void HttpServer::observe_duration(const Request& request, int status) const noexcept {
  double seconds = std::chrono::duration<double>(*request.stopped_).count();
  if (rounding_ != 0) seconds = std::round(seconds * rounding_) / rounding_;
  if (request.trace_) {
    request.route_.duration_.observe(seconds, {{"trace_id", request.trace_->text()}});
  } else {
    request.route_.duration_.observe(seconds);
  }
  if (options_.duration_highr == HighResolution::all || status_class(status) == StatusClass::s2xx) {
    std::visit([seconds](const auto& duration) { duration.observe(seconds); }, metrics_->duration_highr);
  }
}

inline void HttpServer::Request::finish(int status, BodySizes sizes) noexcept {
  const HttpServer* server = std::exchange(server_, nullptr);
  if (server == nullptr || !route_.counted()) return;
  if (duration_counts_) {
    stop_clock();
    server->observe_duration(*this, status);
  }
  server->count_status(route_, status);
  route_.request_size_.observe(static_cast<double>(sizes.request));
  route_.response_size_.observe(static_cast<double>(sizes.response));
  in_progress_.reset();
}

}  // namespace bundles
FLOWVIZ_METRICS_END
