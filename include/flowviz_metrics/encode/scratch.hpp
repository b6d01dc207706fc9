// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Text under construction where nothing may throw: the label text of a series that is made in the middle of a request.

#include <cstddef>
#include <cstring>
#include <string_view>

#include <flowviz_metrics/cells/memory.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// A text that grows, in place up to 512 bytes. When memory runs out it stops growing and says so.
class Scratch {
 public:
  Scratch() noexcept = default;
  ~Scratch() {
    if (data_ != inline_) cells::deallocate(data_, align);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Scratch& operator+=(std::string_view text) noexcept {
    if (text.empty() || !make_room(text.size())) return *this;
    std::memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  Scratch& operator+=(char c) noexcept { return *this += std::string_view(&c, 1); }

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

 private:
  bool make_room(std::size_t more) noexcept {
    if (!ok_) return false;
    if (capacity_ - size_ >= more) return true;
    std::size_t capacity = capacity_ * 2;
    while (capacity - size_ < more) capacity *= 2;
    auto* data = static_cast<char*>(cells::allocate(capacity, align));
    if (data == nullptr) {
      ok_ = false;
      return false;
    }
    std::memcpy(data, data_, size_);
    if (data_ != inline_) cells::deallocate(data_, align);
    data_ = data;
    capacity_ = capacity;
    return true;
  }

  // Of characters 1 would do, but posix_memalign, on which programs build their operator new, has no less.
  static constexpr std::size_t align = alignof(void*);

  char inline_[512];
  char* data_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = sizeof inline_;
  bool ok_ = true;
};

}  // namespace encode
FLOWVIZ_METRICS_END
