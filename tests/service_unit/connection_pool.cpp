// SPDX-License-Identifier: MIT
#include "storage/connection_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace wms;
using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// What tests look at, and how connections are to behave.
struct Server {
  int opened = 0, closed = 0;
  bool refuses = false;
  bool forgets_connections = false;
  Deadline last_deadline;
  std::function<void()> blocked;
};

class FakeConnection : public Connection {
 public:
  FakeConnection(Server& server, Deadline deadline) : number(++server.opened), server_(server) {
    server.last_deadline = deadline;
  }
  ~FakeConnection() override { ++server_.closed; }

  const int number;
  bool broken = false;

  void set_deadline(Deadline deadline) override { server_.last_deadline = deadline; }
  void run_script(const Sql&) override {}
  void begin(Access) override {}
  void commit() override {}
  void rollback() noexcept override {}
  bool in_transaction() const override { return false; }
  bool is_usable() const noexcept override { return !broken; }
  bool is_alive(std::chrono::steady_clock::duration) noexcept override { return !server_.forgets_connections; }

 private:
  std::unique_ptr<Rows> start(const Sql&, std::span<const Parameter>) override { return nullptr; }
  std::int64_t change(const Sql&, std::span<const Parameter>) override { return 0; }

  Server& server_;
};

ConnectionPool::Open connecting_to(Server& server) {
  return [&server](Deadline deadline, std::function<void()> blocked) -> std::unique_ptr<Connection> {
    if (server.refuses) throw DatabaseError(Failure::lost, "connection refused");
    server.blocked = std::move(blocked);
    return std::make_unique<FakeConnection>(server, deadline);
  };
}

PoolOptions sizes(std::size_t size, std::size_t overflow) {
  PoolOptions options;
  options.size = size;
  options.overflow = overflow;
  return options;
}

int number_of(Connection& connection) { return dynamic_cast<FakeConnection&>(connection).number; }

int lent_by(ConnectionPool& pool) { return pool.use(in(10s), number_of); }

/// A thread that has a connection until it is told to give it back.
class Holder {
 public:
  explicit Holder(ConnectionPool& pool) : thread_([this, &pool] { hold(pool); }) {
    while (!holds_) std::this_thread::yield();
  }
  ~Holder() {
    done_ = true;
    thread_.join();
  }

 private:
  void hold(ConnectionPool& pool) {
    pool.use(in(60s), [this](Connection&) {
      holds_ = true;
      while (!done_) std::this_thread::yield();
      return 0;
    });
  }

  std::atomic<bool> holds_ = false, done_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("the pool is as large, as patient and as young as was promised, unless it is told otherwise") {
  const PoolOptions standard;
  CHECK(standard.size == 25);
  CHECK(standard.overflow == 10);
  CHECK(standard.longest_wait == 30s);
  CHECK(standard.longest_life == 3'600s);
  CHECK(standard.patience < 2s);  // in which clients are promised a refusal
}

TEST_CASE("a connection is opened when it is needed, and used again") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(2, 0));
  CHECK(server.opened == 0);
  CHECK(lent_by(pool) == 1);
  CHECK(lent_by(pool) == 1);
}

TEST_CASE("connections are active, idle or overflowing, and what overflows is closed when it comes back") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(2, 1));
  const auto is = [&](std::size_t active, std::size_t idle, std::size_t overflow) {
    const auto now = pool.connections();
    CHECK(now.max == 3);
    return now.active == active && now.idle == idle && now.overflow == overflow;
  };
  CHECK(is(0, 0, 0));
  {
    const Holder one(pool), two(pool);
    CHECK(is(2, 0, 0));
    {
      const Holder three(pool);
      CHECK(is(2, 0, 1));
    }
    CHECK(is(2, 0, 0));
    CHECK(server.closed == 1);
  }
  CHECK(is(0, 2, 0));
}

TEST_CASE("of the connections that come back together, one waiter keeps one open, and not all that overflow") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(2, 6));
  // Holds all of them, and gives them back faster than a thread wakes up.
  const std::function<int(int, const std::function<void()>&)> hold = [&](int more, const std::function<void()>& then) {
    return pool.use(in(60s), [&](Connection&) {
      if (more > 0) return hold(more - 1, then);
      then();
      return 0;
    });
  };
  for (int round = 0; round < 20; ++round) {
    std::thread waiter;
    hold(7, [&] {
      std::atomic<bool> started = false;
      waiter = std::thread([&pool, &started] {
        started = true;
        lent_by(pool);
      });
      const Deadline waits_by_then = in(5ms);  // if not, this round finds nothing
      while (!started || std::chrono::steady_clock::now() < waits_by_then) std::this_thread::yield();
    });
    waiter.join();
    CHECK(pool.connections().idle <= 2);
  }
}

TEST_CASE("when all connections are busy a request waits as long as it lives, and no longer") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = 50ms;
  ConnectionPool pool(connecting_to(server), options);
  {
    const Holder holder(pool);
    CHECK_THROWS_AS(pool.use(in(20ms), number_of), DatabaseError);
  }
  std::atomic<bool> borrowed = false, done = false;
  std::thread holder([&] {
    pool.use(in(60s), [&](Connection&) {
      borrowed = true;
      const Deadline later = in(3 * options.patience);
      while (std::chrono::steady_clock::now() < later) std::this_thread::yield();
      done = true;
      return 0;
    });
  });
  while (!borrowed) std::this_thread::yield();
  CHECK(pool.use(in(60s), [&](Connection&) { return done.load(); }));
  holder.join();
}

TEST_CASE("however long a request lives, it waits no longer than the longest wait") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = options.longest_wait = 20ms;
  ConnectionPool pool(connecting_to(server), options);
  const Holder holder(pool);
  CHECK_THROWS_AS(pool.use(in(1h), number_of), DatabaseError);
}

TEST_CASE("while the database does not answer, nobody waits longer than the patience") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = 50ms;
  ConnectionPool pool(connecting_to(server), options);
  const Holder holder(pool);
  SUBCASE("because a statement waits for somebody outside") { server.blocked(); }
  SUBCASE("also for those who wait already") {
    std::thread waiter([&] { CHECK_THROWS_AS(pool.use(in(1h), number_of), DatabaseError); });
    server.blocked();
    waiter.join();
  }
  CHECK_THROWS_AS(pool.use(in(1h), number_of), DatabaseError);
}

TEST_CASE("statements have the patience, and after a long wait a last chance") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = 1500ms;
  ConnectionPool pool(connecting_to(server), options);
  lent_by(pool);
  CHECK(server.last_deadline <= in(1500ms));
  CHECK(server.last_deadline > in(500ms));
  CHECK_THROWS_AS(pool.use(in(1h), [](Connection&) -> int { throw DatabaseError(Failure::lost, "gone"); }),
                  DatabaseError);
  lent_by(pool);
  CHECK(server.last_deadline <= in(1500ms));
}

TEST_CASE("the calls of a request share its patience, down to a last chance for each") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = 10s;
  ConnectionPool pool(connecting_to(server), options);
  Patience patience;
  const auto spend = [&](std::chrono::milliseconds time) {
    return pool.use({in(1h), &patience}, [end = in(time)](Connection&) {
      while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
      return 0;
    });
  };
  spend(0ms);
  CHECK(server.last_deadline > in(5s));
  spend(20ms);
  CHECK(patience.used >= 20ms);
  const auto used = patience.used;
  spend(0ms);
  CHECK(server.last_deadline <= in(10s - std::chrono::floor<std::chrono::milliseconds>(used)));
  patience.used = 1h;
  spend(0ms);
  CHECK(server.last_deadline <= in(200ms));
  lent_by(pool);  // another request
  CHECK(server.last_deadline > in(5s));
}

TEST_CASE("what others keep a request waiting takes nothing from its patience, what the database does takes all") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.patience = 50ms;
  ConnectionPool pool(connecting_to(server), options);
  Patience patience;
  {
    std::optional<Holder> holder(std::in_place, pool);
    const Deadline later = in(2 * options.patience);
    std::thread waiter([&] { pool.use({in(1h), &patience}, number_of); });
    while (std::chrono::steady_clock::now() < later) std::this_thread::yield();
    const auto free = std::chrono::steady_clock::now();
    holder.reset();
    waiter.join();
    CHECK(patience.used <= std::chrono::steady_clock::now() - free);
  }
  const auto before = patience.used;
  const Holder holder(pool);
  server.blocked();
  CHECK_THROWS_AS(pool.use({in(1h), &patience}, number_of), DatabaseError);
  CHECK(patience.used - before >= options.patience);
}

TEST_CASE("a connection that was lost is replaced, one that was refused something is kept") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(1, 0));
  const auto fail_with = [&](Failure failure) {
    CHECK_THROWS_AS(pool.use(in(10s), [&](Connection&) -> int { throw DatabaseError(failure, "no"); }), DatabaseError);
  };
  CHECK(lent_by(pool) == 1);
  for (const Failure failure : {Failure::mistake, Failure::unavailable, Failure::conflict}) fail_with(failure);
  CHECK(lent_by(pool) == 1);
  fail_with(Failure::lost);
  CHECK(lent_by(pool) == 2);
  fail_with(Failure::unknown_outcome);
  CHECK(lent_by(pool) == 3);
  pool.use(in(10s), [](Connection& connection) { return dynamic_cast<FakeConnection&>(connection).broken = true; });
  CHECK(lent_by(pool) == 4);
  CHECK(server.closed == 3);
}

TEST_CASE("a connection that died while it was idle is noticed before it is lent") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(1, 0));
  CHECK(lent_by(pool) == 1);
  server.forgets_connections = true;
  CHECK(lent_by(pool) == 2);
}

TEST_CASE("an old connection is replaced") {
  Server server;
  PoolOptions options = sizes(1, 0);
  options.longest_life = 0ms;
  ConnectionPool pool(connecting_to(server), options);
  CHECK(lent_by(pool) == 1);
  CHECK(lent_by(pool) == 2);
}

TEST_CASE("a pool whose connections could not be opened recovers by itself") {
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(1, 0));
  server.refuses = true;
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(pool.use(in(10s), number_of), DatabaseError);
  CHECK(pool.connections().active == 0);
  server.refuses = false;
  CHECK(lent_by(pool) == 1);
}

TEST_CASE("waiting for a connection is measured, also when it was in vain") {
  flowviz::Registry registry;
  const flowviz::bundles::Database metrics{registry};
  Server server;
  ConnectionPool pool(connecting_to(server), sizes(1, 0), &metrics);
  lent_by(pool);
  {
    const Holder holder(pool);
    CHECK_THROWS_AS(pool.use(in(20ms), number_of), DatabaseError);
  }
  const auto waits = metrics.connection_wait.value();
  CHECK(waits.count == 3);
  CHECK(waits.sum >= 0.02);
}
