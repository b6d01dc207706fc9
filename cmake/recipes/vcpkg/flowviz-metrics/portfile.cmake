# SPDX-License-Identifier: MIT
# An overlay port of the checkout that it lies in, until there is a release to fetch:
#   vcpkg install flowviz-metrics --overlay-ports=<checkout>/cmake/recipes/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../.." ABSOLUTE)

set(VCPKG_BUILD_TYPE release) # headers: a debug build would install the same

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS -DFLOWVIZ_METRICS_DEVELOPER=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME flowviz_metrics CONFIG_PATH share/cmake/flowviz_metrics)
vcpkg_fixup_pkgconfig()

file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
