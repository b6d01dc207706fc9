# SPDX-License-Identifier: MIT
# Stops a consumer's configuration if more than headers, C++20 and threads comes with flowviz::metrics.
function(expect_property scope name property expected)
  get_property(value ${scope} ${name} PROPERTY ${property})
  if(NOT "${value}" STREQUAL "${expected}")
    message(FATAL_ERROR "${property} of ${name} is `${value}` instead of `${expected}`")
  endif()
endfunction()

foreach(property IN ITEMS INTERFACE_COMPILE_DEFINITIONS INTERFACE_COMPILE_OPTIONS INTERFACE_LINK_OPTIONS INTERFACE_SOURCES)
  expect_property(TARGET flowviz::metrics ${property} "")
endforeach()
expect_property(TARGET flowviz::metrics INTERFACE_COMPILE_FEATURES "cxx_std_20")
expect_property(TARGET flowviz::metrics INTERFACE_LINK_LIBRARIES "Threads::Threads")

foreach(property IN ITEMS COMPILE_DEFINITIONS COMPILE_OPTIONS LINK_OPTIONS)
  expect_property(DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" ${property} "")
endforeach()

get_property(subdirectories DIRECTORY PROPERTY SUBDIRECTORIES)
foreach(subdirectory IN LISTS subdirectories)
  expect_property(DIRECTORY "${subdirectory}" SUBDIRECTORIES "")
  expect_property(DIRECTORY "${subdirectory}" TESTS "")
  get_property(targets DIRECTORY "${subdirectory}" PROPERTY BUILDSYSTEM_TARGETS)
  list(REMOVE_ITEM targets flowviz_metrics flowviz_metrics_httplib flowviz_metrics_sqlite flowviz_metrics_libpq)
  if(targets)
    message(FATAL_ERROR "the library brings these targets of its developers: ${targets}")
  endif()
endforeach()
