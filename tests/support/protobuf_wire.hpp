// SPDX-License-Identifier: MIT
#pragma once

// Messages of protobuf as their fields: every field is one that the message has, in its wire type, once unless it repeats, and
// there if it has to be. Numbers have their one shortest form.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// Thrown for bytes that are not the message: the broken rule, and what was found.
struct WireFault {
  std::string rule, detail;
};

/// Bytes that are read from the front.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }

  std::uint64_t varint();
  std::string_view text();
  double number();

 private:
  std::string_view bytes_;
};

/// The number that zigzag stands for.
std::int64_t unzigzag(std::uint64_t value);

enum class Wire : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2 };
enum class Occurs { at_most_once, once, any_times };

struct WireShape {
  Wire wire;
  Occurs occurs = Occurs::once;
};

/// The fields that a message may have, by their numbers.
using WireShapes = std::map<std::uint32_t, WireShape>;

struct WireField {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;
  double real = 0;
  std::string_view bytes;
};

/// The fields of a message in their order. Throws WireFault; `what` names the message in it.
std::vector<WireField> wire_fields(std::string_view message, const WireShapes& shapes, const std::string& what);

}  // namespace support
