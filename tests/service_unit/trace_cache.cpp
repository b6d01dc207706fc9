// SPDX-License-Identifier: MIT
#include "trace_cache.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/text_page.hpp"

namespace {

using namespace wms;

TraceQuery forward(const std::string& lot) { return {lot, Direction::forward, std::nullopt}; }

Trace trace_of(const std::vector<std::string>& lots) {
  Trace trace;
  for (const std::string& id : lots) trace.nodes.emplace_back().id = id;
  return trace;
}

struct Fixture {
  flowviz::Registry registry;
  flowviz::bundles::Cache metrics{registry};
  TraceCache cache{{.entries = 3, .bytes = 100'000}, metrics};

  /// As a route does it; the answer is made of the lots that the database finds.
  std::string ask(const TraceQuery& query, const std::vector<std::string>& lots, const std::string& made = "made") {
    const auto lookup = cache.find(query);
    if (lookup.answer) return *lookup.answer;
    cache.put(query, lookup, trace_of(lots), made);
    return made;
  }
  bool has(const TraceQuery& query) { return cache.find(query).answer != nullptr; }

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

TEST_CASE_FIXTURE(Fixture, "a lot that changes takes every answer that has it along, and no other") {
  ask(forward("a"), {"a", "b"});
  ask(forward("b"), {"b", "c"});
  ask(forward("d"), {"d"});
  cache.forget("b");
  CHECK_FALSE(has(forward("a")));
  CHECK_FALSE(has(forward("b")));
  CHECK(has(forward("d")));
  cache.forget("nobody asked for this one");
  CHECK(has(forward("d")));
}

TEST_CASE_FIXTURE(Fixture, "what was read while a lot changed is not kept, for it may be from before") {
  const auto lookup = cache.find(forward("a"));
  cache.forget("a");
  cache.put(forward("a"), lookup, trace_of({"a"}), "old");
  CHECK_FALSE(has(forward("a")));
  CHECK(ask(forward("a"), {"a"}, "new") == "new");
  CHECK(ask(forward("a"), {"a"}, "newer") == "new");
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
  ask(forward("e"), std::vector<std::string>(1000, "e"), "");
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
  cache.forget("d");
  CHECK(count(evict, ok) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a cache of no entries keeps and counts nothing") {
  TraceCache off({}, metrics);
  off.put(forward("a"), off.find(forward("a")), trace_of({"a"}), "1");
  off.forget("a");
  CHECK(off.find(forward("a")).answer == nullptr);
  CHECK(count(flowviz::bundles::CacheOperation::get, flowviz::bundles::CacheResult::miss) == 0);
}

TEST_CASE_FIXTURE(Fixture, "who was told of a change sees no answer from before it, whatever others ask") {
  std::atomic<int> version = 0;
  std::atomic<bool> done = false;
  const auto read = [&] {
    const auto lookup = cache.find(forward("a"));
    if (lookup.answer) return *lookup.answer;
    std::string answer = std::to_string(version.load());  // the database is asked after the cache
    std::this_thread::yield();                            // so that changes come in between
    cache.put(forward("a"), lookup, trace_of({"a"}), answer);
    return answer;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) read();
    });
  }
  bool stale = false;
  for (int i = 1; i <= 20'000; ++i) {
    version = i;
    cache.forget("a");
    stale = stale || read() != std::to_string(i);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK_FALSE(stale);
}
