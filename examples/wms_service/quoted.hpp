// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How a message repeats what somebody gave: on one line, and in quotes not without end.

#include <string>
#include <string_view>

namespace wms {

/// `text` with backslashes, quotes and control characters escaped, as in C: a message that holds it is one line.
std::string escaped(std::string_view text);

/// `text` between single quotes and escaped; after 40 bytes or so it ends in "...".
std::string in_quotes(std::string_view text);

}  // namespace wms
