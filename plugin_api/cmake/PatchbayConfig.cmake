# find_package(Patchbay) gives the target patchbay::plugin_api (headers and SDK) and the function
# patchbay_add_adapter(); where GoogleTest is found, also patchbay::testkit.
include(CMakeFindDependencyMacro)
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayAdapter.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTestkit.cmake OPTIONAL)
