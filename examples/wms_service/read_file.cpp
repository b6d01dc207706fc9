// SPDX-License-Identifier: MIT
#include "read_file.hpp"

#include <fstream>
#include <ios>
#include <iterator>

namespace wms {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  try {
    return std::string(std::istreambuf_iterator<char>(file), {});
  } catch (const std::ios_base::failure&) {  // a folder can be opened, but not read
    return std::nullopt;
  }
}

}  // namespace wms
