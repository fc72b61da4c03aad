# SPDX-License-Identifier: MIT
#
# Fails if OBJECT needs anything from outside itself.

execute_process(COMMAND ${NM} -u ${OBJECT} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(STRIP "${undefined}" undefined)
string(REGEX REPLACE "[ \n]*U " " " undefined "${undefined}")
if(undefined)
	message(FATAL_ERROR "the core above the waterline needs:${undefined}\n"
		"Take it out, or hand it in as an argument; memcpy and friends are in src/base/freestanding.c.")
endif()
message("no undefined symbol in ${OBJECT}")
