// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/sink.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using flowviz::encode::Sink;

TEST_CASE("texts of any length are copied whole and nothing behind them is touched") {
  std::string from;
  for (std::size_t size = 0; size <= 200; ++size) {
    std::string to(size + 2, '#');
    CHECK(flowviz::encode::copy(to.data() + 1, from) == to.data() + 1 + size);
    CHECK(to == "#" + from + "#");
    from += static_cast<char>('!' + size % 90);
  }
}

TEST_CASE("what is appended to a sink is in the string once it is flushed, behind what was there") {
  std::string out = "before ";
  Sink sink(out);
  sink += "text";
  sink += ' ';
  sink.line(std::uint64_t{7}, std::string_view("a "), std::string("b "));
  CHECK(out == "before ");
  sink.flush();
  CHECK(out == "before text a b 7\n");
  sink.flush();
  CHECK(out == "before text a b 7\n");
}

TEST_CASE("a line ends in its number, of any kind") {
  std::string out;
  Sink sink(out);
  sink.line(0.5, std::string_view("d "));
  sink.line(std::int64_t{-3}, std::string_view("i "));
  sink.line(std::uint64_t{3}, std::string_view("u "), std::string_view(""));
  sink.flush();
  CHECK(out == "d 0.5\ni -3\nu 3\n");
}

TEST_CASE("the order holds over the edges of the block, whatever the lengths") {
  for (const std::size_t size : {1u, 31u, 4095u, 8100u, 8159u, 8160u, 8161u, 8191u, 8192u, 8193u, 20'000u}) {
    CAPTURE(size);
    std::string out, expected;
    Sink sink(out);
    for (char c = 'a'; c < 'j'; ++c) {
      const std::string text(size, c);
      sink += text;
      expected += text;
      sink += '|';
      expected += '|';
      sink.line(-1.5e-300, text, std::string_view(" "));
      expected += text + " -1.5e-300\n";
      sink.line(18446744073709551615u, std::string_view("n "));
      expected += "n 18446744073709551615\n";
    }
    sink.flush();
    CHECK(out == expected);
  }
}

TEST_CASE("the last room of the block is used to the byte") {
  for (std::size_t before = 8140; before <= 8195; ++before) {
    std::string out;
    Sink sink(out);
    sink += std::string(before, 'x');
    sink.line(std::uint64_t{12345}, std::string_view("n "));
    sink.flush();
    CHECK(out == std::string(before, 'x') + "n 12345\n");
  }
}

TEST_CASE("padded texts of any length stand whole in a line, whatever is behind them in their memory") {
  using flowviz::encode::Padded;
  std::string memory;
  for (char c = 'a'; memory.size() < 96; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) memory += c;
  for (std::size_t size = 1; size <= 64; ++size) {
    CAPTURE(size);
    std::string out;
    Sink sink(out);
    const Padded text{std::string_view(memory).substr(0, size)}, other{std::string_view(memory).substr(7, 2)};
    sink.line(std::uint64_t{size}, text, other, std::string_view(" "));
    sink.flush();
    CHECK(out == memory.substr(0, size) + "hi " + std::to_string(size) + "\n");
  }
}

TEST_CASE("no padded text is read beyond the memory that it says it has") {
  using flowviz::encode::Padded;
  for (std::size_t size = 1; size <= 64; ++size) {
    // An allocation of just as much: AddressSanitizer tells of a byte more.
    const std::size_t readable = size <= Padded::least ? Padded::least : (size + 7) / 8 * 8;
    const std::unique_ptr<char[]> memory(new char[readable]);
    std::fill_n(memory.get(), readable, 'x');
    std::string out;
    Sink sink(out);
    sink.line(std::uint64_t{1}, Padded{{memory.get(), size}});
    sink.flush();
    CHECK(out == std::string(size, 'x') + "1\n");
  }
}
