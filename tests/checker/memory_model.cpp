// SPDX-License-Identifier: MIT
#include "memory_model.hpp"

#include <algorithm>

namespace checker {

void View::clear() noexcept {
  clock.fill(0);
  seen.clear();
}

void View::join_seen(const std::vector<std::uint32_t>& other) {
  if (seen.size() < other.size()) seen.resize(other.size(), 0);
  for (std::size_t i = 0; i < other.size(); ++i) seen[i] = std::max(seen[i], other[i]);
}

void View::join(const View& other) {
  for (std::size_t i = 0; i < clock.size(); ++i) clock[i] = std::max(clock[i], other.clock[i]);
  join_seen(other.seen);
}

void Memory::reset() {
  for (Thread& thread : threads_) {
    thread.view.clear();
    thread.relaxed_reads.clear();
    thread.released.clear();
    thread.has_released = false;
  }
  threads_[0].view.clock[0] = 1;
  locations_ = 0;
  if (views_.empty()) views_.emplace_back();
  views_used_ = 1;
  seq_cst_.clear();
}

LocationId Memory::add_location(std::uint64_t initial) {
  if (locations_ == histories_.size()) histories_.emplace_back();
  auto& history = histories_[locations_];
  history.clear();
  history.push_back({initial, 0, 0});
  for (Thread& thread : threads_) thread.view.seen.resize(locations_ + 1, 0);
  seq_cst_.push_back(0);
  return static_cast<LocationId>(locations_++);
}

std::uint32_t Memory::oldest(ThreadId thread, LocationId location, std::memory_order order) const {
  const std::uint32_t seen = threads_[thread].view.seen[location];
  return order == std::memory_order_seq_cst ? std::max(seen, seq_cst_[location]) : seen;
}

std::uint32_t Memory::latest(LocationId location) const {
  return static_cast<std::uint32_t>(histories_[location].size() - 1);
}

std::uint64_t Memory::value(LocationId location, std::uint32_t store) const {
  return histories_[location][store].value;
}

ThreadId Memory::writer(LocationId location, std::uint32_t store) const { return histories_[location][store].writer; }

void Memory::read(ThreadId thread, LocationId location, std::uint32_t store, std::memory_order order) {
  Thread& self = threads_[thread];
  const std::uint32_t carried = histories_[location][store].view;
  self.view.seen[location] = std::max(self.view.seen[location], store);  // coherence: never an older one again
  if (carried != 0) (acquires(order) ? self.view : self.relaxed_reads).join(views_[carried]);
  // Two seq_cst accesses to one location are ordered as they are executed, whoever wrote what they read.
  if (order == std::memory_order_seq_cst) seq_cst_[location] = std::max(seq_cst_[location], store);
}

void Memory::write(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order) {
  append(thread, location, value, order, 0);
}

void Memory::read_modify_write(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order) {
  const std::uint32_t store = latest(location);
  const std::uint32_t carried = histories_[location][store].view;
  read(thread, location, store, order);
  append(thread, location, value, order, carried);
}

void Memory::append(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order,
                    std::uint32_t base) {
  Thread& self = threads_[thread];
  auto& history = histories_[location];
  const auto store = static_cast<std::uint32_t>(history.size());
  self.view.seen[location] = store;
  std::uint32_t view = base;
  if (releases(order)) {
    view = keep(self.view, base);
    ++self.view.clock[thread];  // what comes after this store is not part of what it releases
  } else if (self.has_released) {
    view = keep(self.released, base);
  }
  history.push_back({value, view, thread});
  if (order == std::memory_order_seq_cst) seq_cst_[location] = store;
}

std::uint32_t Memory::keep(const View& view, std::uint32_t base) {
  if (views_used_ == views_.size()) views_.emplace_back();
  View& kept = views_[views_used_];
  kept = view;
  if (base != 0) kept.join(views_[base]);
  return static_cast<std::uint32_t>(views_used_++);
}

void Memory::fence(ThreadId thread, std::memory_order order) {
  Thread& self = threads_[thread];
  if (acquires(order)) self.view.join(self.relaxed_reads);
  if (order == std::memory_order_seq_cst) {
    // What was written or read before an earlier seq_cst fence or access is seen after this one, though not ordered.
    self.view.join_seen(seq_cst_);
    seq_cst_ = self.view.seen;
  }
  if (releases(order)) {
    self.released = self.view;
    self.has_released = true;
    ++self.view.clock[thread];
  }
}

void Memory::fence_every_thread(ThreadId caller, std::size_t threads) {
  // The caller's fence comes both first and last: the system call is ordered after what the caller did before, and
  // what the caller does next is ordered after every other thread's fence.
  fence(caller, std::memory_order_seq_cst);
  for (ThreadId thread = 0; thread < threads; ++thread) {
    if (thread != caller) fence(thread, std::memory_order_seq_cst);
  }
  fence(caller, std::memory_order_seq_cst);
}

void Memory::fork(ThreadId parent, ThreadId child) {
  threads_[child].view = threads_[parent].view;
  threads_[child].view.clock[child] = 1;
  ++threads_[parent].view.clock[parent];
}

void Memory::join(ThreadId parent, ThreadId child) { threads_[parent].view.join(threads_[child].view); }

void Memory::see_latest(ThreadId thread) {
  for (LocationId location = 0; location < locations_; ++location) {
    threads_[thread].view.seen[location] = latest(location);
  }
}

}  // namespace checker
