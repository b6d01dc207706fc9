// SPDX-License-Identifier: MIT
#pragma once

// The strict validator of the delimited protobuf format, as our pages use it. A server takes a lot that is wrong in it in silence,
// and drops what it does not know.

#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// All broken rules of a page, in the order of its families, whose places stand for lines; none for a valid page.
///
/// The names of the rules are those that tests/support_test/protobuf_validator.cpp lists, one broken page for each.
std::vector<Violation> validate_protobuf(std::string_view page, CounterNames counter_names = CounterNames::end_in_total,
                                         Names names = Names::classic);

}  // namespace support
