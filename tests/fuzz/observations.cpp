// SPDX-License-Identifier: MIT
// Any doubles as observations of classic and native histograms of any settings, with any bytes as an exemplar's label: pages of all
// formats are valid, and all that is finite is counted.

#include "fuzz/fuzz.hpp"

#include <cmath>
#include <cstring>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // How fine and how many native buckets, how wide the zero one, how many of the observations have an exemplar; the observations, up
  // to a text of as many bytes as the next one says.
  constexpr std::size_t settings = 5;
  if (size < settings || size - settings < data[4]) return 0;
  const std::string_view text = fuzz::text_of(data + size - data[4], data[4]);
  flowviz::Registry registry;
  const flowviz::Histogram classic{registry, "classic", "Classic.", flowviz::Buckets{-1, 0, 1e-300, 2.5, 1e300}};
  const flowviz::NativeHistogram native{registry, "native", "Native.",
                                        flowviz::NativeBuckets{.schema = data[0] % 13 - 4,
                                                               .zero_threshold = std::ldexp(data[2] & 1, data[2] - 128),
                                                               .max_buckets = 10u + data[1]}};
  const flowviz::NativeHistogram both{registry, "both", "Both.",
                                      flowviz::NativeBuckets{.classic = flowviz::Buckets{-1, 0, 2.5}}};
  double finite = 0;
  for (std::size_t at = settings; at + sizeof(double) <= size - text.size(); at += sizeof(double)) {
    double value = 0;
    std::memcpy(&value, data + at, sizeof value);
    finite += std::isfinite(value) ? 1 : 0;
    const auto observe = [&](const auto& metric) {
      if (data[at] % 4 < data[3] % 5) {
        metric.observe(value, {{"trace_id", text}});
      } else {
        metric.observe(value);
      }
    };
    observe(classic);
    observe(native);
    observe(both);
  }
  const auto samples = fuzz::valid_samples(registry).text;
  for (const char* name : {"classic_count", "native_count", "both_count"}) {
    fuzz::expect(support::value_of(samples, name) == finite, "what is finite is counted");
  }
  return 0;
}
