// SPDX-License-Identifier: MIT
#include <flowviz_metrics/buckets.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "refusal.hpp"

using flowviz::Buckets;

namespace {

std::vector<double> bounds_of(const Buckets& buckets) { return {buckets.bounds().begin(), buckets.bounds().end()}; }

constexpr double inf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("bounds are listed as numbers of any kind") {
  CHECK(bounds_of(Buckets{0.1, 0.25, 1, 2u, 2.5f}) == std::vector<double>{0.1, 0.25, 1, 2, 2.5});
  CHECK(bounds_of(Buckets{5}) == std::vector<double>{5});
  CHECK(bounds_of(Buckets{-1, 0, 1}) == std::vector<double>{-1, 0, 1});
}

TEST_CASE("a single number does not turn into buckets unasked") {
  static_assert(!std::is_convertible_v<double, Buckets>);
  static_assert(std::is_constructible_v<Buckets, double>);
}

TEST_CASE("bounds out of configuration are checked") {
  const std::vector<double> good{1, 2, 3};
  CHECK(bounds_of(Buckets::checked(good)) == good);
  const std::string order = "the bounds of buckets ascend strictly";
  const std::string finite = "the bounds of buckets are finite; +Inf is implied";
  const std::string number = "a histogram has at least one bound";
  struct {
    std::vector<double> bounds;
    std::string rule;
  } const table[] = {{{}, number},
                     {{1, 1}, order},
                     {{2, 1}, order},
                     {{0.0, -0.0}, order},
                     {{1, 2, 1.5}, order},
                     {{inf}, finite},
                     {{1, inf}, finite},
                     {{-inf, 1}, finite},
                     {{std::nan("")}, finite},
                     {{1, std::nan(""), 2}, finite},
                     {std::vector<double>(257, 1.0), "a histogram has at most 256 bounds"}};
  for (const auto& row : table) {
    CAPTURE(row.rule);
    CHECK(says(refusal([&] { static_cast<void>(Buckets::checked(row.bounds)); }), row.rule));
  }
}

TEST_CASE("listed bounds are checked like those out of configuration") {
  CHECK(
      says(refusal([] { Buckets{2, 1}; }), "the bounds of buckets ascend strictly, and number 2 does not: 1 after 2"));
  CHECK(says(refusal([] { Buckets{1.0, inf}; }), "the bounds of buckets are finite"));
}

TEST_CASE("a number of bounds that no memory would hold is refused like any above 256") {
  for (const std::size_t count : {std::size_t{0}, std::size_t{257}, ~std::size_t{0}}) {
    CHECK(says(refusal([&] { static_cast<void>(Buckets::linear(0, 1, count)); }), "a histogram has at"));
    CHECK(says(refusal([&] { static_cast<void>(Buckets::exponential(1, 2, count)); }), "a histogram has at"));
  }
}

TEST_CASE("256 bounds are taken") { CHECK(bounds_of(Buckets::linear(0, 1, 256)).size() == 256); }

TEST_CASE("linear bounds are the same distance apart") {
  CHECK(bounds_of(Buckets::linear(-1, 0.5, 4)) == std::vector<double>{-1, -0.5, 0, 0.5});
  CHECK(says(refusal([] { static_cast<void>(Buckets::linear(1, 0, 2)); }), "ascend"));
  CHECK(says(refusal([] { static_cast<void>(Buckets::linear(1, 1, 0)); }), "at least one"));
}

TEST_CASE("exponential bounds grow by the same factor") {
  CHECK(bounds_of(Buckets::exponential(0.5, 2, 4)) == std::vector<double>{0.5, 1, 2, 4});
  CHECK(says(refusal([] { static_cast<void>(Buckets::exponential(0, 2, 2)); }), "ascend"));
  CHECK(says(refusal([] { static_cast<void>(Buckets::exponential(1e300, 10, 20)); }), "finite"));
}

TEST_CASE("bounds that are calculated are the decimal numbers that they look like") {
  CHECK(bounds_of(Buckets::linear(0.1, 0.1, 10)) == std::vector<double>{.1, .2, .3, .4, .5, .6, .7, .8, .9, 1});
  CHECK(bounds_of(Buckets::linear(-0.3, 0.1, 7)) == std::vector<double>{-.3, -.2, -.1, 0, .1, .2, .3});
  CHECK(bounds_of(Buckets::linear(1e6, 0.7, 4)) == std::vector<double>{1e6, 1000000.7, 1000001.4, 1000002.1});
  CHECK(bounds_of(Buckets::exponential(0.001, 10, 6)) == std::vector<double>{.001, .01, .1, 1, 10, 100});
  CHECK(bounds_of(Buckets::exponential(0.1, 3, 6)) == std::vector<double>{.1, .3, .9, 2.7, 8.1, 24.3});
  CHECK(bounds_of(Buckets::exponential(10, 0.1, 1)) == std::vector<double>{10});
  CHECK(bounds_of(Buckets::exponential(-100, 0.1, 4)) == std::vector<double>{-100, -10, -1, -.1});
}

TEST_CASE("bounds that are no short decimal numbers stay as they are calculated") {
  const double third = 1.0 / 3;
  CHECK(bounds_of(Buckets::linear(third, third, 1)) == std::vector<double>{third});
  const std::vector<double> thirds = bounds_of(Buckets::linear(0, third, 100));
  for (int i = 0; i < 100; ++i) CHECK(std::abs(thirds[static_cast<std::size_t>(i)] - i / 3.0) <= 1e-14);
  CHECK(bounds_of(Buckets::linear(0, 0x1p60, 3)) == std::vector<double>{0, 0x1p60, 0x1p61});
  CHECK(bounds_of(Buckets::exponential(1e-30, 2, 3)) == std::vector<double>{1e-30, 2e-30, 4e-30});
}

TEST_CASE("the ready bounds hold the thresholds that alerts and boards ask for") {
  CHECK(bounds_of(Buckets::http()) == std::vector<double>{.005, .01, .025, .05, .1, .2, .25, .5, 1, 2, 2.5, 5, 10});
  CHECK(bounds_of(Buckets::bytes()) == std::vector<double>{100, 1000, 10000, 100000, 1000000, 10000000});
}
