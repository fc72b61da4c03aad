# SPDX-License-Identifier: MIT
#
# Fails if OBJECT needs anything from outside itself, or has data that can be written: no globals.

execute_process(COMMAND ${NM} -u ${OBJECT} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(STRIP "${undefined}" undefined)
string(REGEX REPLACE "[ \n]*U " " " undefined "${undefined}")
if(undefined)
	message(FATAL_ERROR "the core above the waterline needs:${undefined}\n"
		"Take it out, or hand it in as an argument; memcpy and friends are in src/base/freestanding.c.")
endif()
execute_process(COMMAND ${NM} ${OBJECT} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " [bBdDC] [^\n]+" writable "${symbols}")
if(writable)
	message(FATAL_ERROR "the core above the waterline has variables of its own:${writable}\n"
		"An instance holds all of its state; tables are const.")
endif()
message("no undefined symbol and no variable in ${OBJECT}")
