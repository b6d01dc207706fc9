// SPDX-License-Identifier: MIT
#include "http/json_input.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace wms {
namespace {

using nlohmann::json;

constexpr int deepest = 16;
// A value costs up to a hundred bytes of memory where it may have cost two of the body.
constexpr std::size_t most_values = 100'000;

// Clients get the names of fields that they sent back, but not without end.
constexpr std::size_t longest_name_told = 64;
constexpr std::size_t longest_reason_told = 200;

/// Notes an error, unless clients would not be told of it: a body of a few bytes for each mistake would otherwise be
/// answered with a hundred for each. The one beyond the last that is told stands for all that follow.
void note(FieldError error, std::vector<FieldError>& errors) {
  if (errors.size() <= problems::most_errors) errors.push_back(std::move(error));
}

/// Reads a document without building it, so that a hostile one is known before it costs memory.
class Guard : public nlohmann::json_sax<json> {
 public:
  std::optional<Problem> problem;

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override {
    names_.emplace_back();
    return enter();
  }
  bool key(string_t& name) override {
    // Which of the two is meant, nobody can tell; a parser that builds the document takes the last.
    if (names_.back().insert(name).second) return true;
    problem = problems::bad_request("the JSON document has two members " + in_quotes(name) + " in one object");
    return false;
  }
  bool end_object() override {
    names_.pop_back();
    return leave();
  }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t position, const std::string&, const json::exception& error) override {
    // The message reads "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    std::string_view what = error.what();
    for (const std::string_view end : {std::string_view("] "), std::string_view(": ")}) {
      if (const auto start = what.find(end); start != std::string_view::npos) what.remove_prefix(start + end.size());
    }
    // It repeats the token that cannot be read, which may be all of the body.
    std::string reason(what.substr(0, longest_reason_told));
    if (reason.size() < what.size()) reason += "...";
    problem = problems::bad_json(position, reason);
    return false;
  }

 private:
  bool count() {
    if (++values_ <= most_values) return true;
    problem = problems::bad_request("the JSON document has more than " + std::to_string(most_values) + " values");
    return false;
  }
  bool enter() {
    if (++depth_ <= deepest) return count();
    problem = problems::bad_request("the JSON document is nested more than " + std::to_string(deepest) + " deep");
    return false;
  }
  bool leave() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::size_t values_ = 0;
  std::vector<std::set<std::string>> names_;  // of the members so far, for each object that is open
};

/// Code points: every byte of UTF-8 but those that continue one.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

template <class Names>
void refuse_unknown(const std::vector<std::string>& given, const Names& known, const std::string& path,
                    const std::string& message, std::vector<FieldError>& errors) {
  for (const std::string& name : given) {
    if (!known.contains(name)) note({path + name.substr(0, longest_name_told), "unknown", message}, errors);
  }
}

}  // namespace

Result<json, Problem> parse_object(std::string_view body) {
  Guard guard;
  if (!json::sax_parse(body, &guard)) {
    return guard.problem ? *guard.problem : problems::bad_json(0, "cannot be read");
  }
  json document = json::parse(body);
  if (!document.is_object()) return problems::bad_json(0, "the body is not a JSON object");
  return document;
}

std::string told(const json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return in_quotes(*text);
  return value.is_structured() ? "an " + std::string(value.type_name()) : value.dump();
}

const json* ObjectReader::find(const std::string& name, Presence presence) {
  known_.insert(name);
  const auto found = object_.find(name);
  if (found != object_.end() && !found->is_null()) return &*found;
  if (presence == Presence::required) refuse(name, "required", "is missing");
  return nullptr;
}

std::optional<std::string> ObjectReader::text(const std::string& name, Presence presence, const TextRule& rule) {
  const json* value = find(name, presence);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->get_ptr<const std::string*>();
  if (text == nullptr) {
    refuse(name, "type", "must be a text, not " + told(*value));
    return std::nullopt;
  }
  const std::size_t length = characters(*text);
  if (length < rule.min || length > rule.max) {
    refuse(name, "length",
           "must have " + std::to_string(rule.min) + " to " + std::to_string(rule.max) + " characters, not " +
               std::to_string(length));
    return std::nullopt;
  }
  const bool allowed = rule.alphabet.empty() ? text->find('\0') == std::string::npos
                                             : text->find_first_not_of(rule.alphabet) == std::string::npos;
  if (!allowed) {
    refuse(name, "characters",
           rule.alphabet.empty() ? "must not hold NUL"
                                 : "must be made of " + std::string(rule.alphabet_name) + ", not " + in_quotes(*text));
    return std::nullopt;
  }
  return *text;
}

std::optional<Quantity> ObjectReader::quantity(const std::string& name) {
  const json* value = find(name, Presence::required);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    refuse(name, "type", "must be a number, not " + told(*value));
    return std::nullopt;
  }
  const auto quantity = Quantity::from_kg(value->get<double>());
  if (!quantity) {
    refuse(name, "range", "must be above 0 (to the milligram) and at most 1000000000, not " + told(*value));
  }
  return quantity;
}

void ObjectReader::refuse(const std::string& name, std::string rule, std::string message) {
  note({path_ + name, std::move(rule), std::move(message)}, errors_);
}

void ObjectReader::finish() {
  std::vector<std::string> given;
  for (const auto& [name, value] : object_.items()) given.push_back(name);
  refuse_unknown(given, known_, path_, "is not a field of this request", errors_);
}

std::optional<std::string> QueryReader::text(const std::string& name) {
  known_.insert(name);
  const auto [first, last] = parameters_.equal_range(name);
  if (first == last) return std::nullopt;
  if (std::next(first) != last) {
    refuse(name, "unique", "is given more than once");
    return std::nullopt;
  }
  return first->second;
}

std::optional<int> QueryReader::number(const std::string& name, int min, int max) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error == std::errc() && end == given->data() + given->size() && value >= min && value <= max) return value;
  refuse(name, "range",
         "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max) + ", not " +
             in_quotes(*given));
  return std::nullopt;
}

void QueryReader::refuse(const std::string& name, std::string rule, std::string message) {
  note({name, std::move(rule), std::move(message)}, errors_);
}

void QueryReader::finish() {
  std::vector<std::string> given;
  for (const auto& [name, value] : parameters_) given.push_back(name);
  refuse_unknown(given, known_, "", "unknown query parameter", errors_);
}

}  // namespace wms
