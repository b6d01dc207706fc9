// SPDX-License-Identifier: MIT
// A process that has used all its pthread keys: no thread can arrange for the end of a lease, so all of them share.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>

#include "../concurrency/threads.hpp"
#include "check.hpp"

int main() {
  pthread_key_t last{};
  for (pthread_key_t key; pthread_key_create(&key, nullptr) == 0;) last = key;
  const flowviz::Counter<> counter{"no_keys_total", "Increments."};
  const flowviz::Histogram<> sizes{"no_keys_sizes", "Sizes.", flowviz::Buckets{1}};
  const std::size_t threads = 8, writes = concurrency::scaled(20'000);
  const auto count = [&](std::size_t) {
    for (std::size_t i = 0; i < writes; ++i) {
      counter.inc();
      sizes.observe(1);
    }
  };
  concurrency::run_together(threads, count);
  exit_programs::expect_equal("increments", counter.value(), threads * writes);
  exit_programs::expect_equal("observations", sizes.value().count, threads * writes);
  exit_programs::expect_equal("sum", sizes.value().sum, static_cast<double>(threads * writes));
  exit_programs::expect_equal("leases", flowviz::cells::process_slots.leased(), 0u);

  // Once there is a key, threads have columns of their own.
  pthread_key_delete(last);
  count(0);
  exit_programs::expect_equal("leases once there is a key", flowviz::cells::process_slots.leased(), 1u);
  exit_programs::expect_equal("increments", counter.value(), (threads + 1) * writes);
  return exit_programs::status();
}
