// SPDX-License-Identifier: MIT
// What the main thread counts before main and after it: static constructors, main, a thread_local's destructor, atexit
// functions, static destructors.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <cstdlib>

#include "check.hpp"

namespace {

// The default registry, by a function, so that no static constructor depends on the order of static constructors.
const flowviz::Counter<>& counter() {
  static const flowviz::Counter<> counter{"process_end_total", "Increments from the first line to the last."};
  return counter;
}

std::uint64_t expected = 0;
void count() {
  counter().inc();
  ++expected;
}

// Constructed first, before anybody has used the registry, hence destroyed last, after all that came into being with its
// first use: it sees what all others have counted.
struct Judge {
  Judge() noexcept {}
  ~Judge() {
    count();
    exit_programs::expect_equal("expected increments", expected, 8u);
    exit_programs::expect_equal("process_end_total", counter().value(), expected);
    const std::string line = "\nprocess_end_total " + std::to_string(expected) + "\n";
    exit_programs::expect("a page scraped at the very end has the total",
                          flowviz::scrape().body.find(line) != std::string::npos);
    _exit(exit_programs::status());
  }
} judge;

struct Static {
  Static() { count(); }
  ~Static() { count(); }
} other_static;

struct ThreadLocal {
  ~ThreadLocal() { count(); }
};

}  // namespace

int main() {
  count();
  static thread_local ThreadLocal in_main;
  static_cast<void>(&in_main);
  std::atexit([] { count(); });
  std::at_quick_exit([] { count(); });  // does not run
  static struct Late {
    ~Late() { count(); }
  } late;
  count();
  return 3;  // replaced by the judge
}
