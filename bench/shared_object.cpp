// SPDX-License-Identifier: MIT
// What does an increment cost in a shared object, where a thread_local is reached through a call?

#include "modules/modules.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

Round calls(void (*function)(std::size_t) noexcept) {
  return alone(100'000, [function](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) function(i);
  });
}

}  // namespace

Question shared_object() {
  return {"increment in a shared object built with -fPIC, 32 kept handles in turn",
          "ns",
          {{"call that returns", calls(modules::nothing)}, {"call that increments", calls(modules::increment)}},
          {Claim::more_per(9, "call that increments", "call that returns", 1, "ns", 4)}};
}

}  // namespace bench
