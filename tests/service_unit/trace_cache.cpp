// SPDX-License-Identifier: MIT
#include "trace_cache.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/text_page.hpp"

namespace {

using namespace wms;

TraceQuery forward(const std::string& lot) { return {lot, Direction::forward, std::nullopt}; }

struct Fixture {
  flowviz::Registry registry;
  flowviz::bundles::Cache metrics{registry};
  TraceCache cache{{.entries = 3, .bytes = 100'000}, metrics};
  std::map<std::string, std::int64_t> changes;  ///< of each lot, as the database has it

  Trace trace_of(const std::vector<std::string>& lots) {
    Trace trace;
    for (const std::string& id : lots) {
      trace.nodes.emplace_back().id = id;
      trace.nodes.back().changes = changes[id];
    }
    return trace;
  }
  bool is_true(const KeptTrace& kept) {
    std::int64_t sum = 0;
    for (const std::string& id : kept.lots) sum += changes[id];
    return sum == kept.changes;
  }
  /// As a route does it; the answer is made of the lots that the database finds.
  std::string ask(const TraceQuery& query, const std::vector<std::string>& lots, const std::string& made = "made") {
    const auto kept = cache.find(query, [&](const KeptTrace& earlier) { return is_true(earlier); });
    if (kept) return kept->answer;
    cache.put(query, trace_of(lots), made);
    return made;
  }
  bool has(const TraceQuery& query) {
    return cache.find(query, [&](const KeptTrace& earlier) { return is_true(earlier); }) != nullptr;
  }

  double count(flowviz::bundles::CacheOperation operation, flowviz::bundles::CacheResult result) {
    return static_cast<double>(metrics.operations.with(operation, result).value());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an answer is kept for the same query and for no other") {
  CHECK(ask(forward("a"), {"a", "b"}, "1") == "1");
  CHECK(ask(forward("a"), {"a", "b"}, "2") == "1");
  CHECK(ask({"a", Direction::backward, std::nullopt}, {"a"}, "3") == "3");
  CHECK(ask({"a", Direction::forward, 1}, {"a"}, "4") == "4");
  CHECK(ask({"a", Direction::forward, 1}, {"a"}, "5") == "4");
}

TEST_CASE_FIXTURE(Fixture, "once a lot has changed, no answer that has it is used any more, and every other is") {
  ask(forward("a"), {"a", "b"});
  ask(forward("b"), {"b", "c"});
  ask(forward("d"), {"d"});
  ++changes["b"];
  CHECK_FALSE(has(forward("a")));
  CHECK_FALSE(has(forward("b")));
  CHECK(has(forward("d")));
  ++changes["nobody asked for this one"];
  CHECK(has(forward("d")));
}

TEST_CASE_FIXTURE(Fixture, "an answer that is true no more gives its place to the next") {
  ask(forward("a"), {"a"}, "old");
  ++changes["a"];
  CHECK(ask(forward("a"), {"a"}, "new") == "new");
  CHECK(ask(forward("a"), {"a"}, "newer") == "new");
  ask(forward("b"), {"b"});
  ask(forward("c"), {"c"});
  CHECK(has(forward("a")));  // three have room
}

TEST_CASE_FIXTURE(Fixture, "what was read before a lot changed is kept as what it is") {
  const Trace before = trace_of({"a"});
  ++changes["a"];
  cache.put(forward("a"), before, "old");
  CHECK_FALSE(has(forward("a")));
}

TEST_CASE_FIXTURE(Fixture, "of too many answers the one goes that nobody has asked for the longest") {
  for (const char* lot : {"a", "b", "c"}) ask(forward(lot), {lot});
  CHECK(has(forward("a")));
  ask(forward("d"), {"d"});
  CHECK(has(forward("a")));
  CHECK_FALSE(has(forward("b")));
  CHECK(has(forward("c")));
  CHECK(has(forward("d")));
}

TEST_CASE_FIXTURE(Fixture, "answers are bounded in bytes, too, with what is kept about their lots") {
  ask(forward("a"), {"a"}, std::string(60'000, 'x'));
  ask(forward("b"), {"b"}, std::string(30'000, 'x'));
  CHECK(has(forward("a")));
  ask(forward("c"), {"c"}, std::string(30'000, 'x'));  // the latest asked for was a
  CHECK(has(forward("a")));
  CHECK_FALSE(has(forward("b")));
  ask(forward("d"), {"d"}, std::string(100'000, 'x'));  // larger than all there is room for
  CHECK_FALSE(has(forward("d")));
  CHECK(has(forward("a")));
  ask(forward("e"), std::vector<std::string>(2000, "e"), "");
  CHECK_FALSE(has(forward("e")));
}

TEST_CASE_FIXTURE(Fixture, "what happens is counted") {
  using enum flowviz::bundles::CacheOperation;
  using enum flowviz::bundles::CacheResult;
  for (const char* lot : {"a", "a", "b", "c", "d"}) ask(forward(lot), {lot});
  CHECK(count(get, hit) == 1);
  CHECK(count(get, miss) == 4);
  CHECK(count(put, ok) == 4);
  CHECK(count(evict, ok) == 1);
  ++changes["d"];
  ask(forward("d"), {"d"});
  CHECK(count(get, hit) == 1);
  CHECK(count(get, miss) == 5);
  CHECK(count(put, ok) == 5);
  CHECK(count(evict, ok) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a cache of no entries keeps and counts nothing") {
  TraceCache off({.entries = 0}, metrics);
  off.put(forward("a"), trace_of({"a"}), "1");
  CHECK(off.find(forward("a"), [](const KeptTrace&) { return true; }) == nullptr);
  CHECK(count(flowviz::bundles::CacheOperation::get, flowviz::bundles::CacheResult::miss) == 0);
}

TEST_CASE_FIXTURE(Fixture, "many may ask at once, and each gets what was made for its query") {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      for (int j = 0; j < 2'000; ++j) {
        const std::string lot(1, static_cast<char>('a' + (i + j) % 5));
        const auto kept = cache.find(forward(lot), [j](const KeptTrace&) { return j % 7 != 0; });
        if (kept && kept->answer != lot) ++wrong;
        Trace trace;
        trace.nodes.emplace_back().id = lot;
        if (!kept) cache.put(forward(lot), trace, lot);
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}
