// SPDX-License-Identifier: MIT
#include "routes/lots.hpp"

#include <set>
#include <utility>

#include "domain/ids.hpp"
#include "http/json_input.hpp"
#include "routes/json_output.hpp"
#include "routes/lot_rules.hpp"

namespace wms::routes {
namespace {

constexpr int longest_page = 500;

Result<NewLot, Problem> read_new_lot(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return document.error();
  std::vector<FieldError> errors;
  ObjectReader fields(*document, errors);
  const auto code = fields.text("lot_code", Presence::required, lot_code_rule);
  const auto type = fields.one_of<LotType>("lot_type");
  const auto quantity = fields.quantity("quantity_kg");
  const auto run_id = fields.text("production_run_id", Presence::optional, id_rule);
  std::vector<LotInput> inputs;
  std::set<std::string> used;
  fields.objects("inputs", most_inputs, [&](ObjectReader& input) {
    const auto lot_id = input.text("lot_id", Presence::required, id_rule);
    const auto taken = input.quantity("quantity_kg");
    if (lot_id && !used.insert(*lot_id).second) input.refuse("lot_id", "unique", "is an input already");
    if (lot_id && taken) inputs.push_back({*lot_id, *taken});
  });
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::lot, std::move(errors));
  return NewLot{*code, *type, *quantity, run_id, std::move(inputs)};
}

Result<LotQuery, Problem> read_lot_query(const QueryParameters& parameters) {
  std::vector<FieldError> errors;
  QueryReader fields(parameters, errors);
  LotQuery query;
  query.type = fields.one_of<LotType>("lot_type");
  query.after = fields.text("after");
  if (query.after && !is_id(*query.after)) {
    fields.refuse("after", "cursor", "must be what an earlier page gave as next, not " + in_quotes(*query.after));
  }
  query.limit = fields.number("limit", 1, longest_page).value_or(query.limit);
  fields.finish();
  if (!errors.empty()) return problems::invalid(Entity::lot_query, std::move(errors));
  return query;
}

Answer registered(const Lot& lot) {
  return {201, to_json(lot).dump(), "application/json", {{"Location", "/api/lots/" + lot.id}}};
}

}  // namespace

Handler register_lot(Storage& storage, Metrics& metrics) {
  return [&storage, metrics = &metrics](const Call& call) -> Result<Answer, Problem> {
    const auto wanted = read_new_lot(call.body);
    if (!wanted) return wanted.error();
    const auto lot = storage.register_lot(*wanted, call.caller, call.deadline, call.keep<Lot>(registered));
    if (!lot) return problems::refused(lot.error());
    metrics->lots_registered.with(lot->type).inc();  // it is on disk now
    return registered(*lot);
  };
}

Handler get_lot(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto lot = storage.find_lot(call.id, call.deadline);
    if (!lot) return problems::refused(lot.error());
    return Answer{200, to_json(*lot).dump()};
  };
}

Handler list_lots(Storage& storage) {
  return [&storage](const Call& call) -> Result<Answer, Problem> {
    const auto query = read_lot_query(call.query);
    if (!query) return query.error();
    const auto page = storage.list_lots(*query, call.deadline);
    if (!page) return problems::refused(page.error());
    return Answer{200, to_json(*page).dump()};
  };
}

}  // namespace wms::routes
