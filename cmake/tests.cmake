# SPDX-License-Identifier: MIT
#
# Everything that `ctest` runs in a hosted build.
#
# Names: src/tcp/rtt_test.c is "tcp/rtt" with label "tcp"; tests/world_test.c is "tests/world";
# tests/script/rfc9293/must_10.seg is "script/rfc9293/must_10". So `make test T=must_10` finds it.

find_library(CMOCKA_LIB cmocka)
find_path(CMOCKA_INCLUDE cmocka.h)

add_library(aksu_cmocka INTERFACE)
if(CMOCKA_LIB AND CMOCKA_INCLUDE AND NOT AKSU_M32)
	target_link_libraries(aksu_cmocka INTERFACE ${CMOCKA_LIB})
	target_include_directories(aksu_cmocka SYSTEM INTERFACE ${CMOCKA_INCLUDE})
else()
	# For targets that Debian has no cmocka for: the part of it that we use, in one header.
	message(STATUS "no cmocka for this target: tests/minimal/cmocka.h stands in")
	target_include_directories(aksu_cmocka BEFORE INTERFACE ${PROJECT_SOURCE_DIR}/tests/minimal)
endif()

set(TEST_ENVIRONMENT
	"AKSU=${PROJECT_BINARY_DIR}/aksu"
	"AKSU_SOURCE=${PROJECT_SOURCE_DIR}"
	"AKSU_BUILD=${PROJECT_BINARY_DIR}"
	"UBSAN_OPTIONS=print_stacktrace=1")

# Helpers of the tests, if there are any.
file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
if(support)
	add_library(aksu_test_support STATIC ${support})
	target_link_libraries(aksu_test_support PUBLIC aksu_all aksu_cmocka)
	target_include_directories(aksu_test_support PUBLIC ${PROJECT_SOURCE_DIR}/tests)
	target_compile_definitions(aksu_test_support PRIVATE _GNU_SOURCE)
endif()

function(aksu_test_program target source)
	add_executable(${target} ${source})
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE AKSU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
	target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
	if(TARGET aksu_test_support)
		target_link_libraries(${target} PRIVATE aksu_test_support)
	endif()
	if(TARGET aksu_cli_parts)
		target_link_libraries(${target} PRIVATE aksu_cli_parts)
	endif()
	target_link_libraries(${target} PRIVATE aksu_all aksu_cmocka)
endfunction()

function(aksu_register name label)
	set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 120 SKIP_RETURN_CODE 77
		ENVIRONMENT "${TEST_ENVIRONMENT}")
endfunction()

# Unit tests beside the code.
foreach(source IN LISTS CORE_TESTS PORT_TESTS CLI_TESTS)
	file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/src ${source})
	string(REGEX REPLACE "_test\\.c$" "" name ${name})
	string(REGEX REPLACE "/.*" "" room ${name})
	string(REPLACE "/" "_" target test_${name})
	aksu_test_program(${target} ${source})
	add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	aksu_register(${name} ${room})
endforeach()

# Tests across rooms.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.c)
foreach(source IN LISTS sources)
	get_filename_component(name ${source} NAME)
	string(REGEX REPLACE "_test\\.c$" "" name ${name})
	aksu_test_program(test_tests_${name} ${source})
	add_test(NAME tests/${name} COMMAND test_tests_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	aksu_register(tests/${name} tests)
endforeach()

# Packet scripts: the runner gets one file per run.
set(runner ${PROJECT_SOURCE_DIR}/tests/script_runner.c)
if(EXISTS ${runner})
	aksu_test_program(script_runner ${runner})
	file(GLOB_RECURSE scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/script/*.seg)
	foreach(script IN LISTS scripts)
		file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/tests ${script})
		string(REGEX REPLACE "\\.seg$" "" name ${name})
		add_test(NAME ${name} COMMAND script_runner ${script} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
		aksu_register(${name} script)
	endforeach()
endif()

# A short campaign over the default swarm; `make campaign` is the long one.
if(TARGET aksu_cli)
	if(AKSU_SANITIZE)
		set(worlds 1..60)
	else()
		set(worlds 1..2000)
	endif()
	add_test(NAME sim/campaign COMMAND aksu_cli sim --seeds ${worlds} --check=each)
	aksu_register(sim/campaign sim)
endif()

# Scripts against real devices and real peers, and tests of tools written in Python.
file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/interop/*.sh)
foreach(script IN LISTS scripts)
	get_filename_component(name ${script} NAME_WE)
	add_test(NAME interop/${name} COMMAND ${script} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	aksu_register(interop/${name} interop)
	set_tests_properties(interop/${name} PROPERTIES RESOURCE_LOCK network)
endforeach()

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
	file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.py
		${PROJECT_SOURCE_DIR}/tests/tools/*_test.py)
	foreach(script IN LISTS scripts)
		get_filename_component(name ${script} NAME)
		string(REGEX REPLACE "_test\\.py$" "" name ${name})
		add_test(NAME tools/${name} COMMAND ${Python3_EXECUTABLE} -B ${script}
			WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
		aksu_register(tools/${name} tools)
	endforeach()
	if(EXISTS ${PROJECT_SOURCE_DIR}/tools/tidy)
		add_test(NAME tidy COMMAND ${Python3_EXECUTABLE} -B tools/tidy
			WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
		aksu_register(tidy tools)
	endif()
endif()

# The public headers are clean C++ too.
find_program(CXX_FOR_HEADERS NAMES clang++ clang++-14 g++)
if(CXX_FOR_HEADERS AND NOT AKSU_M32)
	foreach(header IN LISTS PUBLIC_HEADERS)
		get_filename_component(name ${header} NAME_WE)
		add_test(NAME headers/${name}_cxx COMMAND ${CXX_FOR_HEADERS} -x c++ -std=c++14 -Wall -Wextra -Werror
			-fsyntax-only -I${PROJECT_SOURCE_DIR}/include -include ${header} /dev/null)
		aksu_register(headers/${name}_cxx headers)
	endforeach()
endif()

# The corpus of every fuzz target, replayed by a plain main().
set(replay ${PROJECT_SOURCE_DIR}/fuzz/support/replay.c)
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.c)
foreach(source IN LISTS sources)
	get_filename_component(name ${source} NAME)
	string(REGEX REPLACE "_fuzz\\.c$" "" name ${name})
	aksu_test_program(replay_${name} ${source})
	target_sources(replay_${name} PRIVATE ${replay})
	add_test(NAME fuzz/${name} COMMAND replay_${name} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}
		WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	aksu_register(fuzz/${name} fuzz)
endforeach()

# aksu under packetdrill (docs/packetdrill.md): an object for that tool to load, which exports
# nothing but what the tool looks for. The library's own objects go into it, so they must be able to
# move.
if(NOT AKSU_M32 AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
	file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/packetdrill/*.c)
	list(FILTER sources EXCLUDE REGEX "_test\\.c$")
	set(exported ${PROJECT_SOURCE_DIR}/tests/packetdrill/exported.map)
	add_library(packetdrill-aksu MODULE ${sources})
	set_target_properties(packetdrill-aksu PROPERTIES PREFIX "" LINK_DEPENDS ${exported}
		LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
	target_compile_definitions(packetdrill-aksu PRIVATE _GNU_SOURCE)
	target_link_options(packetdrill-aksu PRIVATE -Wl,--version-script=${exported})
	target_link_libraries(packetdrill-aksu PRIVATE aksu_all)

	aksu_test_program(test_packetdrill_loader ${PROJECT_SOURCE_DIR}/tests/packetdrill/loader_test.c)
	target_sources(test_packetdrill_loader PRIVATE ${PROJECT_SOURCE_DIR}/tests/packetdrill/packet.c)
	target_link_libraries(test_packetdrill_loader PRIVATE ${CMAKE_DL_LIBS} Threads::Threads)
	add_dependencies(test_packetdrill_loader packetdrill-aksu)
	add_test(NAME packetdrill/loader COMMAND test_packetdrill_loader)
	aksu_register(packetdrill/loader packetdrill)
	if(NOT AKSU_SANITIZE)
		set_property(TEST packetdrill/loader APPEND PROPERTY
			ENVIRONMENT "LD_PRELOAD=$<TARGET_FILE:packetdrill-aksu>")
	endif()
endif()
