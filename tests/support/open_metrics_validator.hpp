// SPDX-License-Identifier: MIT
#pragma once

// The strict validator of OpenMetrics text 1.0.0, as far as our pages use it: every rule of the specification that a page of
// ours could break, and its one layout. Readers in the field forgive a lot of this.

#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// All broken rules of a page, in the order of its lines; none for a valid page.
///
/// The names of the rules are those that tests/support_test/open_metrics_validator.cpp lists, one broken page for each.
/// With `Names::utf8` names beyond the classic alphabet may stand between quotation marks, as a reader has to ask for.
std::vector<Violation> validate_open_metrics(std::string_view page, Names names = Names::classic);

}  // namespace support
