# SPDX-License-Identifier: MIT
#
# One libFuzzer program per fuzz/*_fuzz.c: build-fuzz/fuzz/<name>. `make fuzz T=<name> TIME=60` runs one.

if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
	message(FATAL_ERROR "AKSU_FUZZ needs clang: cmake --preset fuzz")
endif()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.c)
foreach(source IN LISTS sources)
	get_filename_component(name ${source} NAME)
	string(REGEX REPLACE "_fuzz\\.c$" "" name ${name})
	add_executable(fuzz_${name} ${source})
	target_link_libraries(fuzz_${name} PRIVATE aksu_all)
	target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
	target_compile_definitions(fuzz_${name} PRIVATE _GNU_SOURCE)
	target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endforeach()
