// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The time zone of the plant, which is that of the process.
///
/// The compilers that this service is built with have no time zones in <chrono> yet, and the C library has had them all
/// along: it knows the system's database with its rules for the years to come, but one zone for the whole process, which
/// it takes from the environment. One is all that the service needs. Setting an environment variable is a race with
/// whoever reads one in another thread, so it is done once, before there are threads; localtime_r, which only reads,
/// may then be called by all of them. Nothing else in the service asks for a local time: the log, the API and the
/// database speak UTC.

#include <string>

#include "business_hours.hpp"
#include "domain/timestamp.hpp"

namespace wms {

/// Whether the system's database has a zone of this name, such as Europe/Berlin. It always has UTC.
bool is_time_zone(const std::string& name);

/// Makes it the zone of the process. Not thread-safe: before there are threads.
void set_time_zone(const std::string& name);

/// What the clock on the wall shows there.
WallClock wall_clock(Timestamp time);

}  // namespace wms
