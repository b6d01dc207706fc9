// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The one way in which things come into being while others look: label values, series and metrics alike.
///
/// Nodes hang on a chain of links that only grows. A node is complete before it is hung up, and one compare-and-swap on
/// the first empty link does it; so no node is ever half made, none is there twice, and a thread that stops (or a fork
/// that leaves it behind) in the middle hangs nobody. Who finds a link taken first *helps*: it does whatever else makes
/// that node findable, an entry in a hash table say, and then looks at the next link. Whoever appends a node has
/// therefore compared it with every node before it.

#include <atomic>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Appends `node` behind `last` (nullptr: at the beginning), unless a node further on is the same.
///
/// - `link_after(Node*)` gives the link behind a node: a pointer to `P::atomic<Node*>`, or nullptr if there can be no
/// further node.
/// - `place(Node* node, Node* last)` prepares `node` for the place behind `last`, before each attempt.
/// - `same(Node*)` says whether a node is what the caller wants; `help(Node*)` makes a node findable and may run many
/// times.
///
/// Returns `node` if it was appended, the node that is the same if there is one, or nullptr when the chain is full.
/// Lock-free.
template <class Node, class LinkAfter, class Place, class Same, class Help>
Node* append_unless_there(Node* last, Node* node, LinkAfter link_after, Place place, Same same, Help help) {
  for (;;) {
    auto* link = link_after(last);
    if (link == nullptr) return nullptr;
    // Acquire, paired with the release of the exchange below: the node behind a link is seen whole.
    Node* next = link->load(std::memory_order_acquire);
    if (next == nullptr) {
      place(node, last);
      if (link->compare_exchange_strong(next, node, std::memory_order_release, std::memory_order_acquire)) {
        help(node);
        return node;
      }
    }
    help(next);
    if (same(next)) return next;
    last = next;
  }
}

}  // namespace cells
FLOWVIZ_METRICS_END
