// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/chain.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "test_platform.hpp"

namespace {

struct Node {
  explicit Node(int v) : value(v) {}
  std::atomic<Node*> next{nullptr};
  int value;
};
using Chain = flowviz::cells::Chain<TestPlatform<1, 1>, Node>;

std::string values(const Chain& chain) {
  std::string text;
  chain.each([&](const Node& node) { text += std::to_string(node.value) + " "; });
  return text;
}

}  // namespace

TEST_CASE("a chain holds its nodes in the order they were appended") {
  Chain chain;
  CHECK(values(chain) == "");
  Node a(1), b(2), c(3);
  for (Node* node : {&a, &b, &c}) {
    CHECK(chain.append_unless_there(node, [](const Node&) { return false; }) == node);
  }
  CHECK(values(chain) == "1 2 3 ");
}

TEST_CASE("a node that is the same as one of the chain is not appended") {
  Chain chain;
  Node a(1), b(2), again(1);
  for (Node* node : {&a, &b}) chain.append_unless_there(node, [](const Node&) { return false; });
  std::vector<int> compared;
  Node* const there = chain.append_unless_there(&again, [&](const Node& node) {
    compared.push_back(node.value);
    return node.value == again.value;
  });
  CHECK(there == &a);
  CHECK(compared == std::vector<int>{1});
  CHECK(values(chain) == "1 2 ");
}

TEST_CASE("a node is compared with those behind the last one that its maker has seen") {
  Chain chain;
  Node a(1), b(2), c(3), again(3);
  for (Node* node : {&a, &b, &c}) chain.append_unless_there(node, [](const Node&) { return false; });
  std::vector<int> compared;
  const auto same = [&](const Node& node) {
    compared.push_back(node.value);
    return node.value == again.value;
  };
  CHECK(chain.append_unless_there(&again, same, &a) == &c);
  CHECK(compared == std::vector<int>{2, 3});
  CHECK(chain.append_unless_there(&again, same, &c) == &again);
  CHECK(values(chain) == "1 2 3 3 ");
}

TEST_CASE("whoever appends a node has compared it with every one before it, in order") {
  Chain chain;
  Node a(1), b(2), c(3);
  for (Node* node : {&a, &b}) chain.append_unless_there(node, [](const Node&) { return false; });
  std::vector<int> compared;
  chain.append_unless_there(&c, [&](const Node& node) {
    compared.push_back(node.value);
    return false;
  });
  CHECK(compared == std::vector<int>{1, 2});
}

TEST_CASE("a visitor may destroy the node that it is given") {
  Chain chain;
  for (int i = 0; i < 3; ++i) {
    chain.append_unless_there(std::make_unique<Node>(i).release(), [](const Node&) { return false; });
  }
  int visited = 0;
  chain.each([&](Node& node) {
    ++visited;
    delete &node;
  });
  CHECK(visited == 3);
}
