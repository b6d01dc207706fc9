// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The API, told to programs: openapi.json, which the build puts into the service as it is.

#include "http/call.hpp"

namespace wms::routes {

/// GET /openapi.json
Handler openapi_document();

}  // namespace wms::routes
