// SPDX-License-Identifier: MIT
#pragma once

// Which names of samples a family has to itself, so that no two families of a page both own one.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// The names that a family of that type owns: those of its samples and, on pages of ours, of what OpenMetrics shows of it, which
/// other producers may never offer.
inline std::vector<std::string> owned_names(const std::string& name, std::string_view type, Producer producer) {
  const std::string_view total = "_total";
  const bool ours = producer == Producer::flowviz;
  std::vector<std::string> names{name};
  if (type == "histogram") names.push_back(name + "_bucket");
  if (type == "histogram" || type == "summary") {
    names.insert(names.end(), {name + "_count", name + "_sum"});
    if (ours) names.push_back(name + "_created");
  }
  if (ours && type == "counter") {
    const bool ends_so = name.size() > total.size() && name.ends_with(total);
    const std::string base = ends_so ? name.substr(0, name.size() - total.size()) : name;
    names.insert(names.end(), {base + "_created", ends_so ? base : name + "_total"});
  }
  return names;
}

/// Who owns which name.
class NameOwners {
 public:
  /// Gives `family` these names, but for those that others have. Says so of the first of them, if there is one.
  std::optional<std::string> add(const std::string& family, const std::vector<std::string>& names) {
    std::optional<std::string> clash;
    for (const std::string& name : names) {
      const auto [owner, added] = owners_.emplace(name, family);
      if (!added && owner->second != family && !clash) clash = family + " and " + owner->second + " both own " + name;
    }
    return clash;
  }

 private:
  std::map<std::string, std::string> owners_;
};

}  // namespace support
