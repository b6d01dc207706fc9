// SPDX-License-Identifier: MIT
#include "webhook/message.hpp"

#include <nlohmann/json.hpp>

namespace wms {
namespace {

using Json = nlohmann::ordered_json;

Json field(const char* name, std::string_view value) { return {{"name", name}, {"value", value}, {"inline", true}}; }

}  // namespace

std::string message_of(const Notification& notification) {
  const QcDecision& decision = notification.decision;
  const std::string word(text_of(decision.decision));
  Json details{{"title", word + " " + notification.lot_code},
               {"timestamp", to_rfc3339(decision.decided_at)},
               {"fields", Json::array({field("decision", word), field("lot_code", notification.lot_code),
                                       field("lot_id", decision.lot_id), field("decision_id", decision.id),
                                       field("decided_by", decision.decided_by)})}};
  if (decision.note) details["description"] = *decision.note;
  return Json{{"content", "Lot " + notification.lot_code + " is stopped: quality decision " + word + "."},
              {"allowed_mentions", {{"parse", Json::array()}}},
              {"embeds", Json::array({std::move(details)})}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace wms
