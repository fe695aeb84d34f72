# find_package(Patchbay [COMPONENTS testkit]) gives the target patchbay::plugin_api (C headers and C++
# SDK), the function patchbay_add_adapter(), and patchbay::testkit where the test kit is installed
# and GoogleTest is found. Who cannot do without the test kit names it as a component.
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PatchbayAdapter.cmake)

set(Patchbay_testkit_FOUND FALSE)
if(NOT EXISTS ${CMAKE_CURRENT_LIST_DIR}/PatchbayTestkitTargets.cmake)
  set(patchbay_problem "it was built without its test kit; build it with PATCHBAY_BUILD_TESTKIT=ON")
else()
  find_package(GTest QUIET)
  if(GTest_FOUND)
    include(${CMAKE_CURRENT_LIST_DIR}/PatchbayTestkitTargets.cmake)
    set(Patchbay_testkit_FOUND TRUE)
  else()
    set(patchbay_problem "its test kit needs GoogleTest, which was not found; install libgtest-dev")
  endif()
endif()

foreach(component IN LISTS Patchbay_FIND_COMPONENTS)
  if(Patchbay_FIND_REQUIRED_${component} AND NOT Patchbay_${component}_FOUND)
    set(Patchbay_FOUND FALSE)
    if(component STREQUAL testkit)
      set(Patchbay_NOT_FOUND_MESSAGE "Patchbay: ${patchbay_problem}.")
    else()
      set(Patchbay_NOT_FOUND_MESSAGE "Patchbay has no component '${component}'; it has: testkit.")
    endif()
  endif()
endforeach()
