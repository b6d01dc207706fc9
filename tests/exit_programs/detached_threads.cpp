// SPDX-License-Identifier: MIT
// Detached threads go on counting while main returns, atexit functions run and statics are destroyed.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "check.hpp"

namespace {

constexpr std::size_t threads = 8;

constinit std::atomic<bool> over{false};
constinit std::atomic<std::size_t> ended{0};
constinit std::array<std::atomic<std::uint64_t>, threads> counted{};

std::uint64_t counted_by_all() {
  std::uint64_t sum = 0;
  for (const auto& by_one : counted) sum += by_one;
  return sum;
}

// Waits until each thread has counted some more.
void wait_for_progress() {
  for (const auto& by_one : counted) {
    const std::uint64_t before = by_one;
    while (by_one < before + 100) std::this_thread::yield();
  }
}

const flowviz::Counter<>& counter() {
  static const flowviz::Counter<> counter{"detached_total", "Increments of detached threads."};
  return counter;
}

struct Judge {
  Judge() noexcept {}
  // All other statics are gone, those too that came into being with the first use of the registry.
  ~Judge() {
    wait_for_progress();
    over = true;
    while (ended < threads) std::this_thread::yield();
    exit_programs::expect_equal("detached_total", counter().value(), counted_by_all());
    exit_programs::expect("a page scraped at the very end has the total",
                          flowviz::scrape().body.find("\ndetached_total " + std::to_string(counted_by_all()) + "\n") !=
                              std::string::npos);
    _exit(exit_programs::status());
  }
} judge;

struct Static {
  ~Static() { wait_for_progress(); }
} other_static;

}  // namespace

int main() {
  for (auto& by_one : counted) {
    std::thread([&by_one] {
      while (!over) {
        counter().inc();
        ++by_one;
      }
      ++ended;
    }).detach();
  }
  std::atexit([] { wait_for_progress(); });
  wait_for_progress();
  return 3;  // replaced by the judge
}
