// SPDX-License-Identifier: MIT
// What a series takes of memory, in bytes of malloc, and eight for what it keeps beside each block. The figures are those that
// were counted when they were last changed: a limit that is passed is memory that every program has to pay for each series.

#include <malloc.h>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/histogram.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "check.hpp"
#include "own_memory.hpp"

namespace {

std::size_t in_use = 0;  // this program has one thread

std::size_t bytes_of(void* memory) noexcept {
  return memory == nullptr ? 0 : malloc_usable_size(memory) + sizeof(std::size_t);
}

// `make` makes `count` things in a registry.
template <class Make>
void expect_at_most(const char* what, double limit, std::size_t count, Make make) {
  const std::size_t before = in_use;
  flowviz::Registry registry;
  make(registry, count);
  const double each = static_cast<double>(in_use - before) / static_cast<double>(count);
  std::printf("%s: %.1f bytes, at most %.1f\n", what, each, limit);
  exit_programs::expect(what, each <= limit);
  exit_programs::expect("it is counted at all", each > limit / 2);
}

std::string item(std::size_t i) { return "item-" + std::to_string(i); }

}  // namespace

void* own_memory::take(std::size_t bytes, std::size_t align) noexcept {
  void* memory = align <= alignof(std::max_align_t) ? std::malloc(bytes)
                                                    : std::aligned_alloc(align, (bytes + align - 1) / align * align);
  in_use += bytes_of(memory);
  return memory;
}
void own_memory::give_back(void* memory) noexcept {
  in_use -= bytes_of(memory);
  std::free(memory);
}

int main() {
  expect_at_most("a counter's series", 139, 100'000, [](flowviz::Registry& registry, std::size_t count) {
    const flowviz::Counter counter{registry, "items_total", "Items.", flowviz::MaxSeries{200'000},
                                   flowviz::OpenLabel{"item", 100'000}};
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(counter.with(item(i)));
  });
  expect_at_most("a histogram's series", 290, 10'000, [](flowviz::Registry& registry, std::size_t count) {
    const flowviz::Histogram histogram{registry,
                                       "seconds",
                                       "Seconds.",
                                       flowviz::Buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
                                       flowviz::MaxSeries{20'000},
                                       flowviz::OpenLabel{"item", 10'000}};
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(histogram.with(item(i)));
  });
  expect_at_most("an unlabelled counter, one writer", 379, 1'000, [](flowviz::Registry& registry, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "plain_" + std::to_string(i) + "_total";
      flowviz::Counter<>(registry, flowviz::CounterName::checked(name), "Plain.").inc();
    }
  });
  return exit_programs::status();
}
