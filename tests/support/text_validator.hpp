// SPDX-License-Identifier: MIT
#pragma once

// The strict validator of the Prometheus text formats 0.0.4 and 1.0.0 that the tests hold every page against. promtool accepts
// duplicate samples, split families and broken histograms, so it proves little; this one refuses all of that, naming
// rule and line.

#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// All broken rules of a page, in the order of its lines; none for a valid page.
///
/// The names of the rules are those that tests/support_test/text_validator.cpp lists, one broken page for each.
std::vector<Violation> validate_text(std::string_view page, const ValidationOptions& options = {});

/// The samples of a page in their order, a page of OpenMetrics too. Throws std::runtime_error with the line if a sample cannot
/// be read.
std::vector<Sample> parse_samples(std::string_view page);

/// The value of the one sample with this name and exactly these labels, in any order; throws std::out_of_range if there
/// is none.
double value_of(const std::vector<Sample>& samples, std::string_view name, LabelPairs labels = {});

}  // namespace support
