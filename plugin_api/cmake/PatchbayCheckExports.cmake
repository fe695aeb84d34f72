# cmake -DNM=nm -DLIBRARY=x.so -P PatchbayCheckExports.cmake: fails unless the library exports
# patchbay_adapter_v1 and nothing else.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
  OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${output}")
set(others "")
set(found FALSE)
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^.* " "" symbol "${line}")
  if(symbol STREQUAL "patchbay_adapter_v1")
    set(found TRUE)
  else()
    list(APPEND others ${symbol})
  endif()
endforeach()
if(NOT found OR others)
  list(JOIN others " " others)
  message(FATAL_ERROR "${LIBRARY} must export patchbay_adapter_v1 and nothing else. "
    "Found it: ${found}. Others: ${others}")
endif()
