# SPDX-License-Identifier: MIT
# find_package(flowviz_metrics): flowviz::metrics, and flowviz::metrics_httplib where cpp-httplib is.
# find_package(flowviz_metrics COMPONENTS httplib): the same, and refused where it is not.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/flowviz_metrics-targets.cmake")

include("${CMAKE_CURRENT_LIST_DIR}/FindCppHttplib.cmake")
set(flowviz_metrics_httplib_FOUND ${CppHttplib_FOUND})
if(CppHttplib_FOUND AND NOT TARGET flowviz::metrics_httplib)
  add_library(flowviz::metrics_httplib INTERFACE IMPORTED)
  target_link_libraries(flowviz::metrics_httplib INTERFACE flowviz::metrics CppHttplib::CppHttplib)
endif()

foreach(component IN LISTS flowviz_metrics_FIND_COMPONENTS)
  if(flowviz_metrics_FIND_REQUIRED_${component} AND NOT flowviz_metrics_${component}_FOUND)
    set(flowviz_metrics_FOUND FALSE)
    set(flowviz_metrics_NOT_FOUND_MESSAGE "component ${component} is missing")
    if(component STREQUAL "httplib")
      string(APPEND flowviz_metrics_NOT_FOUND_MESSAGE ": ${CppHttplib_NOT_FOUND_MESSAGE}")
    endif()
  endif()
endforeach()
