// SPDX-License-Identifier: MIT
// The program's own operator new counts what it gives, with a plain counter and with one whose label value is new. The
// library asks for memory in the middle of counting; that must not go in circles, and nothing may be lost.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../concurrency/threads.hpp"
#include "check.hpp"
#include "own_memory.hpp"

namespace {

struct Metrics {
  flowviz::Counter<> pieces{"pieces_total", "Pieces of memory taken."};
  flowviz::Counter<flowviz::Text> by_size{"by_size_total", "The same, by size.", flowviz::OpenLabel{"size", 100}};
};
constinit std::atomic<const Metrics*> metrics{nullptr};
constinit std::atomic<std::uint64_t> taken{0};

}  // namespace

void* own_memory::take(std::size_t bytes, std::size_t align) noexcept {
  if (const Metrics* to = metrics) {
    ++taken;
    to->pieces.inc();
    const char size[] = {static_cast<char>('a' + bytes % 26), static_cast<char>('a' + bytes / 26 % 26)};
    to->by_size.with(std::string_view(size, 2)).inc();
  }
  return std::aligned_alloc(align, (bytes + align - 1) / align * align);
}
void own_memory::give_back(void* memory) noexcept { std::free(memory); }

int main() {
  static const Metrics made;
  metrics = &made;
  concurrency::run_together(8, [](std::size_t i) {
    for (std::size_t n = 1; n < 500; ++n) {
      const std::string text(n * (i + 1), 'x');
      flowviz::Counter<flowviz::Text>{"texts_total", "Texts.", flowviz::OpenLabel{"word", 4'000}}.with(text).inc();
    }
  });
  metrics = nullptr;
  exit_programs::expect("memory was taken", taken > 4'000);
  exit_programs::expect_equal("pieces_total", made.pieces.value(), taken.load());
  const std::string page = flowviz::scrape().body;
  exit_programs::expect_equal("by_size_total", exit_programs::sum_of(page, "by_size_total{"), taken.load());
  exit_programs::expect_equal("texts_total", exit_programs::sum_of(page, "texts_total{"), 8 * 499);
  return exit_programs::status();
}
