# SPDX-License-Identifier: MIT
# What `cmake --install` lays down: headers, the CMake package and the pkg-config file. Nothing here depends on the
# machine's architecture or on what else is installed on it: the package looks for what its adapters need
# when it is used.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/flowviz_metrics")

install(TARGETS flowviz_metrics EXPORT flowviz_metrics FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/flowviz_metrics/adapters DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/flowviz_metrics")
install(EXPORT flowviz_metrics NAMESPACE flowviz:: FILE flowviz_metrics-targets.cmake DESTINATION "${package_dir}")

write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/flowviz_metrics-config-version.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT
)
install(FILES cmake/flowviz_metrics-config.cmake cmake/FindCppHttplib.cmake
              "${PROJECT_BINARY_DIR}/flowviz_metrics-config-version.cmake" DESTINATION "${package_dir}"
)

# The prefix is found from where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/flowviz_metrics.pc.in flowviz_metrics.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/flowviz_metrics.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
