// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Hashing and comparing short texts, which is most of what an open label costs. Whole words are read, overlapping at
/// the end, so that no text of up to 16 bytes needs a loop or a call.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

inline std::uint64_t load_8(const char* p) noexcept {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline std::uint64_t load_4(const char* p) noexcept {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// The two halves of the 128-bit product, folded: every input bit reaches every output bit.
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t x = (a ^ (b >> 32)) * 0x9e3779b97f4a7c15u;
  return (x ^ (x >> 29)) * (b | 1);
#endif
}

/// A hash of `n` bytes. Not meant to resist chosen collisions: what it is used for is bounded by a label's cap.
inline std::uint64_t hash_text(const char* p, std::size_t n) noexcept {
  // Odd constants from the golden ratio and the square roots of 2 and 3, to 64 bits.
  constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0x6a09e667f3bcc909u, k2 = 0xbb67ae8584caa73bu;
  // The length is spread over the word: a few low bits could be made up for by the text's own.
  std::uint64_t seed = k0 ^ (n * k2);
  for (; n > 16; p += 16, n -= 16) seed = fold_product(load_8(p) ^ k1, load_8(p + 8) ^ seed);
  std::uint64_t a = 0, b = 0;
  if (n >= 8) {
    a = load_8(p);
    b = load_8(p + n - 8);
  } else if (n >= 4) {
    a = load_4(p);
    b = load_4(p + n - 4);
  } else if (n > 0) {
    a = (static_cast<std::uint64_t>(static_cast<unsigned char>(p[0])) << 16) |
        (static_cast<std::uint64_t>(static_cast<unsigned char>(p[n / 2])) << 8) | static_cast<unsigned char>(p[n - 1]);
  }
  return fold_product(fold_product(a ^ k1, b ^ seed), k2);
}

/// Whether two texts of `n` bytes are equal.
inline bool same_text(const char* x, const char* y, std::size_t n) noexcept {
  if (n >= 8) {
    if (n > 16) return std::memcmp(x, y, n) == 0;
    return ((load_8(x) ^ load_8(y)) | (load_8(x + n - 8) ^ load_8(y + n - 8))) == 0;
  }
  if (n >= 4) return ((load_4(x) ^ load_4(y)) | (load_4(x + n - 4) ^ load_4(y + n - 4))) == 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (x[i] != y[i]) return false;
  }
  return true;
}

}  // namespace cells
FLOWVIZ_METRICS_END
