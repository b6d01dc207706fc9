// SPDX-License-Identifier: MIT
#include <flowviz_metrics/process.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;

namespace {

std::map<std::string, double> process_metrics() {
  std::map<std::string, double> values;
  flowviz::each_process_metric(
      [&](std::string_view name, std::string_view, bool, double value) { values[std::string(name)] = value; });
  return values;
}

}  // namespace

TEST_CASE("a page shows the process only when asked to") {
  Registry registry;
  CHECK(!says(valid_page(registry), "process_"));
  flowviz::expose_process_metrics(registry);
  flowviz::expose_process_metrics(registry);
  const std::string page = valid_page(registry);
  for (const std::string family :
       {"process_cpu_seconds_total counter", "process_open_fds gauge", "process_max_fds gauge",
        "process_virtual_memory_bytes gauge", "process_resident_memory_bytes gauge", "process_start_time_seconds gauge",
        "process_threads gauge"}) {
    CAPTURE(family);
    CHECK(says(page, "# TYPE " + family + "\n"));
  }
}

// Not under an emulator: qemu-user writes /proc/self/stat itself, without threads and with the start of its own process.
#ifndef FLOWVIZ_METRICS_EMULATOR
TEST_CASE("the process's metrics say what is the case") {
  const auto values = process_metrics();
  const double now = static_cast<double>(std::time(nullptr));
  CHECK(values.at("process_start_time_seconds") <= now + 1);
  CHECK(values.at("process_start_time_seconds") > now - 24 * 3600);
  CHECK(values.at("process_open_fds") >= 1);
  CHECK(values.at("process_open_fds") <= values.at("process_max_fds"));
  CHECK(values.at("process_threads") >= 1);
  CHECK(values.at("process_resident_memory_bytes") > 100'000);
  CHECK(values.at("process_resident_memory_bytes") < values.at("process_virtual_memory_bytes"));
}

TEST_CASE("a forked child shows its own start") {
  const auto now = [] { return static_cast<double>(std::time(nullptr)); };
  const double before = now();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const double start = process_metrics().at("process_start_time_seconds");
    // The system's own start is known to the second.
    _exit(start >= before - 2 && start <= now() + 2 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

TEST_CASE("the open descriptors are those that the system knows") {
  const double shown = process_metrics().at("process_open_fds");
  double open = 0;
  for (int descriptor = 0; descriptor < 10'000; ++descriptor) open += ::fcntl(descriptor, F_GETFD) == -1 ? 0 : 1;
  CHECK(shown == open);
}

TEST_CASE("an opened descriptor is one more, a closed one is not") {
  const double before = process_metrics().at("process_open_fds");
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  CHECK(process_metrics().at("process_open_fds") == before + 1);
  ::close(descriptor);
  CHECK(process_metrics().at("process_open_fds") == before);
}

#ifndef FLOWVIZ_METRICS_EMULATOR  // as above
TEST_CASE("a started thread is one more") {
  const double before = process_metrics().at("process_threads");
  double during = 0;
  std::thread([&] { during = process_metrics().at("process_threads"); }).join();
  CHECK(during == before + 1);
}
#endif

TEST_CASE("work costs CPU time") {
  const double before = process_metrics().at("process_cpu_seconds_total");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (process_metrics().at("process_cpu_seconds_total") <= before && std::chrono::steady_clock::now() < deadline) {
  }
  CHECK(process_metrics().at("process_cpu_seconds_total") > before);
}

TEST_CASE("a field of stat is found whatever the program's name holds") {
  using flowviz::process::stat_field;
  const std::string_view fields = " S 1 42 43 0 -1 4194560 100 0 0 0 7 8 0 0 20 0 3 0 12345 999";
  for (const std::string name : {"(service)", "(a b)", "(a) S 9 9 (b)", "()", "())"}) {
    CAPTURE(name);
    const std::string stat = "99 " + name + std::string(fields);
    CHECK(stat_field(stat, 4) == 1);
    CHECK(stat_field(stat, 20) == 3);
    CHECK(stat_field(stat, 22) == 12345);
    CHECK(stat_field(stat, 23) == 999);
  }
}

TEST_CASE("a field that is not there or no number is left out") {
  using flowviz::process::stat_field;
  for (const std::string_view stat : {"", "99", "99 (a", "99 (a)", "99 (a) S", "99 (a) S x", "99 (a) S -1"}) {
    CAPTURE(stat);
    CHECK(stat_field(stat, 4) == std::nullopt);
    CHECK(stat_field(stat, 99) == std::nullopt);
  }
}

TEST_CASE("a number is read up to what is none") {
  using flowviz::process::leading_number;
  CHECK(leading_number("  \t12 kB") == 12);
  CHECK(leading_number("0") == 0);
  CHECK(leading_number("18446744073709551615") == 18446744073709551615.0);
  for (const std::string_view text : {"", " ", "x1", "-1", "18446744073709551616"})
    CHECK(leading_number(text) == std::nullopt);
}

TEST_CASE("a file that cannot be read is empty") {
  CHECK(flowviz::process::read_file("/proc/self/no such file") == "");
  CHECK(flowviz::process::read_file("/proc/self/stat", 3).size() == 3);
  CHECK(flowviz::process::read_file("/proc/self/stat").size() > 20);
}
