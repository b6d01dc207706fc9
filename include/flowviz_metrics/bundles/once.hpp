// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a scope that has to end once, and is told how, keeps in mind.

#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// Can be taken once. Moving it takes it along, so that of a moved scope only the new one ends.
class Once {
 public:
  Once() noexcept = default;
  Once(Once&& other) noexcept : there_(other.take()) {}
  Once& operator=(Once&& other) noexcept {
    there_ = other.take();
    return *this;
  }

  /// True the first time.
  [[nodiscard]] bool take() noexcept { return std::exchange(there_, false); }

 private:
  bool there_ = true;
};

}  // namespace bundles
FLOWVIZ_METRICS_END
