// SPDX-License-Identifier: MIT
#pragma once

// A plant: what it knows of its own lots, what its people do next, and which answer the contract then requires. Only
// this plant touches its lots, so every answer can be foretold. After a request of unknown outcome the lots it touched
// are set aside.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "crew.hpp"

namespace wms_traffic {

/// What an acknowledged request has made.
enum class Makes { nothing, lot, decision, run, offline_lots };

/// Stands for the route of a path that no route matches, as in the service's metrics.
inline constexpr const char* no_route = "none";

/// One request of the plan, with the status that the contract requires.
struct Step {
  std::string method;
  std::string route;  // the template, or no_route
  std::string path;
  std::string token;
  std::string body;             // empty: none
  std::string idempotency_key;  // empty: none
  std::string repeated_lot;     // what the same request made before, and must not make again
  std::string offline_lot;      // the client_id that is looked up
  std::size_t duplicates = 0;   // lots of a batch that the service has from earlier ones
  int expected_status = 200;
  Makes makes = Makes::nothing;
  std::string kind;                       // the lot's type, the decision, or the run's state
  std::vector<std::string> touched_lots;  // their state is unknown if the outcome is
  std::vector<std::string> traced_lots;   // lots that the answer of a trace has to contain
  double quantity_kg = 0;
  std::vector<std::pair<std::string, double>> inputs;
};

/// A lot, a decision or a lot recorded offline that the service has acknowledged.
struct Acknowledged {
  Makes what = Makes::nothing;
  std::string kind;
  std::string id;      // the client_id of a lot recorded offline
  std::string lot_id;  // of a decision
};

class Plant {
 public:
  /// `code_prefix` makes its lot codes unique among all plants and all runs on one database; of a hundred requests
  /// `mistakes_percent` are mistakes.
  Plant(Crew crew, std::string code_prefix, std::uint64_t seed, unsigned mistakes_percent);

  Step next();

  /// Takes in the answer to `step`, whose status was the expected one. Returns what was wrong with its body, or an
  /// empty text; what the answer acknowledges is added to `acknowledged`.
  std::string learn(const Step& step, const std::string& body, std::vector<Acknowledged>& acknowledged);

  /// Sets aside the lots of a request whose outcome is not known.
  void forget(const Step& step);

 private:
  struct Lot {
    std::string id;
    std::string code;
    std::string type;
    double remaining_kg = 0;
    std::string qc_status = "PENDING";
    std::vector<std::string> inputs;
    // Something recorded offline takes from it, now or later: nobody decides on it any more, for that would refuse what is
    // not applied yet, and the service may still think that there is more of it.
    bool promised = false;
  };

  std::size_t below(std::size_t limit);
  bool chance(double probability);
  std::string new_code(const std::string& type);
  template <typename Condition>
  const Lot* any_lot(Condition condition) {
    if (lots_.empty()) return nullptr;
    const std::size_t first = below(lots_.size());
    for (std::size_t i = 0; i < lots_.size(); ++i) {
      const Lot& lot = lots_[(first + i) % lots_.size()];
      if (condition(lot)) return &lot;
    }
    return nullptr;
  }
  Lot* find(const std::string& id);

  Step as(const Operator* who, std::string method, std::string route, std::string path) const;
  Step register_lot(const std::string& type, const nlohmann::json& inputs, double quantity_kg);
  Step raw_lot();
  Step made_lot(const std::string& type, const std::string& from);
  Step decide();
  Step production_run();
  Step read_lot();
  Step list_lots();
  Step trace();
  Step offline_batch();
  Step look_up_offline_lot();
  std::string learn_batch(const Step& step, const nlohmann::json& answer, std::vector<Acknowledged>& acknowledged);
  std::string learn_offline_state(const Step& step, const nlohmann::json& answer);
  void keep(Lot lot);

  Step mistake();
  Step wrong_fields();
  Step unknown_field();
  Step broken_json();
  Step taken_code();
  Step not_allowed();
  Step wrong_token();
  Step lost_lot();
  Step blocked_input();
  Step too_much();
  Step raw_with_input();
  Step wrong_method();
  Step no_such_route();
  Step wrong_decision();
  Step decision_on_lost_lot();
  Step skipped_state();
  Step wrong_state();
  Step lost_run();
  Step run_without_product();
  Step run_not_allowed();
  Step lot_for_run_that_waits();
  Step batch_with_unknown_field();
  Step batch_in_a_circle();
  Step batch_not_allowed();
  Step batch_of_unknown_input();
  Step taken_client_id();
  Step lost_offline_lot();
  Step alert_not_allowed();
  Step wrong_severity();

  Crew crew_;
  std::string code_prefix_;
  unsigned mistakes_percent_;
  std::mt19937_64 random_;
  std::uint64_t next_mistake_;
  std::uint64_t codes_ = 0;
  std::deque<Lot> lots_;  // a working set: the oldest leave
  std::string cursor_;
  std::optional<Step> repeat_;  // sent again next, as if its answer had not been heard
  struct Run {
    std::string id;
    std::string state;
  };
  std::optional<Run> run_;  // the one that is planned or under way
  std::uint64_t client_ids_ = 0;
  std::deque<nlohmann::json> queued_;  // lots that were taken in and are not known to be applied
  std::vector<nlohmann::json> batch_;  // the last one that was taken in
};

}  // namespace wms_traffic
