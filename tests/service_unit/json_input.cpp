// SPDX-License-Identifier: MIT
#include "http/json_input.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "domain/lot.hpp"

namespace {

using namespace wms;
using nlohmann::json;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// "field rule" for each error.
std::vector<std::string> broken(const std::vector<FieldError>& errors) {
  std::vector<std::string> list;
  for (const FieldError& error : errors) {
    CHECK_FALSE(error.message.empty());
    list.push_back(error.field + " " + error.rule);
  }
  return list;
}

using Broken = std::vector<std::string>;

}  // namespace

TEST_CASE("an object is read") {
  const auto document = parse_object(R"({"a": 1, "b": {"c": [2]}})");
  REQUIRE(document);
  CHECK(*document == json{{"a", 1}, {"b", {{"c", {2}}}}});
}

TEST_CASE("bad JSON is 400 with the position") {
  const struct {
    std::string body;
    const char* position;
  } cases[] = {
      {R"({"lot_code": })", "byte 14"},
      {"nonsense", "byte 2"},
      {R"({"a": 1} x)", "byte 10"},
      {"", "byte 1"},
      {"{\"a\": \"\xff\"}", "byte 8"},
      {R"({"a": 1,})", "byte 9"},
      {R"({"a": 1e999})", "byte 11"},
      {"[]", "byte 0"},
      {"5", "byte 0"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.body);
    const auto document = parse_object(c.body);
    REQUIRE_FALSE(document);
    CHECK(document.error().status == 400);
    CAPTURE(document.error().detail);
    CHECK(document.error().detail.find(c.position) != std::string::npos);
    CHECK(document.error().detail.find("json.exception") == std::string::npos);
  }
}

TEST_CASE("a token that cannot be read is not repeated without end") {
  const auto document = parse_object("{\"a\":" + repeated("9", 100'000) + "}");
  REQUIRE_FALSE(document);
  CHECK(document.error().detail.size() < 300);
}

TEST_CASE("a document in which an object has a member twice is refused") {
  for (const std::string& body :
       {std::string(R"({"weight": 1, "weight": 999})"), std::string(R"({"a": [{"b": 1, "c": 2, "b": 1}]})"),
        "{\"" + repeated("x", 1000) + "\":1,\"" + repeated("x", 1000) + "\":1}"}) {
    CAPTURE(body);
    const auto document = parse_object(body);
    REQUIRE_FALSE(document);
    CHECK(document.error().status == 400);
    CHECK(document.error().detail.find("two members '") != std::string::npos);
    CHECK(document.error().detail.size() < 300);
  }
  CHECK(parse_object(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}], "A": 1})"));
}

TEST_CASE("a document that is nested too deeply, or has too many values, is refused before it is built") {
  const std::string hostile[] = {repeated("[", 1'000'000), repeated("{\"a\":", 200'000), repeated("[{\"a\":", 100'000),
                                 "{\"a\":[" + repeated("0,", 500'000) + "0]}",
                                 "{\"a\":[" + repeated("{},", 300'000) + "{}]}"};
  for (const std::string& body : hostile) {
    const auto document = parse_object(body);
    REQUIRE_FALSE(document);
    CHECK(document.error().status == 400);
    CHECK(document.error().detail.find("more than") != std::string::npos);
  }
  CHECK(parse_object("{\"a\":" + repeated("[", 15) + repeated("]", 15) + "}"));
  CHECK_FALSE(parse_object("{\"a\":" + repeated("[", 16) + repeated("]", 16) + "}"));
}

TEST_CASE("texts are checked") {
  const TextRule code{1, 4, "ABC", "A B C"};
  const TextRule any{0, 4};
  const struct {
    json value;
    TextRule rule;
    Broken broken;
  } cases[] = {
      {"ABC", code, {}},
      {"", code, {"f length"}},
      {"ABCAB", code, {"f length"}},
      {"abc", code, {"f characters"}},
      {"A\n", code, {"f characters"}},
      {5, code, {"f type"}},
      {nullptr, code, {"f required"}},
      {"", any, {}},
      {"\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac", any, {}},  // four characters in nine bytes
      {"\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac.", any, {"f length"}},
      {std::string("a\0b", 3), any, {"f characters"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.value.dump());
    std::vector<FieldError> errors;
    const json object{{"f", c.value}};
    const auto text = ObjectReader(object, errors).text("f", Presence::required, c.rule);
    CHECK(broken(errors) == c.broken);
    CHECK(text.has_value() == c.broken.empty());
  }
}

TEST_CASE("an optional field may be missing or null") {
  for (const json& object : {json::object(), json{{"f", nullptr}}}) {
    std::vector<FieldError> errors;
    ObjectReader reader(object, errors);
    CHECK_FALSE(reader.text("f", Presence::optional, {}));
    reader.finish();
    CHECK(errors.empty());
  }
}

TEST_CASE("weights are checked") {
  const struct {
    json value;
    Broken broken;
  } cases[] = {{1, {}},
               {0.5, {}},
               {0, {"f range"}},
               {-1, {"f range"}},
               {1e300, {"f range"}},
               {1e-9, {"f range"}},
               {"5", {"f type"}},
               {true, {"f type"}},
               {nullptr, {"f required"}}};
  for (const auto& c : cases) {
    CAPTURE(c.value.dump());
    std::vector<FieldError> errors;
    const json object{{"f", c.value}};
    CHECK(ObjectReader(object, errors).quantity("f").has_value() == c.broken.empty());
    CHECK(broken(errors) == c.broken);
  }
}

TEST_CASE("words out of a list are checked, and the list is told") {
  for (const json& value : {json("RAW"), json(""), json(1), json::array()}) {
    std::vector<FieldError> errors;
    const json object{{"f", value}};
    CHECK_FALSE(ObjectReader(object, errors).one_of<LotType>("f"));
    CHECK(broken(errors) == Broken{"f one_of"});
    CHECK(errors[0].message == "must be one of raw, intermediate, finished, not " + told(value));
  }
  std::vector<FieldError> errors;
  const json object{{"f", "finished"}};
  CHECK(ObjectReader(object, errors).one_of<LotType>("f") == LotType::finished);
}

TEST_CASE("what is wrong is told as the rule and the value") {
  const json object{{"number", 5},     {"text", "it's"},     {"none", nullptr},
                    {"list", {1, {}}}, {"deep", {{"a", 1}}}, {"long", std::string(1000, 'x')}};
  std::vector<FieldError> errors;
  ObjectReader reader(object, errors);
  reader.text("number", Presence::required, {});
  reader.text("deep", Presence::required, {});
  reader.text("text", Presence::required, {1, 3});
  reader.text("text", Presence::required, {1, 8, "ABC", "A B C"});
  reader.quantity("text");
  reader.quantity("none");
  reader.one_of<LotType>("long");
  reader.one_of<LotType>("list");
  const auto skip = [](ObjectReader&) {};
  reader.objects("number", 9, skip);
  reader.objects("list", 1, skip);
  reader.objects("list", 9, skip);
  const std::string forty(40, 'x');
  const char* const expected[] = {
      "must be a text, not 5",
      "must be a text, not an object",
      "must have 1 to 3 characters, not 4",
      "must be made of A B C, not 'it\\'s'",
      "must be a number, not 'it\\'s'",
      "is missing",
      "must be one of raw, intermediate, finished, not 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'",
      "must be one of raw, intermediate, finished, not an array",
      "must be an array, not 5",
      "must have at most 1 elements, not 2",
      "must be an object, not 1",
      "must be an object, not null",
  };
  REQUIRE(errors.size() == std::size(expected));
  for (std::size_t i = 0; i < errors.size(); ++i) CHECK(errors[i].message == expected[i]);
}

TEST_CASE("weights out of range are told with the range") {
  for (const char* value : {"0", "-5", "1e-9", "2000000000"}) {
    std::vector<FieldError> errors;
    const json object{{"f", json::parse(value)}};
    ObjectReader(object, errors).quantity("f");
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].message ==
          "must be above 0 (to the milligram) and at most 1000000000, not " + json::parse(value).dump());
  }
}

TEST_CASE("objects in an array are read with their place in it") {
  std::vector<FieldError> errors;
  const json object = json::parse(R"({"list": [{"w": 1}, 5, {"w": 0, "x": 1}, {}]})");
  ObjectReader reader(object, errors);
  int read = 0;
  reader.objects("list", 4, [&](ObjectReader& element) {
    if (element.quantity("w")) ++read;
  });
  reader.finish();
  CHECK(read == 1);
  CHECK(broken(errors) == Broken{"list[1] type", "list[2].w range", "list[2].x unknown", "list[3].w required"});
}

TEST_CASE("an array that is none, or too long, is refused as a whole") {
  for (const char* text : {R"({"list": {}})", R"({"list": [{}, {}, {}]})"}) {
    std::vector<FieldError> errors;
    const json object = json::parse(text);
    ObjectReader reader(object, errors);
    reader.objects("list", 2, [](ObjectReader&) { FAIL("an element was read"); });
    reader.finish();
    CHECK(errors.size() == 1);
  }
}

TEST_CASE("fields that nobody asked for are refused, without repeating all that a client may send") {
  json object = json::object();
  for (int i = 0; i < 1000; ++i) object["k" + std::to_string(i) + std::string(1000, 'x')] = 0;
  std::vector<FieldError> errors;
  ObjectReader(object, errors).finish();
  CHECK(errors.size() == problems::most_errors + 1);
  for (const FieldError& error : errors) {
    CHECK(error.rule == "unknown");
    CHECK(error.field.size() <= 64);
  }
}

TEST_CASE("of very many errors the first hundred are told, the first few in words, and that there are more") {
  const auto told_of = [](std::size_t mistakes) {
    json object{{"list", json::array()}};
    for (std::size_t i = 0; i < mistakes; ++i) object["list"].push_back(i);
    std::vector<FieldError> errors;
    ObjectReader reader(object, errors);
    reader.objects("list", mistakes, [](ObjectReader&) {});
    reader.finish();
    return problems::invalid(Entity::lot, std::move(errors));
  };
  const std::string five =
      "list[0]: must be an object, not 0; list[1]: must be an object, not 1; list[2]: must be an object, not 2; "
      "list[3]: "
      "must be an object, not 3; list[4]: must be an object, not 4";
  const struct {
    std::size_t mistakes, listed;
    std::string detail;
  } cases[] = {{5, 5, five},
               {7, 7, five + "; and 2 other errors"},
               {100, 100, five + "; and 95 other errors"},
               {101, 100, five + "; and more than 95 other errors"},
               {50'000, 100, five + "; and more than 95 other errors"}};
  for (const auto& [mistakes, listed, detail] : cases) {
    const Problem problem = told_of(mistakes);
    CHECK(problem.errors.size() == listed);
    CHECK(problem.detail == detail);
  }
}

TEST_CASE("parameters of a query are checked") {
  const struct {
    QueryParameters parameters;
    Broken broken;
    std::optional<int> number;
  } cases[] = {
      {{}, {}, {}},
      {{{"n", "7"}}, {}, 7},
      {{{"n", "1"}, {"type", "raw"}}, {}, 1},
      {{{"n", "0"}}, {"n range"}, {}},
      {{{"n", "11"}}, {"n range"}, {}},
      {{{"n", "-1"}}, {"n range"}, {}},
      {{{"n", ""}}, {"n range"}, {}},
      {{{"n", "7x"}}, {"n range"}, {}},
      {{{"n", " 7"}}, {"n range"}, {}},
      {{{"n", "99999999999999999999"}}, {"n range"}, {}},
      {{{"n", "1"}, {"n", "2"}}, {"n unique"}, {}},
      {{{"type", "cooked"}}, {"type one_of"}, {}},
      {{{"colour", "green"}}, {"colour unknown"}, {}},
  };
  for (const auto& [parameters, expected, number] : cases) {
    std::vector<FieldError> errors;
    QueryReader reader(parameters, errors);
    CHECK(reader.number("n", 1, 10) == number);
    reader.one_of<LotType>("type");
    reader.finish();
    CHECK(broken(errors) == expected);
  }
}

TEST_CASE("what is wrong with a query is told in its own words") {
  const QueryParameters parameters{{"n", "7x"}, {"type", "cooked"}, {"limt", "5"}};
  std::vector<FieldError> errors;
  QueryReader reader(parameters, errors);
  reader.number("n", 1, 10);
  reader.one_of<LotType>("type");
  reader.finish();
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].message == "must be a whole number from 1 to 10, not '7x'");
  CHECK(errors[1].message == "must be one of raw, intermediate, finished, not 'cooked'");
  CHECK(errors[2].message == "unknown query parameter");
}
