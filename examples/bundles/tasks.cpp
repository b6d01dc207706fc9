// SPDX-License-Identifier: MIT
// Background jobs: what was queued, how it ended, and what there is now.

#include <cstdio>
#include <deque>

#include <flowviz_metrics/bundles/tasks.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::TaskPriority;

enum class Task { sync_apply, webhook };

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::Tasks<Task> tasks{registry};

  std::deque<Task> queue;
  const auto add = [&](Task task, TaskPriority priority) {
    queue.push_back(task);
    tasks.create(task, priority);
  };
  add(Task::webhook, TaskPriority::high);
  add(Task::sync_apply, TaskPriority::normal);
  add(Task::sync_apply, TaskPriority::normal);

  {
    auto run = tasks.begin(queue.front());
    queue.pop_front();
    // ... the work; an exception would count as failed ...
    run.finish();
  }
  tasks.show(Task::webhook, {.done = 1});
  tasks.show(Task::sync_apply, {.queued = queue.size()});  // as the job table has it, every few seconds
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
