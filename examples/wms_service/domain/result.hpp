// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A value or the reason why there is none. Failures that are expected travel as values through the service;
/// exceptions are left for bugs. (C++23 has std::expected.)

#include <utility>
#include <variant>

namespace wms {

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  /// The value; throws std::bad_variant_access if there is none.
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The reason; throws std::bad_variant_access if there is a value.
  E& error() { return std::get<1>(state_); }
  const E& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace wms
