// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The one owner of an object. std::unique_ptr is that too, but <memory> brings shared pointers and much else along, which
/// every file with a metric would have to read.

#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Deletes its object at the end. Move-only; may be empty.
template <class T>
class Owned {
 public:
  Owned() noexcept = default;
  explicit Owned(T* object) noexcept : object_(object) {}
  template <class... A>
  [[nodiscard]] static Owned make(A&&... arguments) {
    return Owned(new T(std::forward<A>(arguments)...));
  }
  Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  /// By value, so that what it had ends here, and not with what it is assigned from.
  Owned& operator=(Owned other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Owned() { delete object_; }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

FLOWVIZ_METRICS_END
