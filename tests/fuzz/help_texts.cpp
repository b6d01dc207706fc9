// SPDX-License-Identifier: MIT
// Any bytes as a help text: refused at registration, or on a valid page, where they read back as they were.

#include "fuzz/fuzz.hpp"

#include <variant>
#include <vector>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  flowviz::Registry registry;
  bool taken = true;
  try {
    const flowviz::Gauge level{registry, "level", flowviz::HelpText::checked(text)};
  } catch (const flowviz::Error&) {
    taken = false;
  }
  const std::string page = fuzz::valid_page(registry);
  std::vector<support::Violation> violations;
  for (const support::PageLine& line : support::read_lines(page, {}, violations)) {
    const auto* help = std::get_if<support::HelpLine>(&line.content);
    if (help == nullptr || help->name != "level") continue;
    fuzz::expect(taken, "what is refused is not on the page");
    fuzz::expect(help->text == text, "a help text reads back");
    return 0;
  }
  fuzz::expect(!taken, "the help text is on the page");
  return 0;
}
