# cmake -DTREE=… -DPREFIX=… -DPROJECTS=… -P install.cmake: installs the build tree under PREFIX,
# where nothing else is then, and forgets the projects that were built against an earlier one.
file(REMOVE_RECURSE ${PREFIX} ${PROJECTS})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${TREE} --prefix ${PREFIX}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
