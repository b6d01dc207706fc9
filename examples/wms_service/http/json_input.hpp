// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Reading what clients send, field by field: every rule that is broken is noted with its field, and fields that
/// nobody asked for are refused too.

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "domain/names.hpp"
#include "domain/quantity.hpp"
#include "domain/result.hpp"
#include "http/call.hpp"
#include "http/problem.hpp"
#include "quoted.hpp"

namespace wms {

/// The JSON object in `body`; 400 with the position if it is something else, nested too deeply, or made of too many
/// values.
Result<nlohmann::json, Problem> parse_object(std::string_view body);

enum class Presence { required, optional };

/// What a text has to be like.
struct TextRule {
  std::size_t min = 1;  ///< characters, not bytes
  std::size_t max = 64;
  std::string_view alphabet = {};       ///< the characters allowed; empty: all but NUL
  std::string_view alphabet_name = {};  ///< how the alphabet is told to clients
};

/// Takes the fields out of one JSON object, one call for each field, then `finish`. A field that is missing or wrong
/// reads as nothing and leaves an error behind.
class ObjectReader {
 public:
  /// `path` stands before the fields' names: "inputs[2]." for the members of that element.
  ObjectReader(const nlohmann::json& object, std::vector<FieldError>& errors, std::string path = "")
      : object_(object), errors_(errors), path_(std::move(path)) {}

  std::optional<std::string> text(const std::string& name, Presence presence, const TextRule& rule);
  std::optional<Quantity> quantity(const std::string& name);
  /// A text that names an enumerator.
  template <class E>
  std::optional<E> one_of(const std::string& name);
  /// An array of at most `max` objects, for each of which `read(ObjectReader&)` is called.
  template <class Read>
  void objects(const std::string& name, std::size_t max, Read read, Presence presence = Presence::optional);

  /// Notes an error on a field.
  void refuse(const std::string& name, std::string rule, std::string message);
  /// Refuses the fields that were not asked for.
  void finish();

 private:
  /// The field's value, unless it is missing or null.
  const nlohmann::json* find(const std::string& name, Presence presence);

  const nlohmann::json& object_;
  std::vector<FieldError>& errors_;
  std::string path_;
  std::set<std::string> known_;
};

/// The same for the parameters of a query, which are texts.
class QueryReader {
 public:
  QueryReader(const QueryParameters& parameters, std::vector<FieldError>& errors)
      : parameters_(parameters), errors_(errors) {}

  std::optional<std::string> text(const std::string& name);
  std::optional<int> number(const std::string& name, int min, int max);
  template <class E>
  std::optional<E> one_of(const std::string& name);

  void refuse(const std::string& name, std::string rule, std::string message);
  void finish();

 private:
  const QueryParameters& parameters_;
  std::vector<FieldError>& errors_;
  std::set<std::string> known_;
};

/// How a message repeats a value: a text in quotes, a number as it is, an array or an object by its type's name.
std::string told(const nlohmann::json& value);

/// "raw, intermediate, finished"
template <class E>
std::string list_of_names() {
  std::string list;
  for (const Name<E>& name : names(E{})) list += (list.empty() ? "" : ", ") + std::string(name.text);
  return list;
}

template <class E>
std::optional<E> ObjectReader::one_of(const std::string& name) {
  const nlohmann::json* value = find(name, Presence::required);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->get_ptr<const std::string*>();
  const auto found = text == nullptr ? std::nullopt : parse<E>(*text);
  if (!found) refuse(name, "one_of", "must be one of " + list_of_names<E>() + ", not " + told(*value));
  return found;
}

template <class Read>
void ObjectReader::objects(const std::string& name, std::size_t max, Read read, Presence presence) {
  const nlohmann::json* value = find(name, presence);
  if (value == nullptr) return;
  if (!value->is_array()) return refuse(name, "type", "must be an array, not " + told(*value));
  if (value->size() > max) {
    return refuse(name, "length",
                  "must have at most " + std::to_string(max) + " elements, not " + std::to_string(value->size()));
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    const std::string element = name + "[" + std::to_string(i) + "]";
    if (!(*value)[i].is_object()) {
      refuse(element, "type", "must be an object, not " + told((*value)[i]));
      continue;
    }
    ObjectReader reader((*value)[i], errors_, path_ + element + ".");
    read(reader);
    reader.finish();
  }
}

template <class E>
std::optional<E> QueryReader::one_of(const std::string& name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto found = parse<E>(*value);
  if (!found) refuse(name, "one_of", "must be one of " + list_of_names<E>() + ", not " + in_quotes(*value));
  return found;
}

}  // namespace wms
