// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/tasks.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::Text;
using flowviz::bundles::TaskOutcome;
using flowviz::bundles::TaskPriority;
using flowviz::bundles::Tasks;
using flowviz::testing::differences;

namespace {
enum class Task { sync_apply, webhook };
}

TEST_CASE("a task that is created is counted by its kind and priority") {
  Registry registry;
  const Tasks<Task> tasks{registry};
  tasks.create(Task::webhook, TaskPriority::high);
  tasks.create(Task::webhook, TaskPriority::low);
  tasks.create(Task::webhook, TaskPriority::low);
  CHECK(differences(registry, R"(
    tasks_created_total{task="sync_apply",priority="high"} 0
    tasks_created_total{task="sync_apply",priority="normal"} 0
    tasks_created_total{task="sync_apply",priority="low"} 0
    tasks_created_total{task="webhook",priority="high"} 1
    tasks_created_total{task="webhook",priority="normal"} 0
    tasks_created_total{task="webhook",priority="low"} 2
  )") == "");
}

TEST_CASE("a task that ends is counted once, by how it did") {
  Registry registry;
  const Tasks<Task> tasks{registry};
  {
    auto run = tasks.begin(Task::sync_apply);
    run.finish();
    run.fail();  // it has ended
  }
  tasks.begin(Task::webhook).fail();
  CHECK(differences(registry, R"(
    tasks_completed_total{task="sync_apply",outcome="done"} 1
    tasks_completed_total{task="sync_apply",outcome="failed"} 0
    tasks_completed_total{task="webhook",outcome="done"} 0
    tasks_completed_total{task="webhook",outcome="failed"} 1
  )") == "");
}

TEST_CASE("a task that an exception ends has failed, and one that is moved ends once") {
  Registry registry;
  const Tasks<Task> tasks{registry};
  try {
    auto run = tasks.begin(Task::webhook);
    const auto moved = std::move(run);
    throw std::runtime_error("no answer");
  } catch (const std::runtime_error&) {
  }
  CHECK(tasks.completed.with(Task::webhook, TaskOutcome::failed).value() == 1);
  CHECK(tasks.completed.with(Task::webhook, TaskOutcome::done).value() == 0);
}

TEST_CASE("how many tasks there are of each status is what was shown last") {
  Registry registry;
  const Tasks<Task> tasks{registry};
  tasks.show(Task::webhook, {.queued = 9, .running = 9, .done = 9, .failed = 9});
  tasks.show(Task::webhook, {.queued = 4, .running = 3, .done = 2, .failed = 1});
  CHECK(differences(registry, R"(
    tasks_by_status{task="sync_apply",status="queued"} 0
    tasks_by_status{task="sync_apply",status="running"} 0
    tasks_by_status{task="sync_apply",status="done"} 0
    tasks_by_status{task="sync_apply",status="failed"} 0
    tasks_by_status{task="webhook",status="queued"} 4
    tasks_by_status{task="webhook",status="running"} 3
    tasks_by_status{task="webhook",status="done"} 2
    tasks_by_status{task="webhook",status="failed"} 1
  )") == "");
}

TEST_CASE(
    "kinds of tasks that are known at run time have three, two and four series, what is beyond them three and two") {
  Registry registry;
  const Tasks<Text> tasks{registry, {.tasks = {.cap = 2, .pinned = {"report", "export"}}}};
  for (const std::string task : {"report", "made_up", "another"}) {
    for (const auto& priority : flowviz::enums::all<TaskPriority>) tasks.create(task, priority.value);
    tasks.begin(task).finish();
    tasks.show(task, {.queued = 1});
  }
  CHECK(tasks.created.with("_other", TaskPriority::low).value() == 2);
  CHECK(tasks.completed.with("_other", TaskOutcome::done).value() == 2);
  CHECK(series_of(registry, "tasks_created_total") == (2 + 1) * 3);
  CHECK(series_of(registry, "tasks_completed_total") == (2 + 1) * 2);
  CHECK(series_of(registry, "tasks_by_status") == 2 * 4);
}

TEST_CASE("kinds of tasks that are texts have to be pinned") {
  Registry registry;
  CHECK(says(refusal([&] { Tasks<Text>{registry}; }),
             "the gauge's label 'task': name its values in LabelValues::pinned"));
  CHECK(samples_of(registry, "tasks_created_total") == "");  // none is left half registered
}
