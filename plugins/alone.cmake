# For a folder of plugins/ that is built alone, against an installed Patchbay. Its CMakeLists.txt
# calls project() and includes this, which gives what the tree gives it otherwise.
set(PATCHBAY_ALONE TRUE)
option(PATCHBAY_BUILD_TESTS "Build the tests" ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_package(PkgConfig REQUIRED)
if(PATCHBAY_BUILD_TESTS)
  find_package(Patchbay REQUIRED COMPONENTS testkit)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  enable_testing()
else()
  find_package(Patchbay REQUIRED)
endif()
# The bundled adapters are released with Patchbay.
set(PROJECT_VERSION ${Patchbay_VERSION})

include(${CMAKE_CURRENT_LIST_DIR}/../cmake/PatchbayFolder.cmake)
# The tree has more warnings, and makes them errors.
function(patchbay_target_defaults target)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
endfunction()
function(patchbay_test_defaults target)
  patchbay_target_defaults(${target})
endfunction()

# What the adapters share comes along; its tests are its own.
if(NOT CMAKE_CURRENT_SOURCE_DIR STREQUAL "${CMAKE_CURRENT_LIST_DIR}/common")
  set(PATCHBAY_BUILD_TESTS OFF)
  add_subdirectory(${CMAKE_CURRENT_LIST_DIR}/common common)
  unset(PATCHBAY_BUILD_TESTS)
endif()
