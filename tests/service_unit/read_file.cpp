// SPDX-License-Identifier: MIT
#include "read_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "temporary_folder.hpp"

TEST_CASE("a file is read as it is; one that is missing, or a folder, cannot be read") {
  TemporaryFolder folder;
  std::ofstream(folder.file("some"), std::ios::binary) << "a\r\n\n";
  std::ofstream(folder.file("empty"));
  std::filesystem::create_directory(folder.file("folder"));
  CHECK(wms::read_file(folder.file("some")) == "a\r\n\n");
  CHECK(wms::read_file(folder.file("empty")) == "");
  CHECK_FALSE(wms::read_file(folder.file("missing")));
  CHECK_FALSE(wms::read_file(folder.file("folder")));
}
