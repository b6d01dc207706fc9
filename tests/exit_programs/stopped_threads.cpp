// SPDX-License-Identifier: MIT
// Nobody waits for a stopped thread: not a scrape for one that counts, creates series or registers metrics, and none of
// these for one that scrapes. A thread is stopped again and again, by a signal wherever it happens to be or when it asks
// for memory in the middle of its work, and each time another thread does all there is to do, on the same metrics. If it
// waited, it would wait for ever.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "../concurrency/threads.hpp"
#include "check.hpp"
#include "own_memory.hpp"

namespace {

int stopped[2], resumed[2];  // pipes

// Says that the calling thread has stopped, and waits until it may go on. Fit for a signal handler.
void stop(int) {
  const int error = errno;
  char byte = 's';
  if (write(stopped[1], &byte, 1) != 1 || read(resumed[0], &byte, 1) != 1) std::abort();
  errno = error;
}

// In how many allocations of its own the thread is to stop; 0 for never.
constinit std::atomic<int> stop_in_allocations{0};
constinit thread_local bool is_to_be_stopped = false;

// Memory without a lock, and never used again: a thread that is stopped in the middle of malloc would hold up the
// others, which is not what this is about.
alignas(64) constinit char arena[std::size_t{1} << 29];
constinit std::atomic<std::size_t> arena_used{0};

}  // namespace

void* own_memory::take(std::size_t bytes, std::size_t align) noexcept {
  if (is_to_be_stopped && stop_in_allocations > 0 && --stop_in_allocations == 0) stop(0);
  const std::size_t at = arena_used.fetch_add(bytes + align, std::memory_order_relaxed);
  return at + bytes + align > sizeof arena ? nullptr : arena + (at + align - 1) / align * align;
}
void own_memory::give_back(void*) noexcept {}

namespace {

// The metrics that the stopped thread and the other one share.
struct Shared {
  flowviz::Registry registry;
  flowviz::Counter<> whole{registry, "whole_total", "Increments."};
  flowviz::Histogram<> sizes{registry, "sizes", "Sizes, all of them 1.", flowviz::Buckets{0.5, 1}};
  flowviz::UpDownCounter<> busy{registry, "busy", "Busy."};
  flowviz::Counter<flowviz::Text> handlers{registry, "handlers_total", "By handler.",
                                           flowviz::OpenLabel{"handler", 9'999}};

  void count() const {
    whole.inc();
    sizes.observe(1);
    const auto scope = busy.track();
  }
  void create(std::uint64_t number) const { handlers.with("/" + std::to_string(number)).inc(); }
  void enter(std::uint64_t number) {
    flowviz::Counter<>{registry, flowviz::CounterName::checked("metric_" + std::to_string(number % 100) + "_total"),
                       "Registered by two threads."}
        .inc();
  }
  void scrape() const {
    exit_programs::expect("a page has the metrics",
                          flowviz::scrape(registry).body.find("\nwhole_total ") != std::string::npos);
  }
};

constexpr std::uint64_t unlimited = ~std::uint64_t{0};

// What the thread that is stopped does, over and over. Where that takes memory, it does so much at most before a signal
// stops it.
struct Role {
  std::string name;
  std::uint64_t at_most;
  void (*act)(Shared&, std::uint64_t number);
};
const Role roles[] = {
    {"counts", unlimited, [](Shared& shared, std::uint64_t) { shared.count(); }},
    {"creates", 500, [](Shared& shared, std::uint64_t number) { shared.create(number); }},
    {"registers", 100, [](Shared& shared, std::uint64_t number) { shared.enter(number); }},
    {"scrapes", 100, [](Shared& shared, std::uint64_t) { shared.scrape(); }},
};

// Stops a thread in this role `stops` times; returns how often it was in the middle of an act.
std::uint64_t run(const Role& role, std::uint64_t stops) {
  const bool takes_memory = role.at_most != unlimited;
  Shared shared;
  std::atomic<bool> over{false}, acting{false};
  std::atomic<std::uint64_t> begun{0}, limit{0};
  std::thread thread([&] {
    is_to_be_stopped = true;
    while (!over) {
      if (begun == limit) {
        std::this_thread::yield();
        continue;
      }
      acting = true;
      role.act(shared, begun++);
      acting = false;
    }
  });
  std::uint64_t in_the_middle = 0;
  for (std::uint64_t n = 0; n < stops; ++n) {
    const bool by_allocation = takes_memory && n % 2 == 0;
    if (by_allocation) stop_in_allocations = static_cast<int>(1 + n);
    const std::uint64_t before = begun;
    limit = takes_memory && !by_allocation ? before + role.at_most : unlimited;
    if (!by_allocation) {
      while (begun <= before + n) std::this_thread::yield();
      pthread_kill(thread.native_handle(), SIGUSR1);
    }
    char byte = 'r';
    if (read(stopped[0], &byte, 1) != 1) std::abort();
    if (acting) ++in_the_middle;
    if (takes_memory) limit = begun.load();  // of what it does from here on nothing is asked

    shared.count();
    const std::uint64_t number = begun - 1;  // what the thread is doing right now
    for (std::uint64_t ahead = 0; ahead < 3; ++ahead) {
      shared.create(number + ahead);
      shared.enter(number + ahead);
    }
    exit_programs::expect("a look-up finds what was made",
                          shared.handlers.with("/" + std::to_string(number)).value() > 0);
    shared.scrape();

    if (write(resumed[1], &byte, 1) != 1) std::abort();
  }
  over = true;
  thread.join();

  const std::string page = flowviz::scrape(shared.registry).body;
  const auto expect_total = [&](const char* what, auto got, std::uint64_t others, const char* own_role) {
    exit_programs::expect_equal((role.name + ": " + what).c_str(), got,
                                others + (role.name == own_role ? begun.load() : 0));
  };
  expect_total("increments", shared.whole.value(), stops, "counts");
  expect_total("observations", shared.sizes.value().count, stops, "counts");
  expect_total("ups and downs", shared.busy.value(), 0, "none");
  expect_total("series", exit_programs::sum_of(page, "handlers_total{"), 3 * stops, "creates");
  expect_total("metrics", exit_programs::sum_of(page, "metric_"), 3 * stops, "registers");
  return in_the_middle;
}

}  // namespace

int main() {
  if (pipe(stopped) != 0 || pipe(resumed) != 0) return 2;
  struct sigaction action{};
  action.sa_handler = stop;
  sigaction(SIGUSR1, &action, nullptr);
  // The first increment of a process asks libc for a key and a fork handler, and libc takes a lock for each.
  Shared{}.count();
  for (const Role& role : roles) {
    std::uint64_t in_the_middle = 0;
    for (std::size_t round = 0; round < concurrency::scaled(20); ++round) in_the_middle += run(role, 10);
    std::fprintf(stderr, "%s: stopped in the middle %d times\n", role.name.c_str(), static_cast<int>(in_the_middle));
    exit_programs::expect(("stopped in the middle: a thread that " + role.name).c_str(), in_the_middle > 0);
  }
  return exit_programs::status();
}
