// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A list that only grows and that anybody may walk while it does: the metrics of a registry.

#include <atomic>

#include <flowviz_metrics/cells/append.hpp>
#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A list of nodes, each of which has a member `next` of type `Chain::Link`. It does not own them. Lock-free.
template <Platform P, class Node>
class Chain {
 public:
  using Link = typename P::template atomic<Node*>;

  constexpr Chain() noexcept = default;
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  /// Appends `node` unless `same` accepts a node of the list; returns the one that is in the list. `same` sees every
  /// node before `node`, in order; or those behind `last`, which is in the list, if it has seen the others.
  template <class Same>
  Node* append_unless_there(Node* node, Same same, Node* last = nullptr) {
    return cells::append_unless_there(
        last, node, [this](Node* before) { return before == nullptr ? &first_ : &before->next; }, [](Node*, Node*) {},
        [&](Node* other) { return same(*other); }, [](Node*) {});
  }

  /// Puts `node`, which may have been in another list, before all others.
  void prepend(Node* node) noexcept {
    Node* first = first_.load(std::memory_order_relaxed);
    do {
      node->next.store(first, std::memory_order_relaxed);
    } while (!first_.compare_exchange_strong(first, node, std::memory_order_release, std::memory_order_relaxed));
  }

  /// Visits the nodes in the order they were appended; `visit` may destroy the node it is given.
  template <class Visit>
  void each(Visit visit) const {
    for (Node* node = first_.load(std::memory_order_acquire); node != nullptr;) {
      Node* next = node->next.load(std::memory_order_acquire);
      visit(*node);
      node = next;
    }
  }

 private:
  Link first_{nullptr};
};

}  // namespace cells
FLOWVIZ_METRICS_END
