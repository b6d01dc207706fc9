// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where encoders write: a string, reached through a block on the stack. A page of a million numbers does not check the
/// string's room a million times, and a string that is used again is not cleared first.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <flowviz_metrics/encode/number.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// Asks for memory that will be needed soon, where the compiler can; it need not be there.
FLOWVIZ_METRICS_INLINE inline void prefetch([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#endif
}

/// Copies `text` to `to`, which has room; returns the end. Most texts on a page are short, and a call of memcpy for each
/// would be a third of a scrape.
inline char* copy(char* to, std::string_view text) noexcept {
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size > 64) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    for (std::size_t i = 0; i + 16 < size; i += 16) std::memcpy(to + i, from + i, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);  // the last ones overlap what was copied already
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else if (size >= 2) {
    std::memcpy(to, from, 2);
    std::memcpy(to + size - 2, from + size - 2, 2);
  } else if (size == 1) {
    *to = *from;
  }
  return to + size;
}

/// A text whose memory can be read up to the next multiple of `step` bytes, and for `least` of them: copied in steps, with
/// hardly a branch. Or an empty one.
struct Padded {
  static constexpr std::size_t step = 8, least = 16;

  std::string_view text;
  [[nodiscard]] std::size_t size() const noexcept { return text.size(); }
};

[[nodiscard]] inline std::string_view text_of(std::string_view text) noexcept { return text; }
[[nodiscard]] inline std::string_view text_of(Padded text) noexcept { return text.text; }

/// Copies `text`, which is not empty, to `to`, which has room for as much as can be read; returns the end of the text.
FLOWVIZ_METRICS_INLINE inline char* copy(char* to, Padded text) noexcept {
  const char* from = text.text.data();
  const std::size_t size = text.size();
  std::memcpy(to, from, Padded::least);
  std::size_t i = Padded::least;
  for (; i + Padded::step < size; i += 2 * Padded::step) std::memcpy(to + i, from + i, 2 * Padded::step);
  if (i < size) std::memcpy(to + i, from + i, Padded::step);
  return to + size;
}

/// A string that can be read as a padded text.
class PaddedString {
 public:
  PaddedString& assign(std::string_view text) {
    size_ = 0;
    return append(text);
  }
  PaddedString& append(std::string_view text) {
    const std::size_t size = size_ + text.size();
    if (room_.size() < size + Padded::least) room_.resize(2 * size + Padded::least);  // and stays so large
    copy(room_.data() + size_, text);
    size_ = size;
    return *this;
  }
  PaddedString& operator+=(std::string_view text) { return append(text); }
  PaddedString& operator+=(char c) { return append({&c, 1}); }
  [[nodiscard]] Padded padded() const noexcept { return {text()}; }
  [[nodiscard]] std::string_view text() const noexcept { return {room_.data(), size_}; }

 private:
  std::string room_;
  std::size_t size_ = 0;
};

/// Appends to a string. What was written is in the string once the sink is flushed.
class Sink {
 public:
  explicit Sink(std::string& out) noexcept : out_(out) { aim(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  Sink& operator+=(std::string_view text) {
    if (text.size() > room) {
      flush();
      out_.append(text);
    } else {
      end(copy(begin(text.size()), text));
    }
    return *this;
  }
  Sink& operator+=(char c) { return *this += std::string_view(&c, 1); }

  /// A line: the parts, the number and a line feed, with one look at the room there is.
  template <class Number, class... Part>
  FLOWVIZ_METRICS_INLINE void line(Number number, Part... part) {
    const std::size_t most = (part.size() + ... + (max_number + 1));
    if (most > room - used_ && !make_room(most)) [[unlikely]]
      return long_line(number, part...);
    char* to = block_ + used_;
    ((to = copy(to, part)), ...);
    end_line(to, number);
  }

  void flush() {
    out_.append(block_, used_);
    used_ = 0;
    aim();
  }

 private:
  // Where the block will be copied to, so that this memory is on its way while lines are written. Not where the string would have
  // to grow, for then it is elsewhere.
  void aim() noexcept {
    const bool fits = out_.capacity() - out_.size() >= room;
    target_ = reinterpret_cast<std::uintptr_t>(fits ? out_.data() + out_.size() : block_);
  }

  template <class Number, class... Part>
  FLOWVIZ_METRICS_NOINLINE void long_line(Number number, Part... part) {
    ((*this += text_of(part)), ...);
    end_line(begin(max_number + 1), number);
  }
  template <class Number>
  FLOWVIZ_METRICS_INLINE void end_line(char* to, Number number) {
    prefetch(reinterpret_cast<const void*>(target_ + used_));
    to = write_number(to, number);
    *to++ = '\n';
    end(to);
  }

  // Whether the block has room for `size` bytes once it is empty; it is then.
  FLOWVIZ_METRICS_NOINLINE bool make_room(std::size_t size) {
    flush();
    return size <= room;
  }
  // Where to write up to `size` bytes, which is at most the size of the block; and where the writing ended.
  char* begin(std::size_t size) {
    if (size > room - used_) flush();
    return block_ + used_;
  }
  void end(const char* to) noexcept { used_ = static_cast<std::size_t>(to - block_); }

  std::string& out_;
  std::size_t used_ = 0;
  std::uintptr_t target_ = 0;
  static constexpr std::size_t room = 8192;
  char block_[room + Padded::least];  // padded texts are copied beyond their end
};

}  // namespace encode
FLOWVIZ_METRICS_END
