// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The memory that the bodies of all requests take together: each may be a megabyte, and thousands may be on their way at once.

#include <atomic>
#include <cstddef>
#include <utility>

namespace wms {

class BodyRoom {
 public:
  /// What one body takes, until this ends.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept : room_(std::exchange(other.room_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share other) noexcept {
      std::swap(room_, other.room_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() {
      if (room_ != nullptr) room_->taken_ -= bytes_;
    }

    /// Whether there was room.
    explicit operator bool() const { return room_ != nullptr; }

   private:
    friend class BodyRoom;
    Share(BodyRoom& room, std::size_t bytes) : room_(&room), bytes_(bytes) {}

    BodyRoom* room_ = nullptr;
    std::size_t bytes_ = 0;
  };

  /// Takes `bytes`, if that makes no more than `most` with those that are taken. Thread-safe.
  Share take(std::size_t bytes, std::size_t most) {
    std::size_t taken = taken_;
    do {
      if (bytes > most || taken > most - bytes) return {};
    } while (!taken_.compare_exchange_weak(taken, taken + bytes));
    return {*this, bytes};
  }

 private:
  std::atomic<std::size_t> taken_{0};
};

}  // namespace wms
