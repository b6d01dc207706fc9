// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What can be chosen about the messages that decisions have stopped lots; these are the defaults.

#include <chrono>
#include <optional>

#include "webhook/address.hpp"

namespace wms {

/// When a message that could not be sent is tried again. Together some eight minutes: a receiver that is away for less
/// loses nothing.
struct RetryRule {
  int attempts = 10;
  std::chrono::milliseconds first_wait{1'000};                 ///< doubled after each attempt
  std::chrono::milliseconds longest{std::chrono::minutes(5)};  ///< and what a receiver can ask for at most
};

struct WebhookOptions {
  std::optional<WebhookAddress> address = {};  ///< none: nobody is told, and nothing queued
  std::chrono::milliseconds timeout{3'000};    ///< of one attempt
  RetryRule retry = {};
};

/// How long to wait after this attempt, counted from 1. `chance`, from 0 to 1, spreads those who failed together over
/// the second half of the wait. If the receiver has `asked` for more, that counts.
std::chrono::milliseconds wait_after(const RetryRule& rule, int attempt, double chance,
                                     std::optional<std::chrono::seconds> asked);

}  // namespace wms
