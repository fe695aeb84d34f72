# find_package(Patchbay) gives the target patchbay::plugin_api (headers and SDK), the function
# patchbay_add_adapter() and, where it is installed and GoogleTest is found, patchbay::testkit.
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayAdapter.cmake)
if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/PatchbayTestkitTargets.cmake)
  find_package(GTest QUIET)
  if(GTest_FOUND)
    include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTestkitTargets.cmake)
  endif()
endif()
