# How everything of ours is compiled, and who may link whom. See ARCHITECTURE.md.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Executables too: they share the precompiled header with the libraries.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)
set(THREADS_PREFER_PTHREAD_FLAG ON)
# Programs lie together, as they do when installed: they look for each other beside themselves.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
include(PatchbayFolder)

set(PATCHBAY_SANITIZE "" CACHE STRING "Sanitizers for every target: '', 'address,undefined' or 'thread'")

if(NOT CMAKE_BUILD_TYPE AND NOT PATCHBAY_SANITIZE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(PATCHBAY_CCACHE ccache)
if(PATCHBAY_CCACHE)
  # Precompiled headers need the sloppiness; the base directory lets several build trees share.
  set(patchbay_launcher ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${PATCHBAY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${patchbay_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${patchbay_launcher})
endif()

add_library(patchbay_options INTERFACE)
target_compile_options(patchbay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast> -Wcast-qual
  -Wconversion -Wno-sign-conversion -Werror)
if(PATCHBAY_SANITIZE)
  set(patchbay_sanitize_flags -fsanitize=${PATCHBAY_SANITIZE} -fno-omit-frame-pointer -O1 -g1)
  if(PATCHBAY_SANITIZE MATCHES undefined)
    list(APPEND patchbay_sanitize_flags -fno-sanitize-recover=all)
  endif()
  if(PATCHBAY_SANITIZE MATCHES address)
    # Checks as calls: half the time to compile, and the tests wait for disks, not for the processor.
    list(APPEND patchbay_sanitize_flags --param=asan-instrumentation-with-call-threshold=0)
  endif()
  # What is warned of here comes of the instrumentation and of several sources in one; the release
  # preset has the warnings.
  target_compile_options(patchbay_options INTERFACE ${patchbay_sanitize_flags} -w)
  target_link_options(patchbay_options INTERFACE ${patchbay_sanitize_flags})
endif()
target_link_libraries(patchbay_options INTERFACE Threads::Threads)
# Named failpoints exist only in trees that build tests; a packaged release has none.
option(PATCHBAY_FAILPOINTS "Compile the failpoints in, though no tests are built" OFF)
if(PATCHBAY_BUILD_TESTS OR NOT DEFINED PATCHBAY_BUILD_TESTS OR PATCHBAY_FAILPOINTS)
  target_compile_definitions(patchbay_options INTERFACE PATCHBAY_FAILPOINTS=1)
endif()
# Boost.Asio and Boost.Beast: header only, one set of switches everywhere.
target_compile_definitions(patchbay_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_DLL_USE_STD_FS BOOST_ASIO_DISABLE_BOOST_DATE_TIME)

# One precompiled header of standard headers, shared by every C++ target of ours but the tests.
set(patchbay_standard_headers
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <functional> <map>
  <memory> <mutex> <optional> <span> <string> <string_view> <thread> <unordered_map> <utility>
  <variant> <vector>)
add_library(patchbay_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(patchbay_pch PRIVATE patchbay_options)
target_precompile_headers(patchbay_pch PRIVATE ${patchbay_standard_headers})

function(patchbay_target_defaults target)
  target_link_libraries(${target} PRIVATE patchbay_options)
  target_precompile_headers(${target} REUSE_FROM patchbay_pch)
endfunction()

# The sanitizer presets compile several sources at one time (CMAKE_UNITY_BUILD), which takes a third of
# the time; a source that would not compile alone is found by the release preset.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

# Tests are compiled for the time it takes: without optimisation, and without the checks for undefined
# behaviour in their own statements, which are the many; what they test has them.
function(patchbay_test_defaults target)
  if(NOT TARGET patchbay_test_pch)
    add_library(patchbay_test_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
    patchbay_test_options(patchbay_test_pch)
    target_link_libraries(patchbay_test_pch PRIVATE GTest::gmock)
    target_precompile_headers(patchbay_test_pch PRIVATE
      ${patchbay_standard_headers} <filesystem> <fstream> <set> <sstream> <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  patchbay_test_options(${target})
  target_precompile_headers(${target} REUSE_FROM patchbay_test_pch)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
endfunction()

function(patchbay_test_options target)
  target_link_libraries(${target} PRIVATE patchbay_options)
  target_compile_options(${target} PRIVATE -O0)
  if(PATCHBAY_SANITIZE MATCHES undefined)
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
endfunction()

# Which folder of core/ may link which. Everything may use base and the headers of plugin_api.
set(patchbay_may_link_base)
set(patchbay_may_link_attachments)
set(patchbay_may_link_session attachments)
set(patchbay_may_link_store)
set(patchbay_may_link_net attachments)
set(patchbay_may_link_routing session store attachments)
set(patchbay_may_link_delivery session store attachments)
set(patchbay_may_link_agents session store attachments)
set(patchbay_may_link_adapters attachments net store routing delivery)
set(patchbay_may_link_agent_kit session_schema attachments)
set(patchbay_may_link_gateway routing delivery agents session store net)
set(patchbay_may_link_host attachments session store net routing delivery agents adapters gateway agent_kit)

# patchbay_library(<name> SOURCES … [LINKS <folders of core>…] [LIBRARIES <outside libraries>…])
# makes the static library patchbay::<name> from this folder. Headers are included as
# "<name>/<header>.hpp". Those of a folder that is linked by way of another are found too, since links
# are PUBLIC; scripts/check-includes, which is a test, refuses them.
function(patchbay_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LIBRARIES" ${ARGN})
  foreach(link IN LISTS ARG_LINKS)
    if(NOT link STREQUAL base AND NOT link IN_LIST patchbay_may_link_${name})
      message(FATAL_ERROR "core/${name} may not link core/${link}; see 'Who may link whom' in ARCHITECTURE.md")
    endif()
  endforeach()
  add_library(patchbay_${name} STATIC ${ARG_SOURCES})
  add_library(patchbay::${name} ALIAS patchbay_${name})
  patchbay_expose_headers(patchbay_${name} ${name} ${CMAKE_CURRENT_SOURCE_DIR})
  patchbay_target_defaults(patchbay_${name})
  target_link_libraries(patchbay_${name} PUBLIC patchbay::plugin_api ${ARG_LIBRARIES})
  if(NOT name STREQUAL base)
    target_link_libraries(patchbay_${name} PUBLIC patchbay::base)
  endif()
  foreach(link IN LISTS ARG_LINKS)
    target_link_libraries(patchbay_${name} PUBLIC patchbay::${link})
  endforeach()
endfunction()
