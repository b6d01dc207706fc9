// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the fields of a new lot have to be like, whichever way it is sent.

#include <cstddef>

#include "http/json_input.hpp"

namespace wms::routes {

inline constexpr std::size_t most_inputs = 100;

inline constexpr TextRule lot_code_rule{1, 64, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", "A-Z 0-9 . _ -"};
inline constexpr TextRule id_rule{1, 64};

}  // namespace wms::routes
