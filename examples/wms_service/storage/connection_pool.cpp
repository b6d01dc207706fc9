// SPDX-License-Identifier: MIT
#include "storage/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace wms {
namespace {

using Clock = std::chrono::steady_clock;

// What a statement gets at least, however long its request has waited before; unless nobody has so much patience.
constexpr std::chrono::milliseconds last_chance{200};

}  // namespace

ConnectionPool::ConnectionPool(Open open, const PoolOptions& options, const flowviz::bundles::Database* metrics)
    : open_(std::move(open)), options_(options), metrics_(metrics) {}

flowviz::bundles::PoolConnections ConnectionPool::connections() const {
  const std::scoped_lock lock(mutex_);
  const std::size_t own = std::min(lent_, options_.size);
  return {.active = own, .idle = idle_.size(), .overflow = lent_ - own, .max = options_.size + options_.overflow};
}

ConnectionPool::Pooled ConnectionPool::borrow(Deadline deadline, std::chrono::milliseconds set_aside,
                                              Waiting& waiting) {
  const auto timing = metrics_ == nullptr ? flowviz::ScopedTimer<flowviz::HistogramSeries>(flowviz::HistogramSeries())
                                          : metrics_->connection_wait.time();
  Deadline statement_deadline;
  std::optional<Pooled> idle = take_slot(deadline, patience_of(deadline, set_aside), waiting, statement_deadline);
  try {
    if (idle) {
      idle->connection->set_deadline(statement_deadline);
      if (is_fit(*idle)) return std::move(*idle);
      idle->connection.reset();
    }
    const auto opened = Clock::now();
    return {open_(statement_deadline, [this] { mark_blocked(); }), opened, opened};
  } catch (...) {
    give_back({}, false, true);
    throw;
  }
}

/// How long a call with this deadline waits for a database that does not answer.
Clock::duration ConnectionPool::patience_of(const Deadline& deadline, std::chrono::milliseconds set_aside) const {
  const auto used = deadline.patience == nullptr ? Clock::duration::zero() : deadline.patience->used;
  return std::max<Clock::duration>(options_.patience - used - set_aside, std::min(last_chance, options_.patience));
}

/// Waits for the right to have a connection: an idle one, or nothing, which means that another may be opened.
std::optional<ConnectionPool::Pooled> ConnectionPool::take_slot(Deadline deadline, Clock::duration patience,
                                                                Waiting& waiting, Deadline& statement_deadline) {
  const auto entered = Clock::now();
  const Clock::time_point end =
      std::min<Clock::time_point>(deadline, entered + std::max(options_.longest_wait, options_.patience));
  std::unique_lock lock(mutex_);
  while (idle_.empty() && lent_ == options_.size + options_.overflow) {
    const Clock::time_point limit = blocked_ ? std::min(end, entered + patience) : end;
    if (Clock::now() >= limit) throw DatabaseError(Failure::unavailable, "no connection became free in time");
    ++waiting_;
    changed_.wait_until(lock, limit);
    --waiting_;
  }
  const auto now = Clock::now();
  if (!blocked_) waiting.begins(now);
  statement_deadline = std::min(end, blocked_ ? std::max(entered + patience, now + last_chance) : now + patience);
  ++lent_;
  if (idle_.empty()) return std::nullopt;
  Pooled pooled = std::move(idle_.back());  // the last one used: those that are not needed stay idle, and are replaced
  idle_.pop_back();
  return pooled;
}

bool ConnectionPool::is_fit(Pooled& pooled) const {
  const auto now = Clock::now();
  return now - pooled.opened < options_.longest_life && pooled.connection->is_alive(now - pooled.idle_since);
}

void ConnectionPool::give_back(Pooled pooled, bool answered, bool lost) {
  if (lost || (pooled.connection && !pooled.connection->is_usable())) pooled.connection.reset();
  const std::scoped_lock lock(mutex_);  // released before `pooled` ends, which may take a moment
  --lent_;
  // Whoever waits takes one of the idle ones as soon as it wakes up, and needs no other.
  const bool wanted = idle_.size() + lent_ < options_.size || waiting_ > idle_.size();
  if (pooled.connection && wanted) {
    pooled.idle_since = Clock::now();
    idle_.push_back(std::move(pooled));
  }
  if (answered) blocked_ = false;
  if (lost && !std::exchange(blocked_, true)) {
    changed_.notify_all();  // those who wait now have less time
  } else {
    changed_.notify_one();
  }
}

void ConnectionPool::mark_blocked() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(blocked_, true)) changed_.notify_all();
}

}  // namespace wms
