# SPDX-License-Identifier: MIT
# Finds cpp-httplib and defines CppHttplib::CppHttplib. Looks at a target that the project already made, then for the
# package of the library's own build, then for the pkg-config file that Debian and Ubuntu ship instead of one. The
# flags in those are not optional: they change the layout of the library's classes.
if(TARGET CppHttplib::CppHttplib)
  set(CppHttplib_FOUND TRUE)
  return()
endif()

set(CppHttplib_FOUND FALSE)
if(NOT TARGET httplib::httplib)
  find_package(httplib CONFIG QUIET)
endif()
if(TARGET httplib::httplib)
  add_library(CppHttplib::CppHttplib INTERFACE IMPORTED)
  target_link_libraries(CppHttplib::CppHttplib INTERFACE httplib::httplib)
  set(CppHttplib_FOUND TRUE)
else()
  find_package(Threads QUIET)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND AND Threads_FOUND)
    pkg_check_modules(CppHttplib QUIET IMPORTED_TARGET cpp-httplib)
    if(TARGET PkgConfig::CppHttplib)
      add_library(CppHttplib::CppHttplib INTERFACE IMPORTED)
      target_link_libraries(CppHttplib::CppHttplib INTERFACE PkgConfig::CppHttplib Threads::Threads)
      set(CppHttplib_FOUND TRUE)
    endif()
  endif()
endif()

if(NOT CppHttplib_FOUND)
  set(CppHttplib_NOT_FOUND_MESSAGE
      "cpp-httplib was not found (no target httplib::httplib, no CMake package httplib, no pkg-config file cpp-httplib; \
on Debian and Ubuntu: apt-get install libcpp-httplib-dev pkg-config)"
  )
  if(CppHttplib_FIND_REQUIRED)
    message(FATAL_ERROR "${CppHttplib_NOT_FOUND_MESSAGE}")
  endif()
endif()
