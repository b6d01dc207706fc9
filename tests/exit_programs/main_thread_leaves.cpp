// SPDX-License-Identifier: MIT
// The main thread ends before the process does, and gives its column back. The process is ended by another thread whose
// own lease is over, too: atexit functions and static destructors count where no thread has a column.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>

#include <cstdlib>
#include <thread>

#include "check.hpp"

namespace {

const flowviz::Counter<>& counter() {
  static const flowviz::Counter<> counter{"main_thread_leaves_total", "Increments."};
  return counter;
}

struct Judge {
  Judge() { counter().inc(); }
  ~Judge() {
    counter().inc();
    exit_programs::expect_equal("main_thread_leaves_total", counter().value(), 6u);
    exit_programs::expect_equal("leases when all threads that had one have left",
                                flowviz::cells::process_slots.leased(), 0u);
    _exit(exit_programs::status());
  }
} judge;

pthread_key_t after_lease;  // made after the library's key, so its destructor runs after the library's

}  // namespace

int main() {
  counter().inc();
  std::atexit([] { counter().inc(); });
  pthread_key_create(&after_lease, [](void*) {
    counter().inc();
    std::exit(3);  // replaced by the judge
  });
  std::thread([] {
    while (flowviz::cells::process_slots.leased() != 0) std::this_thread::yield();  // until main has left
    counter().inc();
    pthread_setspecific(after_lease, &after_lease);
  }).detach();
  pthread_exit(nullptr);
}
