// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Messages that a decision has stopped a lot: kept with the decision until somebody was told, or nobody can be.

#include <chrono>
#include <string>

#include "domain/names.hpp"
#include "domain/qc_decision.hpp"

namespace wms {

/// Who is to be told of a decision, beside the one who made it.
enum class Notify { nobody, webhook };

/// A message that is to be sent now. There is one for each decision, whose identifier is its own.
struct Notification {
  QcDecision decision;
  std::string lot_code;
  int attempt = 1;  ///< to send it, this one included
};

/// No message is put off for so long: a receiver can ask for five minutes (RetryRule in webhook/options.hpp).
inline constexpr std::chrono::minutes longest_put_off{10};

enum class NotificationStatus { queued, sending, sent, given_up };
constexpr Names<NotificationStatus, 4> names(NotificationStatus) {
  return {{{NotificationStatus::queued, "queued"},
           {NotificationStatus::sending, "sending"},
           {NotificationStatus::sent, "sent"},
           {NotificationStatus::given_up, "given_up"}}};
}

}  // namespace wms
