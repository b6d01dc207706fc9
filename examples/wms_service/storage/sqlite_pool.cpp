// SPDX-License-Identifier: MIT
#include "storage/sqlite_pool.hpp"

#include <algorithm>
#include <utility>

namespace wms::sqlite {
namespace {

// What a statement gets at least, however long its request has waited for a connection.
constexpr std::chrono::milliseconds last_chance{200};

}  // namespace

Pool::Pool(std::string path, Access access, std::size_t size, std::chrono::milliseconds patience)
    : path_(std::move(path)), access_(access), patience_(patience), size_(size), unopened_(size) {}

flowviz::bundles::PoolConnections Pool::connections() const {
  const std::scoped_lock lock(mutex_);
  return {.active = size_ - unopened_ - idle_.size(), .idle = idle_.size(), .max = size_};
}

std::unique_ptr<Connection> Pool::borrow(Deadline deadline) {
  const auto entered = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (idle_.empty() && unopened_ == 0) {
    const Deadline limit = blocked_ ? std::min(deadline, entered + patience_) : deadline;
    if (std::chrono::steady_clock::now() >= limit) throw Error(SQLITE_BUSY, "no connection became free in time");
    changed_.wait_until(lock, limit);
  }
  const auto now = std::chrono::steady_clock::now();
  const Deadline statement_deadline =
      std::min(deadline, blocked_ ? std::max(entered + patience_, now + last_chance) : now + patience_);

  if (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    connection->set_deadline(statement_deadline);
    return connection;
  }

  --unopened_;
  lock.unlock();
  try {
    auto connection = std::make_unique<Connection>(path_, access_, statement_deadline);
    connection->set_blocked_hook([this] { mark_blocked(); });
    return connection;
  } catch (...) {
    give_back(nullptr, false);
    throw;
  }
}

void Pool::give_back(std::unique_ptr<Connection> connection, bool answered) {
  const std::scoped_lock lock(mutex_);
  if (connection) {
    idle_.push_back(std::move(connection));
  } else {
    ++unopened_;
  }
  if (answered) blocked_ = false;
  changed_.notify_one();
}

void Pool::mark_blocked() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(blocked_, true)) return;
  changed_.notify_all();  // those who wait now have less time
}

}  // namespace wms::sqlite
