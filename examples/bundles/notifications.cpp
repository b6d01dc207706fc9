// SPDX-License-Identifier: MIT
// Messages to people, by channel and whether they got out.

#include <cstdio>
#include <string>

#include <flowviz_metrics/bundles/notifications.hpp>
#include <flowviz_metrics/scrape.hpp>

enum class Channel { webhook, log };

bool post(const std::string& message) { return !message.empty(); }

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::Notifications<Channel> notifications{registry};

  for (const char* message : {"lot L-7 is on hold", ""}) {
    auto delivery = notifications.begin(Channel::webhook);
    if (post(message)) delivery.finish();
    // One that is not finished here was not sent, whatever the reason.
  }
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
