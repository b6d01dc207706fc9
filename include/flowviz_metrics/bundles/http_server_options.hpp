// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What can be chosen about the metrics of an HTTP server.

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/buckets.hpp>
#include <flowviz_metrics/native_buckets.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// What the label `status` says: `2xx`, or `201`. Exact codes appear on first use, and the first 64 of them.
enum class StatusLabel { grouped, exact };

/// Requests that no route takes are counted under handler="none", or not at all.
enum class Unmatched { grouped, ignored };

/// What the gauge of requests in progress is labelled with.
enum class InProgressLabels { method_and_handler, none };

/// Which requests the high-resolution histogram observes.
enum class HighResolution { all, only_2xx };

/// Whether the time in which an answer is streamed belongs to the duration of its request.
enum class StreamingTime { included, excluded };

/// What can be chosen about HttpServer. The defaults are what the dashboards and alerts expect.
struct HttpServerOptions {
  /// Put before the metrics' names, joined by `_`: `shop` and `web` make `shop_web_http_requests_total`. The gauge of
  /// requests in progress has the name given below, whole.
  std::string metric_namespace{};
  std::string metric_subsystem{};

  /// Labels that every series of the set carries, beside those of its registry: names and values.
  std::vector<std::pair<std::string, std::string>> constant_labels{};

  StatusLabel status = StatusLabel::grouped;
  Unmatched unmatched = Unmatched::grouped;

  /// Handlers that are not counted, each compared with the whole of a route's template.
  std::vector<std::string> excluded_handlers{"/metrics", "/health", "/health/db", "/openapi.json"};

  /// The environment variable that turns the metrics off if it says `false`, in any case, or `0`; it is read once, by
  /// the constructor. Empty: always on.
  std::string enable_variable = "ENABLE_METRICS";

  std::string in_progress_name = "flowviz_http_requests_inprogress";
  InProgressLabels in_progress_labels = InProgressLabels::method_and_handler;

  Buckets duration_buckets = Buckets::http();
  Buckets duration_highr_buckets{.01, .025, .05, .075, .1,  .25, .5,  .75, 1,  1.5, 2,
                                 2.5, 3,    3.5, 4,    4.5, 5,   7.5, 10,  30, 60};
  /// Native buckets for it, beside these.
  std::optional<NativeBuckets> duration_highr_native{};
  HighResolution duration_highr = HighResolution::all;
  StreamingTime streaming_time = StreamingTime::included;

  /// Durations are rounded to this many decimals of a second, at most 9, before they are observed. None: not at all.
  std::optional<unsigned> duration_decimals{};

  /// Whether the durations of requests that say so in `traceparent` carry their trace's identifier as an exemplar.
  bool trace_exemplars = true;
};

/// Whether an environment variable leaves something on: it does unless it says `false`, in any case, or `0`.
[[nodiscard]] inline bool enabled_by_environment(const std::string& variable) {
  const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
  if (value == nullptr) return true;
  const std::string_view text = value;
  constexpr std::string_view off = "false";
  const bool is_false = std::equal(text.begin(), text.end(), off.begin(), off.end(),
                                   [](char a, char b) { return a == b || a == static_cast<char>(b - 'a' + 'A'); });
  return !is_false && text != "0";
}

}  // namespace bundles
FLOWVIZ_METRICS_END
