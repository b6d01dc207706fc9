// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Identifiers: UUIDs of version 7 (RFC 9562), whose text sorts by the time at which they were made, and random
/// secrets.

#include <cstddef>
#include <string>
#include <string_view>

namespace wms {

/// A new identifier. Each one made by this process sorts after the one before it, also within a millisecond and when
/// the clock is set back. Thread-safe.
std::string new_id();

/// Whether `text` has the form of an identifier.
bool is_id(std::string_view text);

/// `bytes` bytes from the kernel's random generator, in hexadecimal.
std::string random_hex(std::size_t bytes);

}  // namespace wms
