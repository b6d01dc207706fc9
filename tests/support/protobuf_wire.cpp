// SPDX-License-Identifier: MIT
#include "support/protobuf_wire.hpp"

#include <algorithm>
#include <bit>

namespace support {

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes_.empty()) throw WireFault{"cut_off", "in a number"};
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift > 0) throw WireFault{"long_number", "a number is longer than it has to be"};
      if (shift == 63 && byte > 1) break;
      return value;
    }
  }
  throw WireFault{"long_number", "a number has more than 64 bits"};
}

std::string_view WireReader::text() {
  const std::uint64_t size = varint();
  if (size > bytes_.size()) throw WireFault{"cut_off", "in a text or a message"};
  const std::string_view text = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return text;
}

double WireReader::number() {
  if (bytes_.size() < 8) throw WireFault{"cut_off", "in a double"};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
  bytes_.remove_prefix(8);
  return std::bit_cast<double>(bits);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::vector<WireField> wire_fields(std::string_view message, const WireShapes& shapes, const std::string& what) {
  std::vector<WireField> fields;
  const auto has = [&](std::uint32_t number) {
    return std::any_of(fields.begin(), fields.end(), [&](const WireField& field) { return field.number == number; });
  };
  WireReader reader(message);
  while (!reader.at_end()) {
    const std::uint64_t key = reader.varint();
    WireField field;
    field.number = static_cast<std::uint32_t>(key >> 3);
    const std::string name = what + ": field " + std::to_string(key >> 3);
    const auto shape = shapes.find(field.number);
    if (shape == shapes.end() || field.number != key >> 3) throw WireFault{"unknown_field", name};
    if (static_cast<Wire>(key & 7) != shape->second.wire) throw WireFault{"wire_type", name};
    if (shape->second.occurs != Occurs::any_times && has(field.number)) throw WireFault{"repeated_field", name};
    switch (shape->second.wire) {
      case Wire::varint:
        field.integer = reader.varint();
        break;
      case Wire::fixed64:
        field.real = reader.number();
        break;
      case Wire::bytes:
        field.bytes = reader.text();
        break;
    }
    fields.push_back(field);
  }
  for (const auto& [number, shape] : shapes) {
    if (shape.occurs == Occurs::once && !has(number)) {
      throw WireFault{"missing_field", what + ": field " + std::to_string(number)};
    }
  }
  return fields;
}

}  // namespace support
