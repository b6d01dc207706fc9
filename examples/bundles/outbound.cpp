// SPDX-License-Identifier: MIT
// Requests to other services: how many, how they ended, how long they took.

#include <cstdio>
#include <stdexcept>

#include <flowviz_metrics/bundles/outbound.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::CallOutcome;

enum class Target { qc_webhook, scales };

void post_to_webhook() {}
void read_scales() { throw std::runtime_error("the scales do not answer"); }

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::Outbound<Target> outbound{registry};

  auto call = outbound.begin(Target::qc_webhook);
  post_to_webhook();
  call.finish(CallOutcome::ok);

  try {
    auto reading = outbound.begin(Target::scales);
    read_scales();
    reading.finish(CallOutcome::ok);
  } catch (const std::runtime_error&) {
    // Nobody had to think of it: the call was counted as an error when it was left.
  }
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
