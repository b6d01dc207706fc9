// SPDX-License-Identifier: MIT
// What a thread counts while it ends: in destructors of its thread_locals, then in destructors of pthread keys, which
// run in up to four rounds, in the order of the keys. The library's own key, whose destructor ends the thread's lease,
// lies between two of ours.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <limits.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "../concurrency/threads.hpp"
#include "check.hpp"

namespace {

// ThreadSanitizer forgets a thread in the last round and takes no access after that, and the destructor of the library's
// key may run one round after ours.
constexpr std::uint64_t rounds = PTHREAD_DESTRUCTOR_ITERATIONS - (concurrency::under_thread_sanitizer ? 2 : 0);

struct Metrics {
  flowviz::Counter<> whole{"thread_end_total", "Increments."};
  flowviz::Histogram<> sizes{"thread_end_sizes", "Sizes.", flowviz::Buckets{1}};
  flowviz::UpDownCounter<> busy{"thread_end_busy", "Busy."};
};
const Metrics& metrics() {
  static const Metrics metrics;
  return metrics;
}

void count() {
  metrics().whole.inc();
  metrics().sizes.observe(1);
  const auto scope = metrics().busy.track();
}

// What one thread does besides: which of its ends count, and how often.
struct Plan {
  bool body = true;
  bool thread_local_destructor = true;
  std::uint64_t first_round = 1;  // of the keys' destructors
  bool key_before = true;         // besides the key that was made after the library's
};

struct Ends {
  Plan plan;
  std::uint64_t round_before = 0, round_after = 0;
};

pthread_key_t key_before, key_after;

void end_round(pthread_key_t key, Ends* ends, std::uint64_t& round) {
  if (++round >= ends->plan.first_round) count();
  if (round < rounds) pthread_setspecific(key, ends);
}

struct ThreadLocal {
  std::optional<Plan> plan;
  ~ThreadLocal() {
    if (plan && plan->thread_local_destructor) count();
  }
};

std::uint64_t increments(const Plan& plan) {
  const std::uint64_t in_rounds = rounds + 1 - plan.first_round;
  return (plan.body ? 1u : 0u) + (plan.thread_local_destructor ? 1u : 0u) + (plan.key_before ? 2 : 1) * in_rounds;
}

// Many threads that end as planned, more of them than there are own columns, some at a time.
void run(const char* what, const Plan& plan) {
  const std::size_t at_once = 8, each = concurrency::scaled(500);
  const std::uint64_t before = metrics().whole.value();
  const flowviz::HistogramValue sizes_before = metrics().sizes.value();
  std::vector<Ends> ends(at_once * each, Ends{plan});
  concurrency::run_together(at_once, [&](std::size_t i) {
    for (std::size_t k = 0; k < each; ++k) {
      std::thread([&, mine = &ends[i * each + k]] {
        if (plan.key_before) pthread_setspecific(key_before, mine);
        pthread_setspecific(key_after, mine);
        static thread_local ThreadLocal in_thread;
        in_thread.plan = plan;
        if (plan.body) count();
      }).join();
    }
  });
  const std::uint64_t wanted = ends.size() * increments(plan);
  exit_programs::expect_equal(what, metrics().whole.value() - before, wanted);
  const flowviz::HistogramValue sizes = metrics().sizes.value() - sizes_before;
  exit_programs::expect_equal(what, sizes.count, wanted);
  exit_programs::expect_equal(what, sizes.sum, static_cast<double>(wanted));
  exit_programs::expect_equal(what, metrics().busy.value(), 0);
}

// While one thread counts after the end of its lease, another one has that lease: they must not write the same cells.
void count_beside_the_next_owner() {
  static std::latch lease_is_over{1}, next_has_leased{1};
  static constexpr std::uint64_t writes = 1'000'000;
  static const flowviz::Counter<> counter{"after_lease_total", "Increments."};
  pthread_key_t late;  // created after the library's key, so its destructor runs after the library's
  pthread_key_create(&late, [](void*) {
    lease_is_over.count_down();
    next_has_leased.wait();
    for (std::uint64_t i = 0; i < writes; ++i) counter.inc();
  });
  static std::uint32_t first_column, next_column;
  std::thread first([&] {
    counter.inc();
    first_column = flowviz::cells::this_thread_state.column;
    pthread_setspecific(late, &late);
  });
  std::thread next([] {
    lease_is_over.wait();
    counter.inc();
    next_column = flowviz::cells::this_thread_state.column;
    next_has_leased.count_down();
    for (std::uint64_t i = 0; i < writes; ++i) counter.inc();
  });
  first.join();
  next.join();
  exit_programs::expect_equal("the column that the next thread got", next_column, first_column);
  exit_programs::expect_equal("increments after the lease beside the next owner's", counter.value(), 2 * writes + 2);
}

}  // namespace

int main() {
  pthread_key_create(&key_before, [](void* ends) {
    end_round(key_before, static_cast<Ends*>(ends), static_cast<Ends*>(ends)->round_before);
  });
  count();  // the library makes its key
  pthread_key_create(&key_after, [](void* ends) {
    end_round(key_after, static_cast<Ends*>(ends), static_cast<Ends*>(ends)->round_after);
  });
  exit_programs::expect("the library's key lies between ours", key_before < flowviz::cells::exit_key.load() - 1 &&
                                                                   flowviz::cells::exit_key.load() - 1 < key_after);

  run("a thread that counts in its body, in thread_locals' destructors and in every round of its keys'", {});
  run("a thread that first counts in a thread_local's destructor", {false, true, 1});
  run("a thread that first counts in the first round of its keys' destructors", {false, false, 1});
  exit_programs::expect_equal("leases besides the main thread's", flowviz::cells::process_slots.leased(), 1u);
  count_beside_the_next_owner();
  exit_programs::expect_equal("leases besides the main thread's", flowviz::cells::process_slots.leased(), 1u);
  run("a thread that first counts in the last round of its keys' destructors", {false, false, rounds});
  exit_programs::expect_equal("leases besides the main thread's", flowviz::cells::process_slots.leased(), 1u);
  // Here nothing can end the lease, for no destructor runs any more. The columns run out, and nothing is lost.
  run("a thread that first counts where no key's destructor follows", {false, false, rounds, false});
  return exit_programs::status();
}
