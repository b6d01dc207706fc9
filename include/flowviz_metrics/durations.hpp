// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Durations and clocks of std::chrono, with their literals. <chrono> brings calendars, time zones and streams as well, and those
/// take a fifth of what a file with one counter costs to compile. Where libstdc++ keeps them apart, they stay away; a program
/// that wants them includes <chrono> itself.

#include <cstddef>  // says which library this is

#if defined(__GLIBCXX__) && __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
