// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the library shows of itself and of the process, by name: what pages, catalogues and the rules of names go by.

#include <array>
#include <cstddef>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace own {

/// A counter of the library. With reasons it has a label `reason` and a series for each; without, one series.
struct Metric {
  std::string_view name, help;
  const std::string_view* reasons = nullptr;
  std::size_t reason_count = 0;
};

/// Of metrics with an open label: what was counted under `_other`, by these labels.
inline constexpr std::string_view overflow_metric = "metric", overflow_label = "label";
inline constexpr Metric label_overflow{
    "flowviz_metrics_label_overflow_total",
    "What was counted under _other: a label's value was beyond its cap, or memory lacking."};

inline constexpr std::array<std::string_view, 2> repairs{"not_utf8", "too_long"};
inline constexpr Metric texts_repaired{"flowviz_metrics_label_texts_repaired_total",
                                       "Label values that were not UTF-8, or too long.", repairs.data(),
                                       repairs.size()};

inline constexpr std::array<std::string_view, 4> refusals{"negative", "not_finite", "not_pinned", "exemplar"};
inline constexpr Metric values_refused{
    "flowviz_metrics_values_refused_total",
    "Values that had no effect because the metric cannot hold them, and exemplars that break a rule.", refusals.data(),
    refusals.size()};

inline constexpr Metric allocation_failures{"flowviz_metrics_allocation_failures_total",
                                            "Times that memory for cells or series could not be had."};

inline constexpr std::array<std::string_view, 5> failures{"threw", "late", "not_a_total", "over_cap", "repeated"};
inline constexpr Metric callbacks_left_out{"flowviz_metrics_callbacks_left_out_total",
                                           "Times that a page left out a metric because its callback threw or took too "
                                           "long, or a value that the callback must not give.",
                                           failures.data(), failures.size()};

inline constexpr Metric families_left_out{
    "flowviz_metrics_families_left_out_total",
    "Times that a page of several registries left out a metric that clashed with one before it."};

/// Those that are on every page.
inline constexpr std::array<const Metric*, 5> on_every_page{&texts_repaired, &values_refused, &allocation_failures,
                                                            &callbacks_left_out, &families_left_out};

/// A metric of the process, under the name that every Prometheus client gives it.
struct ProcessMetric {
  std::string_view name, help;
  bool rises;
};
inline constexpr std::array<ProcessMetric, 8> process{{
    {"process_cpu_seconds_total", "User and system CPU time spent.", true},
    {"process_open_fds", "Open file descriptors.", false},
    {"process_max_fds", "The limit on open file descriptors.", false},
    {"process_virtual_memory_bytes", "Virtual memory.", false},
    {"process_virtual_memory_max_bytes", "The limit on virtual memory.", false},
    {"process_resident_memory_bytes", "Resident memory.", false},
    {"process_start_time_seconds", "Start of the process, as seconds since the epoch.", false},
    {"process_threads", "Threads.", false},
}};

}  // namespace own
FLOWVIZ_METRICS_END
