// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The version, the namespace that carries it, and the few macros that configure the library.
///
/// The inline namespace holds the version of the binary interface and the numbers that change the layout: files that
/// differ in them have different types, and fail to link instead of sharing cells that they lay out differently. The same holds
/// for files with metrics and files that have them compiled out, and for files whose standard libraries lay out a std::string or a
/// std::vector otherwise: no function of the one is taken for its namesake of the other.

#if !defined(__linux__)
#error "flowviz_metrics needs Linux: see docs/platforms.md"
#endif
#if __cplusplus < 202002L
#error "flowviz_metrics needs C++20: compile with -std=c++20"
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0
#error "flowviz_metrics needs NaN and infinities, which -ffast-math and -Ofast take away: add -fno-finite-math-only"
#endif

#include <cstddef>  // for the standard library's own macros

#define FLOWVIZ_METRICS_VERSION_MAJOR 0
#define FLOWVIZ_METRICS_VERSION_MINOR 1
#define FLOWVIZ_METRICS_VERSION_PATCH 0
#define FLOWVIZ_METRICS_VERSION "0.1.0"

#define FLOWVIZ_METRICS_BEGIN                                                              \
  namespace flowviz {                                                                      \
  inline namespace FLOWVIZ_METRICS_ABI(FLOWVIZ_METRICS_ABI_VERSION, FLOWVIZ_METRICS_SLOTS, \
                                       FLOWVIZ_METRICS_MAX_LABEL_BYTES, FLOWVIZ_METRICS_ABI_LIBRARY) {
#define FLOWVIZ_METRICS_END \
  }                         \
  }

#define FLOWVIZ_METRICS_ABI(version, slots, bytes, library) FLOWVIZ_METRICS_ABI_NAME(version, slots, bytes, library)
#define FLOWVIZ_METRICS_ABI_NAME(version, slots, bytes, library) v##version##_##slots##_##bytes##library

#if defined(_LIBCPP_VERSION)
#define FLOWVIZ_METRICS_ABI_LIBRARY _libcpp
#elif defined(_GLIBCXX_DEBUG) && _GLIBCXX_USE_CXX11_ABI == 0
#define FLOWVIZ_METRICS_ABI_LIBRARY _debug_cxx98
#elif defined(_GLIBCXX_DEBUG)
#define FLOWVIZ_METRICS_ABI_LIBRARY _debug
#elif defined(_GLIBCXX_RELEASE) && _GLIBCXX_USE_CXX11_ABI == 0
#define FLOWVIZ_METRICS_ABI_LIBRARY _cxx98
#else
#define FLOWVIZ_METRICS_ABI_LIBRARY
#endif

/// FLOWVIZ_METRICS_DISABLED compiles metrics out: everything still compiles, what is wrong at compile time still is, and nothing is
/// registered, counted or shown. A write leaves no instruction. Defined as 0 it has no effect.
#define FLOWVIZ_METRICS_DISABLED_BY(value) FLOWVIZ_METRICS_DISABLED_BY_##value
#define FLOWVIZ_METRICS_IS_DISABLED(value) FLOWVIZ_METRICS_DISABLED_BY(value)
#define FLOWVIZ_METRICS_DISABLED_BY_ 1
#define FLOWVIZ_METRICS_DISABLED_BY_1 1
#define FLOWVIZ_METRICS_DISABLED_BY_0 2
#if !defined(FLOWVIZ_METRICS_DISABLED)
#define FLOWVIZ_METRICS_DISABLED 0
#endif
#if FLOWVIZ_METRICS_IS_DISABLED(FLOWVIZ_METRICS_DISABLED) == 0
#error "FLOWVIZ_METRICS_DISABLED is 1 or left empty, or 0, which has no effect"
#elif FLOWVIZ_METRICS_IS_DISABLED(FLOWVIZ_METRICS_DISABLED) == 1
#define FLOWVIZ_METRICS_ENABLED false
#define FLOWVIZ_METRICS_ABI_VERSION 0_disabled
#else
#define FLOWVIZ_METRICS_ENABLED true
#define FLOWVIZ_METRICS_ABI_VERSION 0
#endif

/// How many threads can have columns of their own at once; threads beyond it share. A plain decimal number, the same in
/// every file of a program: registering a metric finds out if it is not.
#ifndef FLOWVIZ_METRICS_SLOTS
#define FLOWVIZ_METRICS_SLOTS 256
#endif

/// The length in bytes up to which a label value is kept whole. A plain decimal number, the same in every file.
#ifndef FLOWVIZ_METRICS_MAX_LABEL_BYTES
#define FLOWVIZ_METRICS_MAX_LABEL_BYTES 1024
#endif

/// What every module of a program has to agree on (thread states, slots, the default registry) is exported whatever
/// -fvisibility says: two copies of the slots would hand one column to two threads.
#if defined(__GNUC__)
#define FLOWVIZ_METRICS_SHARED __attribute__((visibility("default")))
#define FLOWVIZ_METRICS_NOINLINE __attribute__((noinline))
#define FLOWVIZ_METRICS_INLINE __attribute__((always_inline))
#else
#define FLOWVIZ_METRICS_SHARED
#define FLOWVIZ_METRICS_NOINLINE
#define FLOWVIZ_METRICS_INLINE
#endif

FLOWVIZ_METRICS_BEGIN

/// Whether this file has metrics, or was told to compile them out.
inline constexpr bool metrics_enabled = FLOWVIZ_METRICS_ENABLED;

FLOWVIZ_METRICS_END
