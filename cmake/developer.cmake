# SPDX-License-Identifier: MIT
# What developers of the library build with: options, dependencies, warnings, sanitizers. A consumer never includes
# this file.
option(FLOWVIZ_METRICS_TESTS "Build the tests" ON)
option(FLOWVIZ_METRICS_EXAMPLES "Build the examples, the reference service among them" ON)
option(FLOWVIZ_METRICS_BENCH "Build the benchmarks (needs prometheus-cpp)" OFF)
option(FLOWVIZ_METRICS_BATCHES "Compile the files of tests and of the reference service several at a time" OFF)
set(FLOWVIZ_METRICS_SANITIZERS "" CACHE STRING "What -fsanitize takes, such as address,undefined")

# Dependencies of tests and examples: the system's packages, else a pinned release.
include(FetchContent)
macro(find_or_fetch name repository tag)
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${tag} GIT_SHALLOW ON FIND_PACKAGE_ARGS)
  FetchContent_MakeAvailable(${name})
endmacro()

find_package(CppHttplib QUIET)
if(NOT CppHttplib_FOUND)
  find_or_fetch(httplib https://github.com/yhirose/cpp-httplib.git v0.11.4)
endif()
if(FLOWVIZ_METRICS_TESTS)
  find_or_fetch(doctest https://github.com/doctest/doctest.git v2.4.9)
endif()
if(FLOWVIZ_METRICS_EXAMPLES)
  find_or_fetch(nlohmann_json https://github.com/nlohmann/json.git v3.11.2)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON) # target all_verify_interface_header_sets: every header compiles alone

# Options of the directory, so that no target can forget them.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow)

if(FLOWVIZ_METRICS_SANITIZERS)
  set(sanitize -fsanitize=${FLOWVIZ_METRICS_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
endif()

find_program(CCACHE ccache)
mark_as_advanced(CCACHE)
if(CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()
