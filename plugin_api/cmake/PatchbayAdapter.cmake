# patchbay_add_adapter(<name> SOURCES <files>… VENDOR <vendor> LICENCE <SPDX id>
#   [CHANNEL <channel>] [VERSION <version>] [SETTINGS_SCHEMA <file.json>] [ALLOWED_HOSTS <hosts>…]
#   [ABILITIES <ids>…] [LINKS <targets>…] [TEST_ONLY])
#
# makes <name>.so and <name>.adapter.json in <project's build folder>/plugins, their install rules,
# and a test that the library exports nothing but patchbay_adapter_v1. A TEST_ONLY one is made in
# test-plugins instead, and never installed. The same function serves
# Patchbay's own tree and, after find_package(Patchbay), everybody else's.
#
# Targets: <name>_adapter is the library; <name>_adapter_objects are its objects, for tests that link
# the adapter and call patchbay_adapter_v1() themselves.
include_guard(GLOBAL)

set(PATCHBAY_ADAPTER_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(patchbay_add_adapter name)
  cmake_parse_arguments(ARG "TEST_ONLY" "CHANNEL;VERSION;VENDOR;LICENCE;SETTINGS_SCHEMA"
    "SOURCES;ALLOWED_HOSTS;ABILITIES;LINKS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "patchbay_add_adapter(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SOURCES)
    message(FATAL_ERROR "patchbay_add_adapter(${name}) needs SOURCES")
  endif()
  # Whose it is and under which terms, nobody can guess.
  if(NOT ARG_VENDOR)
    message(FATAL_ERROR "patchbay_add_adapter(${name}) needs a VENDOR: who answers for the adapter")
  endif()
  if(NOT ARG_LICENCE)
    message(FATAL_ERROR "patchbay_add_adapter(${name}) needs a LICENCE: an SPDX id, like MIT")
  endif()
  foreach(default CHANNEL=${name} VERSION=${PROJECT_VERSION})
    string(REGEX MATCH "^([A-Z]+)=(.*)$" matched ${default})
    if(NOT ARG_${CMAKE_MATCH_1})
      set(ARG_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  if(NOT ARG_VERSION)
    message(FATAL_ERROR "patchbay_add_adapter(${name}) needs a VERSION, or project(… VERSION …)")
  endif()
  if(NOT ARG_CHANNEL MATCHES "^[a-z0-9][a-z0-9-]*$")
    message(FATAL_ERROR "patchbay_add_adapter(${name}): CHANNEL '${ARG_CHANNEL}' is not [a-z0-9][a-z0-9-]*")
  endif()

  set(folder ${PROJECT_BINARY_DIR}/plugins)
  if(ARG_TEST_ONLY)
    set(folder ${PROJECT_BINARY_DIR}/test-plugins)
  endif()
  set(objects ${name}_adapter_objects)
  set(library ${name}_adapter)
  add_library(${objects} OBJECT ${ARG_SOURCES})
  set_target_properties(${objects} PROPERTIES
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${objects} PUBLIC patchbay::plugin_api ${ARG_LINKS})
  target_compile_definitions(${objects} PRIVATE
    PATCHBAY_ADAPTER_VERSION="${ARG_VERSION}" PATCHBAY_ADAPTER_VENDOR="${ARG_VENDOR}")
  set(language C)
  if("${ARG_SOURCES}" MATCHES "\\.(cpp|cc|cxx)(;|$)")
    set(language CXX)
    target_compile_features(${objects} PRIVATE cxx_std_20)
  endif()
  patchbay_adapter_options(${objects} ${language})

  add_library(${library} MODULE)
  target_link_libraries(${library} PRIVATE ${objects})
  set_target_properties(${library} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" SUFFIX ".so" LINKER_LANGUAGE ${language}
    LIBRARY_OUTPUT_DIRECTORY ${folder}
    # The sidecar holds the hash of the file; installing must not rewrite it.
    BUILD_WITH_INSTALL_RPATH ON)
  set(map ${PATCHBAY_ADAPTER_CMAKE_DIR}/adapter.map)
  target_link_options(${library} PRIVATE
    -Wl,--version-script=${map} -Wl,--exclude-libs,ALL
    -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now)
  set_property(TARGET ${library} APPEND PROPERTY LINK_DEPENDS ${map})
  patchbay_adapter_options(${library} "")

  # The sidecar: read by the host before it opens the library.
  set(schema "")
  if(ARG_SETTINGS_SCHEMA)
    get_filename_component(schema ${ARG_SETTINGS_SCHEMA} ABSOLUTE)
    set_property(TARGET ${library} APPEND PROPERTY LINK_DEPENDS ${schema})
  endif()
  set(values "# Read by PatchbaySidecar.cmake.\n")
  foreach(value CHANNEL VERSION VENDOR LICENCE ALLOWED_HOSTS ABILITIES)
    string(APPEND values "set(${value} [==[${ARG_${value}}]==])\n")
  endforeach()
  string(APPEND values "set(SCHEMA [==[${schema}]==])\nset(HEADER [==[${PATCHBAY_ADAPTER_HEADER}]==])\n")
  set(values_file ${CMAKE_CURRENT_BINARY_DIR}/${name}.sidecar.cmake)
  file(CONFIGURE OUTPUT ${values_file} CONTENT "${values}" @ONLY)
  set(script ${PATCHBAY_ADAPTER_CMAKE_DIR}/PatchbaySidecar.cmake)
  set_property(TARGET ${library} APPEND PROPERTY LINK_DEPENDS ${values_file} ${script})
  add_custom_command(TARGET ${library} POST_BUILD
    COMMAND ${CMAKE_COMMAND} "-DLIBRARY=$<TARGET_FILE:${library}>" "-DVALUES=${values_file}"
      -P ${script}
    BYPRODUCTS ${folder}/${name}.adapter.json
    COMMENT "Writing ${name}.adapter.json" VERBATIM)

  add_test(NAME ${name}_adapter.exports_one_symbol
    COMMAND ${CMAKE_COMMAND} "-DNM=${CMAKE_NM}" "-DLIBRARY=$<TARGET_FILE:${library}>"
      -P ${PATCHBAY_ADAPTER_CMAKE_DIR}/PatchbayCheckExports.cmake)

  if(NOT ARG_TEST_ONLY)
    install(TARGETS ${library} LIBRARY DESTINATION lib/patchbay/plugins COMPONENT plugins)
    # Written anew for the installed file, which may have been stripped.
    install(CODE "
      execute_process(COMMAND \"${CMAKE_COMMAND}\" \"-DVALUES=${values_file}\"
        \"-DLIBRARY=\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/patchbay/plugins/${name}.so\"
        -P \"${script}\" COMMAND_ERROR_IS_FATAL ANY)
      list(APPEND CMAKE_INSTALL_MANIFEST_FILES
        \"\${CMAKE_INSTALL_PREFIX}/lib/patchbay/plugins/${name}.adapter.json\")" COMPONENT plugins)
  endif()
endfunction()

# patchbay_validate(TARGET <name> [CONFIG <settings.json>] [FIXTURES <folder>] [KIND <kind>])
# adds the test <name>_adapter.validate: patchbay-validate on the library that
# patchbay_add_adapter(<name> …) makes. CONFIG holds the settings that an instance needs; FIXTURES are
# recorded payloads, of KIND where they do not lie in a folder that is named after theirs.
function(patchbay_validate)
  cmake_parse_arguments(ARG "" "TARGET;CONFIG;FIXTURES;KIND" "" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT TARGET ${ARG_TARGET}_adapter)
    message(FATAL_ERROR "patchbay_validate() needs TARGET <name>, a name of patchbay_add_adapter(), "
      "and knows CONFIG, FIXTURES and KIND. Not understood: ${ARG_TARGET} ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(TARGET patchbay-validate)
    set(program $<TARGET_FILE:patchbay-validate>)
  else()
    get_filename_component(program ${PATCHBAY_ADAPTER_CMAKE_DIR}/../../../bin/patchbay-validate ABSOLUTE)
    if(NOT EXISTS ${program})
      message(FATAL_ERROR "patchbay_validate() needs ${program}: this Patchbay was built without its "
        "test kit; build it with PATCHBAY_BUILD_TESTKIT=ON")
    endif()
  endif()
  set(arguments "")
  foreach(file CONFIG FIXTURES)
    if(ARG_${file})
      get_filename_component(path ${ARG_${file}} ABSOLUTE)
      string(TOLOWER ${file} option)
      list(APPEND arguments --${option} ${path})
    endif()
  endforeach()
  if(ARG_KIND)
    list(APPEND arguments --kind ${ARG_KIND})
  endif()
  add_test(NAME ${ARG_TARGET}_adapter.validate
    COMMAND ${program} $<TARGET_FILE:${ARG_TARGET}_adapter> ${arguments})
  set_tests_properties(${ARG_TARGET}_adapter.validate PROPERTIES LABELS validate TIMEOUT 600)
endfunction()

# In Patchbay's own tree: its warnings, sanitizers and, for C++, its precompiled header.
function(patchbay_adapter_options target language)
  if(language STREQUAL CXX AND COMMAND patchbay_target_defaults)
    patchbay_target_defaults(${target})
  elseif(TARGET patchbay_options)
    target_link_libraries(${target} PRIVATE patchbay_options)
  endif()
endfunction()

# Where adapter.h is: beside this folder in the source tree, under the prefix when installed.
if(EXISTS ${PATCHBAY_ADAPTER_CMAKE_DIR}/../include/patchbay/adapter.h)
  get_filename_component(PATCHBAY_ADAPTER_HEADER
    ${PATCHBAY_ADAPTER_CMAKE_DIR}/../include/patchbay/adapter.h ABSOLUTE)
else()
  get_filename_component(PATCHBAY_ADAPTER_HEADER
    ${PATCHBAY_ADAPTER_CMAKE_DIR}/../../../include/patchbay/adapter.h ABSOLUTE)
endif()
