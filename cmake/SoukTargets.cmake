# How targets are declared: one call each, with the folders' rule (imports point downwards) left to
# DEPENDS.
include_directories(${CMAKE_SOURCE_DIR})

# souk_library(NAME souk_base SOURCES a.c b.c DEPENDS souk_x PUBLIC_LIB Foo::Foo)
function(souk_library)
    cmake_parse_arguments(A "" "NAME" "SOURCES;DEPENDS" ${ARGN})
    add_library(${A_NAME} STATIC ${A_SOURCES})
    target_link_libraries(${A_NAME} PUBLIC ${A_DEPENDS} m)
endfunction()

# souk_program(NAME souk-ingest SOURCES main.c DEPENDS souk_ingest): lands in bin/, is installed.
function(souk_program)
    cmake_parse_arguments(A "" "NAME" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${A_NAME} ${A_SOURCES})
    target_link_libraries(${A_NAME} PRIVATE ${A_DEPENDS} souk_version)
    install(TARGETS ${A_NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# Not installed: bench_<subject>.
function(souk_benchmark)
    cmake_parse_arguments(A "" "NAME" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${A_NAME} ${A_SOURCES})
    target_link_libraries(${A_NAME} PRIVATE ${A_DEPENDS} souk_version)
endfunction()

set(SOUK_TEST_ENVIRONMENT
    "SOUK_BIN=${CMAKE_BINARY_DIR}/bin"
    "SOUK_REFERENCE_DATA=${CMAKE_SOURCE_DIR}/../shared/data"
    "OMPI_ALLOW_RUN_AS_ROOT=1"
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
    "OMPI_MCA_rmaps_base_oversubscribe=1"
    "OMPI_MCA_mpi_yield_when_idle=1"
    "OMPI_MCA_btl_vader_single_copy_mechanism=none"
    "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0"
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
    "TSAN_OPTIONS=halt_on_error=1:atexit_sleep_ms=0:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp"
    "UBSAN_OPTIONS=print_stacktrace=1")

if(SOUK_SANITIZE)
    list(APPEND SOUK_TEST_ENVIRONMENT "SOUK_SLOWDOWN=8")
endif()

function(souk_test_properties name processors timeout labels)
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${timeout} PROCESSORS ${processors} LABELS "${labels}"
        SKIP_RETURN_CODE 77 ENVIRONMENT "${SOUK_TEST_ENVIRONMENT}")
endfunction()

# A Criterion test: tests/unit/test_<module>.c -> ctest unit.<module>. tests/unit/run_unit.sh fails
# it where nothing ran and where a sanitizer complained without failing it. WITH another.sh: which
# calls run_unit.sh when it has prepared what the test needs.
function(souk_unit_test)
    cmake_parse_arguments(A "" "NAME;TIMEOUT;WITH" "SOURCES;DEPENDS" ${ARGN})
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 60)
    endif()
    if(NOT A_WITH)
        set(A_WITH run_unit.sh)
    endif()
    add_executable(test_${A_NAME} ${A_SOURCES})
    target_link_libraries(test_${A_NAME} PRIVATE ${A_DEPENDS} PkgConfig::CRITERION)
    add_test(NAME unit.${A_NAME} COMMAND bash ${CMAKE_SOURCE_DIR}/tests/unit/${A_WITH}
             $<TARGET_FILE:test_${A_NAME}>)
    souk_test_properties(unit.${A_NAME} 1 ${A_TIMEOUT} unit)
endfunction()

# A plain MPI program that reduces its failures over the ranks: ctest mpi.<name>.n<ranks>.
function(souk_mpi_test)
    cmake_parse_arguments(A "" "NAME;TIMEOUT" "SOURCES;DEPENDS;RANKS" ${ARGN})
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 120)
    endif()
    if(NOT A_RANKS)
        set(A_RANKS 1 2 3 5)
    endif()
    add_executable(mpi_${A_NAME} ${A_SOURCES})
    target_link_libraries(mpi_${A_NAME} PRIVATE ${A_DEPENDS})
    foreach(ranks ${A_RANKS})
        add_test(NAME mpi.${A_NAME}.n${ranks}
                 COMMAND ${MPIEXEC_EXECUTABLE} -n ${ranks} $<TARGET_FILE:mpi_${A_NAME}>)
        souk_test_properties(mpi.${A_NAME}.n${ranks} 2 ${A_TIMEOUT} mpi)
        # Open MPI's plug-ins leak and are unloaded before the report: no suppression can name them.
        set_property(TEST mpi.${A_NAME}.n${ranks} APPEND PROPERTY ENVIRONMENT
                     OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0)
    endforeach()
endfunction()

# A script over the built programs: ctest <label>.<name>; exit code 77 means skipped, with the reason.
function(souk_script_test)
    cmake_parse_arguments(A "" "NAME;SCRIPT;LABEL;TIMEOUT;PROCESSORS" "ARGS" ${ARGN})
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 120)
    endif()
    if(NOT A_PROCESSORS)
        set(A_PROCESSORS 2)
    endif()
    add_test(NAME ${A_LABEL}.${A_NAME} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/${A_SCRIPT} ${A_ARGS})
    souk_test_properties(${A_LABEL}.${A_NAME} ${A_PROCESSORS} ${A_TIMEOUT} ${A_LABEL})
endfunction()
