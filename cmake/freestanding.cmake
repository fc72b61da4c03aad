# SPDX-License-Identifier: MIT
#
# The waterline, proved by a linker: everything above it, without a libc.
#
#   native: one relocatable object that may have no undefined symbol and no variable
#   wasm32: one module that may have no import (no libc headers are found either)

if(NOT CORE_SRC)
	return()
endif()

target_compile_options(aksu_core PRIVATE -ffreestanding -fbuiltin -fno-stack-protector)

find_package(Python3 REQUIRED COMPONENTS Interpreter)

if(CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
	add_executable(aksu_wasm $<TARGET_OBJECTS:aksu_core>)
	set_target_properties(aksu_wasm PROPERTIES OUTPUT_NAME aksu SUFFIX .wasm LINKER_LANGUAGE C)
	target_link_options(aksu_wasm PRIVATE -nostdlib -Wl,--no-entry -Wl,--export-all)
	add_test(NAME waterline/wasm32
		COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tools/wasm-imports $<TARGET_FILE:aksu_wasm>)
else()
	# Without PIC, const tables of pointers lie in .rodata; what is in .data then is a variable.
	target_compile_options(aksu_core PRIVATE -fno-pic -fno-pie)
	# -r leaves undefined symbols for the check to name, all of them at once.
	add_executable(aksu_freestanding $<TARGET_OBJECTS:aksu_core>)
	set_target_properties(aksu_freestanding PROPERTIES OUTPUT_NAME aksu SUFFIX .o LINKER_LANGUAGE C)
	target_link_options(aksu_freestanding PRIVATE -r -nostdlib -no-pie)
	add_test(NAME waterline/undefined COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM}
		-DOBJECT=$<TARGET_FILE:aksu_freestanding> -P ${PROJECT_SOURCE_DIR}/cmake/undefined.cmake)
endif()
