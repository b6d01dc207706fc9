// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What people read.

#include <string>

#include "domain/notification.hpp"

namespace wms {

/// The message as Discord's webhooks take it, as JSON. Names and notes are an operator's words: they call nobody.
std::string message_of(const Notification& notification);

}  // namespace wms
