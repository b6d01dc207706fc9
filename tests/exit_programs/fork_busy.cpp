// SPDX-License-Identifier: MIT
// A process forks while its threads count, create series and scrape. The child goes on from the parent's values, has
// columns for as many threads as a fresh process, and hangs on nothing that the parent's threads were in the middle of.
// The parent does not notice.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "../concurrency/threads.hpp"
#include "check.hpp"

namespace {

constexpr int busy_threads = 4;
constexpr std::size_t own_columns = flowviz::cells::StdPlatform::own_columns;

struct Metrics {
  flowviz::Counter<> whole{"fork_total", "Increments."};
  flowviz::Histogram<> sizes{"fork_sizes", "Sizes, all of them 1.", flowviz::Buckets{0.5, 1}};
  flowviz::Counter<flowviz::Text> handlers{"fork_handlers_total", "By handler.", flowviz::OpenLabel{"handler", 9'000}};
};

double by_all_handlers() { return exit_programs::sum_of(flowviz::scrape().body, "fork_handlers_total{"); }

// What the child does; its exit status.
int child(const Metrics& metrics, std::uint64_t known, bool main_has_lease) {
  const std::uint64_t leases_left = main_has_lease ? 1 : 0;
  exit_programs::expect_equal("child: leases", flowviz::cells::process_slots.leased(), leases_left);

  // Nobody else counts here: from now on, what is there is exact.
  const std::uint64_t whole = metrics.whole.value(), sizes = metrics.sizes.value().count;
  const double handlers = by_all_handlers();
  exit_programs::expect("child: the total goes on from the parent's", whole >= known);
  metrics.whole.inc();
  metrics.sizes.observe(1);
  metrics.handlers.with("/child").inc();

  // More threads than there would be columns if those of the parent's threads were still leased.
  concurrency::start_threads_elsewhere();
  const std::size_t threads = own_columns - 1;
  std::atomic<std::size_t> with_own{0};
  std::barrier all_have_written(static_cast<std::ptrdiff_t>(threads));
  concurrency::run_together(threads, [&](std::size_t i) {
    for (int n = 0; n < 10; ++n) {
      metrics.whole.inc();
      metrics.sizes.observe(1);
      metrics.handlers.with("/child/" + std::to_string(i % 50)).inc();
      flowviz::Counter<>{"fork_child_total", "Registered in the child."}.inc();
    }
    if (flowviz::cells::this_thread_state.column != 0) ++with_own;
    all_have_written.arrive_and_wait();
  });
  const std::uint64_t added = 1 + 10 * threads;
  exit_programs::expect_equal("child: threads with a column of their own", with_own.load(), threads);
  exit_programs::expect_equal("child: increments", metrics.whole.value() - whole, added);
  exit_programs::expect_equal("child: observations", metrics.sizes.value().count - sizes, added);
  exit_programs::expect_equal("child: sums of handlers", by_all_handlers() - handlers, added);
  exit_programs::expect_equal("child: leases in the end", flowviz::cells::process_slots.leased(), 1u);
  return exit_programs::status();
}

// Where threads can be made to pause. The allocator of AddressSanitizer is not prepared for a fork in the middle of its
// work, as glibc's is: there, and only there, the parent's threads pause between two rounds while it forks.
class Pause {
 public:
  /// Waits until `threads` threads have come here, and keeps them.
  void begin(int threads) {
    wanted_ = true;
    while (here_ < threads) std::this_thread::yield();
  }
  void end() {
    wanted_ = false;
    while (here_ > 0) std::this_thread::yield();
  }
  void here() {
    if (!wanted_) return;
    ++here_;
    while (wanted_) std::this_thread::yield();
    --here_;
  }

 private:
  std::atomic<bool> wanted_{false};
  std::atomic<int> here_{0};
};

}  // namespace

int main() {
  const Metrics metrics;
  std::atomic<bool> over{false};
  Pause pause;
  std::array<std::atomic<std::uint64_t>, busy_threads> counted{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t n = 0; !over; ++n) {
        metrics.whole.inc();
        metrics.sizes.observe(1);
        metrics.handlers.with("/" + std::to_string(n * counted.size() + i)).inc();
        if (n % 1'000 == 0) static_cast<void>(flowviz::scrape());
        ++counted[i];
        pause.here();
      }
    });
  }
  // Threads that come and go, so that leases are taken and given back at the moment of a fork.
  threads.emplace_back([&] {
    while (!over) {
      std::thread([&] { metrics.whole.inc(0); }).join();
      pause.here();
    }
  });

  const std::size_t forks = concurrency::scaled(20);
  for (std::size_t n = 0; n < forks; ++n) {
    for (const auto& by_one : counted) {
      const std::uint64_t before = by_one;
      while (by_one < before + 10) std::this_thread::yield();
    }
    if (n == forks / 2) metrics.whole.inc(0);  // from here on the main thread has a lease
    const std::uint64_t known = metrics.whole.value();
    if (concurrency::under_address_sanitizer) pause.begin(busy_threads + 1);
    const pid_t pid = fork();
    if (concurrency::under_address_sanitizer && pid != 0) pause.end();
    if (pid == 0) {
      alarm(120);  // a child that hangs is an error, too
      _exit(child(metrics, known, n >= forks / 2));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    exit_programs::expect_equal("the child's wait status", status, 0);
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  std::uint64_t expected = 0;
  for (const auto& by_one : counted) expected += by_one;
  exit_programs::expect_equal("parent: increments", metrics.whole.value(), expected);
  exit_programs::expect_equal("parent: observations", metrics.sizes.value().count, expected);
  exit_programs::expect_equal("parent: sum", metrics.sizes.value().sum, static_cast<double>(expected));
  exit_programs::expect_equal("parent: sums of handlers", by_all_handlers(), expected);
  exit_programs::expect("parent: nothing of the child's",
                        flowviz::scrape().body.find("fork_child_total") == std::string::npos);
  exit_programs::expect_equal("parent: leases in the end", flowviz::cells::process_slots.leased(), 1u);
  return exit_programs::status();
}
