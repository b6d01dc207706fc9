// SPDX-License-Identifier: MIT
// Another library's fork handler, registered before ours, starts a thread in the child, as some do that restart their
// background threads. It counts before our handler has run, on columns that nobody else may be given. With the argument `twice` ours
// is registered before it and, as by two threads that both make the first increment of the process, once more behind it.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>

#include "../concurrency/threads.hpp"
#include "check.hpp"

namespace {

constexpr std::size_t threads = 8;

const flowviz::Counter<>& counter() {
  static const flowviz::Counter<> counter{"early_total", "Increments."};
  return counter;
}

constinit std::atomic<bool> over{false};
constinit std::atomic<std::uint64_t> counted_early{0};
std::thread early;

void start_early() {
  concurrency::start_threads_elsewhere();
  early = std::thread([] {
    std::uint64_t n = 0;
    for (; !over; ++n) counter().inc();
    counted_early = n;
  });
  const std::uint64_t before = counter().value();
  while (counter().value() < before + 1'000) std::this_thread::yield();
}

int child(std::uint64_t before) {
  const std::size_t times = concurrency::scaled(20'000'000);
  concurrency::run_together(threads, [&](std::size_t) {
    for (std::size_t n = 0; n < times; ++n) counter().inc();
  });
  over = true;
  early.join();
  exit_programs::expect_equal("increments in the child", counter().value() - before, threads * times + counted_early);
  return exit_programs::status();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "twice") {
    flowviz::cells::make_exit_key();
    pthread_atfork(nullptr, nullptr, start_early);
    flowviz::cells::make_exit_key();  // this thread has no lease that a child would keep
  } else {
    pthread_atfork(nullptr, nullptr, start_early);  // before the library's own, which the first increment registers
    counter().inc();
  }
  const std::uint64_t before = counter().value();
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(120);  // a child that hangs is an error, too
    _exit(child(before));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  exit_programs::expect_equal("the child's wait status", status, 0);
  exit_programs::expect_equal("the parent's increments", counter().value(), before);
  return exit_programs::status();
}
