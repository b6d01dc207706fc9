// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of background jobs: created, ended, and how many there are of each status.

#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/bundles/counted_end.hpp>
#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

enum class TaskPriority : std::uint8_t { high, normal, low };
enum class TaskOutcome : std::uint8_t { done, failed };
enum class TaskStatus : std::uint8_t { queued, running, done, failed };

/// How many tasks there are of one kind. Of those that have ended only the recent ones can be meant, for a count of all
/// that ever were is a counter's; the last hour is usual.
struct TaskCounts {
  std::size_t queued = 0;
  std::size_t running = 0;
  std::size_t done = 0;
  std::size_t failed = 0;
};

template <OwnLabel Task>
struct TasksOptions {
  LabelValues<Task> tasks{};  ///< texts have to be pinned, for there is a gauge among the metrics
};

/// A task that is being worked on.
using TaskRun = CountedEnd<TaskOutcome>;

/// `tasks_created_total{task,priority}`, `tasks_completed_total{task,outcome}` and `tasks_by_status{task,status}`.
///
/// `Task` is the kind of a task, never one task: an enum, or a text, all of them pinned. For every kind three, two and four
/// series; the counters have as many for `_other`. Thread-safe; each call costs some 2 to 4 ns, with a text 5 more for each series.
///
///     enum class Task { sync_apply, webhook };
///     flowviz::bundles::Tasks<Task> tasks{registry};
///     tasks.create(Task::webhook, TaskPriority::high);          // after the commit that queued it
///     auto run = tasks.begin(Task::webhook);
///     work();   // may throw
///     run.finish();
template <OwnLabel Task>
struct Tasks {
  Gauge<Task, TaskStatus> by_status;  // the first, for it is the one that may be refused
  // Its name is one that dashboards know, and a LegacyName: OpenMetrics keeps the ending _created to itself.
  Counter<Task, TaskPriority> created;
  Counter<Task, TaskOutcome> completed;

  /// Throws `Error` if the registry has the metrics with other values, or if tasks are texts of which none is pinned.
  explicit Tasks(Registry& registry, const TasksOptions<Task>& options = {})
      : by_status{registry, "tasks_by_status", "Tasks that there are.", own_gauge_label<Task>("task", options.tasks),
                  Label<TaskStatus>{"status"}},
        created{registry, LegacyName{"tasks_created_total"}, "Tasks that were queued.",
                own_label<Task>("task", options.tasks), Label<TaskPriority>{"priority"}},
        completed{registry, "tasks_completed_total", "Tasks that ended, by how they did.",
                  own_label<Task>("task", options.tasks), Label<TaskOutcome>{"outcome"}} {}

  void create(typename LabelTraits<Task>::Argument task, TaskPriority priority) const noexcept {
    created.with(task, priority).inc();
  }

  /// A task whose end is counted, and that has to be told how it was.
  TaskRun begin(typename LabelTraits<Task>::Argument task) const noexcept {
    return TaskRun(completed.with(task, TaskOutcome::done), completed.with(task, TaskOutcome::failed));
  }

  /// Shows how many there are now. For whoever reads them where they are kept, all of a kind at a time; the gauge keeps
  /// what it was told last.
  void show(typename LabelTraits<Task>::Argument task, const TaskCounts& counts) const noexcept {
    by_status.with(task, TaskStatus::queued).set(counts.queued);
    by_status.with(task, TaskStatus::running).set(counts.running);
    by_status.with(task, TaskStatus::done).set(counts.done);
    by_status.with(task, TaskStatus::failed).set(counts.failed);
  }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
