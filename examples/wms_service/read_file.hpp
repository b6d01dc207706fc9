// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Files that are read at once, such as those that settings name.

#include <optional>
#include <string>

namespace wms {

/// What the file holds; nothing if it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace wms
