// SPDX-License-Identifier: MIT
#include "routes/sync.hpp"

#include <set>
#include <utility>
#include <variant>

#include "http/json_input.hpp"
#include "routes/json_output.hpp"
#include "routes/lot_rules.hpp"

namespace wms::routes {
namespace {

constexpr std::size_t most_lots = 500;

constexpr TextRule client_id_rule{1, 64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
                                  "letters, digits and . _ -"};

std::optional<SyncInput> read_input(ObjectReader& input, std::set<std::string>& used) {
  const auto lot_id = input.text("lot_id", Presence::optional, id_rule);
  const auto client_id = input.text("client_id", Presence::optional, client_id_rule);
  const auto taken = input.quantity("quantity_kg");
  if (lot_id && client_id) input.refuse("client_id", "one_of", "is given beside lot_id; one of them names the input");
  if (!lot_id && !client_id) {
    input.refuse("lot_id", "required", "or client_id must name the input");
    return std::nullopt;
  }
  const auto by = lot_id ? SyncInput::By::lot_id : SyncInput::By::client_id;
  const std::string name = lot_id ? "lot_id" : "client_id";
  const std::string& id = lot_id ? *lot_id : *client_id;
  if (!used.insert(name + " " + id).second) input.refuse(name, "unique", "is an input already");
  if (!taken) return std::nullopt;
  return SyncInput{by, id, *taken};
}

Result<std::vector<SyncLot>, Problem> read_batch(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  std::vector<SyncLot> batch;
  std::set<std::string> client_ids;
  std::size_t place = 0;
  fields.objects(
      "lots", most_lots,
      [&](ObjectReader& lot) {
        const auto client_id = lot.text("client_id", Presence::required, client_id_rule);
        const auto code = lot.text("lot_code", Presence::required, lot_code_rule);
        const auto type = lot.one_of<LotType>("lot_type");
        const auto quantity = lot.quantity("quantity_kg");
        const auto run_id = lot.text("production_run_id", Presence::optional, id_rule);
        std::vector<SyncInput> inputs;
        std::set<std::string> used;
        lot.objects("inputs", most_inputs, [&](ObjectReader& input) {
          if (auto read = read_input(input, used)) inputs.push_back(std::move(*read));
        });
        if (client_id && !client_ids.insert(*client_id).second) {
          lot.refuse("client_id", "unique", "is that of another lot of the batch");
        }
        if (client_id && code && type && quantity) {
          batch.push_back({place, *client_id, *code, *type, *quantity, run_id, std::move(inputs)});
        }
        ++place;
      },
      Presence::required);
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::sync_batch, std::move(errors));
  return batch;
}

Problem refused(const Refusal& refusal) {
  if (const auto* unknown = std::get_if<UnknownReference>(&refusal)) {
    return problems::invalid(Entity::sync_batch, {{unknown->field, "exists", unknown->message}});
  }
  return problems::refused(refusal);
}

Answer taken_in(const SyncReceipt& receipt) { return {202, to_json(receipt).dump()}; }

}  // namespace

Handler queue_sync_lots(Storage& storage, Metrics& metrics, BackgroundWorker& applier) {
  return [&storage, &applier, metrics = &metrics](const Call& call) -> Result<Answer, Problem> {
    auto batch = read_batch(call.body);
    if (!batch) return batch.error();
    const auto in_order = in_order_of_inputs(std::move(*batch));
    if (!in_order) return problems::refused(in_order.error());
    const auto receipt =
        storage.queue_sync_lots(*in_order, call.caller, call.deadline, call.keep<SyncReceipt>(taken_in));
    if (!receipt) return refused(receipt.error());
    using flowviz::bundles::TaskPriority;
    for (int i = 0; i < receipt->accepted; ++i) metrics->tasks.create(Task::sync_apply, TaskPriority::normal);
    applier.wake();
    return taken_in(*receipt);
  };
}

Handler get_sync_lot(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto state = storage.find_sync_lot(call.id, call.deadline);
    if (!state) return problems::refused(state.error());
    return Answer{200, to_json(*state).dump()};
  };
}

}  // namespace wms::routes
