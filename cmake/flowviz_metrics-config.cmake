# SPDX-License-Identifier: MIT
# find_package(flowviz_metrics): flowviz::metrics, and of flowviz::metrics_httplib, flowviz::metrics_sqlite and
# flowviz::metrics_libpq those whose library is there.
# find_package(flowviz_metrics COMPONENTS httplib sqlite libpq): the same, and refused where one of these is not.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/flowviz_metrics-targets.cmake")

# _flowviz_metrics_adapter(NAME LIBRARY): the target of an adapter, if the target of its library is there.
macro(_flowviz_metrics_adapter name library)
  set(flowviz_metrics_${name}_FOUND FALSE)
  if(TARGET ${library})
    set(flowviz_metrics_${name}_FOUND TRUE)
    if(NOT TARGET flowviz::metrics_${name})
      add_library(flowviz::metrics_${name} INTERFACE IMPORTED)
      target_link_libraries(flowviz::metrics_${name} INTERFACE flowviz::metrics ${library})
    endif()
  endif()
endmacro()

include("${CMAKE_CURRENT_LIST_DIR}/FindCppHttplib.cmake")
set(_flowviz_metrics_without_httplib "${CppHttplib_NOT_FOUND_MESSAGE}")
_flowviz_metrics_adapter(httplib CppHttplib::CppHttplib)

find_package(SQLite3 QUIET)
set(_flowviz_metrics_without_sqlite "SQLite3 was not found (on Debian and Ubuntu: apt-get install libsqlite3-dev)")
_flowviz_metrics_adapter(sqlite SQLite::SQLite3)

find_package(PostgreSQL QUIET)
set(_flowviz_metrics_without_libpq "PostgreSQL was not found (on Debian and Ubuntu: apt-get install libpq-dev)")
_flowviz_metrics_adapter(libpq PostgreSQL::PostgreSQL)

foreach(component IN LISTS flowviz_metrics_FIND_COMPONENTS)
  if(flowviz_metrics_FIND_REQUIRED_${component} AND NOT flowviz_metrics_${component}_FOUND)
    set(flowviz_metrics_FOUND FALSE)
    set(flowviz_metrics_NOT_FOUND_MESSAGE "component ${component} is missing")
    if(DEFINED _flowviz_metrics_without_${component})
      string(APPEND flowviz_metrics_NOT_FOUND_MESSAGE ": ${_flowviz_metrics_without_${component}}")
    endif()
  endif()
endforeach()
