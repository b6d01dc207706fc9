// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A statement as the storage knows it: its name, by which it is timed, what kind of work it is, and its text.

#include <flowviz_metrics/bundles/database.hpp>
#include <string>

namespace wms {

using flowviz::bundles::DbOperation;

struct Sql {
  flowviz::bundles::StatementName name;
  DbOperation operation;
  std::string text;  ///< parameters are ?1, ?2, ...; no other question marks
};

}  // namespace wms
