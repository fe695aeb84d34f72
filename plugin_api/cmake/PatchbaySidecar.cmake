# Writes x.adapter.json beside x.so. patchbay_add_adapter() gives its arguments in a file:
#   cmake -DLIBRARY=x.so -DVALUES=file -P PatchbaySidecar.cmake
# Who builds without CMake names them (pkg-config --variable=sidecar patchbay is this script):
#   cmake -DLIBRARY=x.so -DCHANNEL=x -DVERSION=1.0 -DVENDOR=me -DLICENCE=MIT [-DSCHEMA=file.json]
#     [-DALLOWED_HOSTS=host;host] [-DABILITIES=id;id] -P PatchbaySidecar.cmake
cmake_minimum_required(VERSION 3.25)
if(VALUES)
  include(${VALUES})
endif()
foreach(needed LIBRARY CHANNEL VERSION VENDOR LICENCE)
  if("${${needed}}" STREQUAL "")
    message(FATAL_ERROR "PatchbaySidecar.cmake needs -D${needed}=…")
  endif()
endforeach()
if(NOT HEADER)
  set(HEADER ${CMAKE_CURRENT_LIST_DIR}/../../../include/patchbay/adapter.h)
endif()

function(json_string out text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

function(json_array out)
  set(items "")
  foreach(item IN LISTS ARGN)
    json_string(item "${item}")
    list(APPEND items "${item}")
  endforeach()
  list(JOIN items ", " items)
  set(${out} "[${items}]" PARENT_SCOPE)
endfunction()

foreach(number MAJOR MINOR DRAFT)
  file(STRINGS ${HEADER} line REGEX "^#define PBAY_ABI_${number} ")
  string(REGEX MATCH "([0-9]+)u" matched "${line}")
  set(abi_${number} ${CMAKE_MATCH_1})
endforeach()
set(settings "")
if(SCHEMA)
  file(READ ${SCHEMA} schema)
  string(JSON type ERROR_VARIABLE problem TYPE "${schema}")
  if(NOT type STREQUAL "OBJECT")
    message(FATAL_ERROR "${SCHEMA} is not a JSON object: ${problem}")
  endif()
  string(STRIP "${schema}" schema)
  set(settings ",\n  \"settings\": ${schema}")
endif()
file(SHA256 ${LIBRARY} sha256)
foreach(text CHANNEL VERSION VENDOR LICENCE)
  json_string(${text} "${${text}}")
endforeach()
json_array(hosts ${ALLOWED_HOSTS})
json_array(abilities ${ABILITIES})
string(REGEX REPLACE "\\.so$" ".adapter.json" sidecar "${LIBRARY}")
file(WRITE ${sidecar} "{
  \"format\": 1,
  \"id\": ${CHANNEL},
  \"version\": ${VERSION},
  \"vendor\": ${VENDOR},
  \"licence\": ${LICENCE},
  \"abi\": {\"major\": ${abi_MAJOR}, \"minor\": ${abi_MINOR}, \"draft\": ${abi_DRAFT}},
  \"sha256\": \"${sha256}\",
  \"abilities\": ${abilities},
  \"allowed_hosts\": ${hosts}${settings}
}
")
