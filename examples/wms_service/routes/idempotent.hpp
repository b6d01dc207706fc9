// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The Idempotency-Key header: a request that carries one can be sent again without being done again.

#include <string>

#include "http/call.hpp"
#include "key_releaser.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// What `handler` does for requests without a key, and once for those with the same one: the first that is done is
/// remembered with its answer for a day, per operator and route. A handler that writes keeps the answer in its
/// transaction, by `Call::keep`. A refusal has changed nothing and is not remembered: to send it again is to ask anew;
/// if it was the database that failed, as soon as `releaser` could give the key back.
Handler idempotent(Storage& storage, KeyReleaser& releaser, std::string route, Handler handler);

}  // namespace wms::routes
