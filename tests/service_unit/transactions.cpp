// SPDX-License-Identifier: MIT
#include "storage/transactions.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace {

using namespace wms;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// What a database does to those who commit, and how much time each connection that was lent had from then on.
struct Server {
  std::function<void()> at_commit = [] {};
  std::vector<Clock::duration> had;
};

class LentConnection : public Connection {
 public:
  LentConnection(Server& server, Deadline deadline) : server_(server), deadline_(deadline) {}

  void set_deadline(Deadline deadline) override { deadline_ = deadline; }
  void run_script(const Sql&) override {}
  void begin(Access) override { server_.had.push_back(deadline_ - Clock::now()); }
  void commit() override { server_.at_commit(); }
  void rollback() noexcept override {}
  bool in_transaction() const override { return false; }
  bool is_usable() const noexcept override { return true; }
  bool is_alive(Clock::duration) noexcept override { return true; }

 private:
  std::unique_ptr<Rows> start(const Sql&, std::span<const Parameter>) override { return nullptr; }
  std::int64_t change(const Sql&, std::span<const Parameter>) override { return 0; }

  Server& server_;
  Deadline deadline_;
};

struct Fixture {
  Server server;
  PoolOptions options;
  Transactions transactions{std::make_unique<ConnectionPool>(
                                [this](Deadline deadline, const std::function<void()>&) {
                                  return std::make_unique<LentConnection>(server, deadline);
                                },
                                options),
                            nullptr};
  Patience patience;

  Result<int, Refusal> write() {
    return transactions.write<int>({Clock::now() + 1h, &patience},
                                   [](Connection&) -> Result<int, Refusal> { return 1; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what it takes to find out whether a transaction was committed comes out of the patience") {
  bool took_all_the_time = false;
  SUBCASE("of which there is something left") {}
  SUBCASE("all of which was used") { took_all_the_time = true; }
  server.at_commit = [&] {
    if (server.had.size() > 1) return;
    if (took_all_the_time) patience.used = options.patience;
    throw DatabaseError(Failure::unknown_outcome, "lost");
  };
  CHECK(write());
  REQUIRE(server.had.size() == 2);
  CHECK(server.had[0] <= options.patience - 300ms);  // with which to find out
  CHECK(server.had[1] <= (took_all_the_time ? 200ms : options.patience));
}

TEST_CASE_FIXTURE(Fixture, "who cannot find out whether a transaction was committed is told so, after two attempts") {
  server.at_commit = [] { throw DatabaseError(Failure::unknown_outcome, "lost"); };
  const auto outcome = write();
  REQUIRE_FALSE(outcome);
  CHECK(std::holds_alternative<OutcomeUnknown>(outcome.error()));
  CHECK(server.had.size() == 2);
}
