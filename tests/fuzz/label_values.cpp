// SPDX-License-Identifier: MIT
// Any bytes as label values, constant and open: every page is valid and says the same in every format, and a value that can be
// shown reads back as it was. One that cannot be is refused where the program chose it, and else repaired.

#include "fuzz/fuzz.hpp"

namespace {

bool can_be_shown(std::string_view value) {
  return flowviz::encode::is_clean(value) && value.size() <= flowviz::encode::max_label_bytes;
}

void check(flowviz::Registry& registry, std::string_view constant, std::string_view open) {
  const flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"place", 2}};
  hits.with(open).inc(7);
  const fuzz::Samples samples = fuzz::valid_samples(registry);
  samples.expect_same();
  for (const support::Sample& sample : samples.text) {
    if (sample.name != "hits_total" || sample.value != 7) continue;
    const auto shown = [&](std::string_view label) {
      const std::string* value = sample.label(label);
      return value == nullptr ? std::string() : *value;  // an empty label is an absent one
    };
    fuzz::expect(shown("site") == constant, "a constant label reads back");
    fuzz::expect(can_be_shown(shown("place")), "what a page shows can be shown");
    fuzz::expect((shown("place") == open) == can_be_shown(open), "a value is repaired if it has to be");
    return;
  }
  fuzz::expect(false, "the sample is on the page");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  // The first byte says where one ends, for any byte may stand in a value.
  const std::size_t middle = size == 0 ? 0 : data[0] * size / 256;
  const std::string_view constant = text.substr(0, middle), open = text.substr(middle);
  bool taken = true;
  try {
    flowviz::Registry registry{{{"site", constant}}};
    check(registry, constant, open);
  } catch (const flowviz::Error&) {
    taken = false;
  }
  fuzz::expect(taken == can_be_shown(constant), "a constant label is refused if it cannot be shown");
  if (taken) return 0;
  flowviz::Registry registry;
  check(registry, "", open);
  return 0;
}
