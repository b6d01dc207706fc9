// SPDX-License-Identifier: MIT
// The main function of every doctest program of this tree.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// Memory that cannot be had is a case that tests make on purpose: the sanitizers' allocators then say so, as the system's
// does, instead of ending the program.
extern "C" const char* __asan_default_options();
extern "C" const char* __tsan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
