// SPDX-License-Identifier: MIT
// Series that end while threads count in them: every increment was on some page, under its own text, and none under another.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <flowviz_metrics/testing.hpp>

#include "concurrency/threads.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

using namespace std::chrono_literals;
using Bytes = flowviz::Counter<flowviz::Expiring<flowviz::Text>>;

constexpr std::uint32_t cap = 8;
constexpr auto lifetime = 1min;

Bytes make_bytes(flowviz::Registry& registry) {
  return {registry, "bytes_total", "Bytes.", flowviz::OpenLabel{"client", cap}.expires_after(lifetime)};
}

/// What pages have shown of each text: the last one before it ended has all of it.
class Pages {
 public:
  explicit Pages(const flowviz::Registry& registry) : registry_(registry) {}

  void look() {
    std::size_t texts = 0;
    const std::string page = flowviz::scrape(registry_).body;
    for (const support::Sample& sample : support::parse_samples(page)) {
      if (sample.name != "bytes_total") continue;
      const std::string& text = *sample.label("client");
      texts += text != "_other" ? 1U : 0U;
      double& seen = seen_[text];
      if (sample.value < seen) FAIL_CHECK(text << " went back from " << seen << " to " << sample.value);
      seen = sample.value;
    }
    if (texts > cap) FAIL_CHECK(texts << " texts on a page");
  }
  [[nodiscard]] double of(const std::string& text) const {
    const auto at = seen_.find(text);
    return at == seen_.end() ? 0 : at->second;
  }
  [[nodiscard]] double all() const {
    double sum = 0;
    for (const auto& [text, value] : seen_) sum += value;
    return sum;
  }
  [[nodiscard]] std::size_t texts() const { return seen_.size(); }

 private:
  const flowviz::Registry& registry_;
  std::map<std::string, double> seen_;
};

// `pages` are made, each of them after one lifetime more, until `enough()`; then `counting` becomes false. Gives up when that
// takes minutes.
template <class Enough>
void make_pages(Pages& pages, flowviz::testing::FakeClock& clock, std::atomic<bool>& counting, Enough enough) {
  const auto give_up = std::chrono::steady_clock::now() + 5min;
  while (!enough() && std::chrono::steady_clock::now() < give_up) {
    clock.advance(lifetime);
    pages.look();
    std::this_thread::yield();  // let texts come in
  }
  CHECK(enough());
  counting = false;
}

// Each thread counts in one text after the other, none of which comes again, while pages end those before.
void count_in_passing(std::size_t threads, std::size_t texts) {
  flowviz::testing::FakeClock clock;
  flowviz::Registry registry;
  const Bytes bytes = make_bytes(registry);
  Pages pages(registry);
  std::atomic<bool> counting{true};
  std::atomic<std::uint64_t> counted{0};
  run_together(threads + 1, [&](std::size_t i) {
    if (i == threads) return make_pages(pages, clock, counting, [&] { return pages.texts() >= texts; });
    constexpr std::uint64_t increments = 20;
    for (std::size_t n = 0; counting.load(); ++n, counted += increments) {
      const std::string text = std::to_string(i) + "-" + std::to_string(n);
      if (n % 2 == 0) {
        const auto kept = bytes.with(text);
        for (std::uint64_t k = 0; k < increments; ++k) kept.inc();
      } else {
        for (std::uint64_t k = 0; k < increments; ++k) bytes.with(text).inc();
      }
    }
  });
  pages.look();
  CHECK(pages.all() == static_cast<double>(counted.load()));
}

TEST_CASE("what is counted while label values end and others take their places is on a page, all of it") {
  count_in_passing(3, 25 * cap);
}

TEST_CASE("the same by threads for which there are no columns of their own") {
  flowviz::Registry registry;
  const flowviz::Counter<> any{registry, "any_total", "Any."};
  std::atomic<std::size_t> settled{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> settlers;
  for (std::size_t i = 0; i < FLOWVIZ_METRICS_SLOTS; ++i) {
    settlers.emplace_back([&] {
      any.inc();
      ++settled;
      done.wait(false);
    });
  }
  while (settled.load() < FLOWVIZ_METRICS_SLOTS) std::this_thread::yield();
  count_in_passing(3, 25 * cap);
  done = true;
  done.notify_all();
  for (std::thread& settler : settlers) settler.join();
}

TEST_CASE("a text in use by several threads has one series, and what they count is there") {
  flowviz::testing::FakeClock clock;
  flowviz::Registry registry;
  const Bytes bytes = make_bytes(registry);
  const auto kept = bytes.with("always");
  Pages pages(registry);
  std::atomic<bool> counting{true};
  std::atomic<std::uint64_t> counted{0};
  run_together(4, [&](std::size_t i) {
    if (i == 3) {
      std::size_t made = 0;
      return make_pages(pages, clock, counting, [&] { return ++made > scaled(2'000); });
    }
    for (std::size_t n = 0; counting.load(); ++n, ++counted) {
      const auto copy = kept;
      (n % 2 == 0 ? copy : bytes.with("always")).inc();
      bytes.with(std::to_string(i) + "-" + std::to_string(n)).inc();
    }
  });
  pages.look();
  CHECK(kept.value() == counted.load());
  CHECK(pages.of("always") == static_cast<double>(counted.load()));
}

TEST_CASE("handles that move between threads keep their series until the last one goes") {
  flowviz::testing::FakeClock clock;
  flowviz::Registry registry;
  const Bytes bytes = make_bytes(registry);
  Pages pages(registry);
  for (std::size_t n = 0; n < scaled(2'000); ++n) {
    auto first = std::optional(bytes.with("passed on"));
    std::thread taker([copy = *first] { copy.inc(); });
    first.reset();
    clock.advance(lifetime);
    static_cast<void>(flowviz::scrape(registry));
    taker.join();
    const std::uint64_t counted = bytes.with("passed on").value();
    REQUIRE(counted >= 1);
  }
}

TEST_CASE("in the child of a fork from the middle of all this, values end as in the parent") {
  flowviz::testing::FakeClock clock;
  flowviz::Registry registry;
  const Bytes bytes = make_bytes(registry);
  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back([&, i] {
      for (std::size_t n = 0; !stop.load(); ++n) bytes.with(std::to_string(i) + "-" + std::to_string(n % 1000)).inc();
    });
  }
  int failed = 0;
  for (std::size_t n = 0; n < scaled(200) + 5; ++n) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // What a thread had in its hands when it was left behind stays; everything else ends, and new texts come in.
      for (int round = 0; round < 3; ++round) {
        clock.advance(lifetime);
        static_cast<void>(flowviz::scrape(registry));
      }
      const auto mine = bytes.with("child");
      mine.inc(7);
      clock.advance(lifetime);
      const std::string page = flowviz::scrape(registry).body;
      const bool shown = page.find("bytes_total{client=\"child\"} 7\n") != std::string::npos;
      ::_exit(shown ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    failed += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  }
  stop = true;
  for (std::thread& thread : busy) thread.join();
  CHECK(failed == 0);
}

}  // namespace
