// SPDX-License-Identifier: MIT
// Any bytes as the texts of a state set's states: refused at registration, or on pages that are valid and say the same in each
// format, where they read back as they were.

#include "fuzz/fuzz.hpp"

#include <algorithm>

namespace {

bool can_be(const std::vector<std::string>& states) {
  return std::all_of(states.begin(), states.end(), [&](const std::string& state) {
    return !state.empty() && state != "_other" && flowviz::encode::is_clean(state) &&
           state.size() <= flowviz::encode::max_label_bytes && std::count(states.begin(), states.end(), state) == 1;
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  // The first bytes say where one ends and the next one begins, for any byte may stand in a text.
  const std::string_view text = fuzz::text_of(data + 2, size - 2);
  const std::size_t first = data[0] * text.size() / 256, second = data[1] * (text.size() - first) / 256;
  flowviz::Definition definition;
  definition.kind = flowviz::Kind::state_set;
  definition.name = "line";
  definition.help = "Line.";
  definition.states = {std::string(text.substr(0, first)), std::string(text.substr(first, second)),
                       std::string(text.substr(first + second))};

  flowviz::Registry registry;
  bool taken = true;
  try {
    registry.add(definition);
  } catch (const flowviz::Error&) {
    taken = false;
  }
  fuzz::expect(taken == can_be(definition.states), "states are refused if they cannot be shown");
  const fuzz::Samples samples = fuzz::valid_samples(registry);
  samples.expect_same();
  if (!taken) return 0;
  for (const std::string& state : definition.states) {
    fuzz::expect(support::value_of(samples.text, "line", {{"line", state}}) == 0, "a state reads back");
  }
  return 0;
}
