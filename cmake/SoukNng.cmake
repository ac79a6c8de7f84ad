# nng >= 1.10: 1.5.2 stops reconnecting for good when a peer is killed under load. tests/setup.sh
# puts Debian 13's build of it into $SOUK_DEPS/nng where the system has none.
#   Souk::nng         static libnng with what it needs; Souk::nng_hidden is another name of it
#   SOUK_NNG_VERSION  of the API, from nng.h: Debian's 1.10.1 calls itself 1.10.0
# A program does not export their names. Else shared libraries run on them: libcriterion brings
# libnanomsg, whose nn_* libnng defines too, and libgit2, which crashes on an mbed TLS not its own.
set(souk_deps_default ${CMAKE_SOURCE_DIR}/build/deps)
if(DEFINED ENV{SOUK_DEPS})
    get_filename_component(souk_deps_default $ENV{SOUK_DEPS} ABSOLUTE)
endif()
set(SOUK_DEPS ${souk_deps_default} CACHE PATH "Where tests/setup.sh puts libraries")
find_package(Threads REQUIRED)
include(CheckFunctionExists)

block(PROPAGATE SOUK_NNG_VERSION)
    # NO_CACHE: what was refused must not be found again after setup.sh has run.
    find_path(include nng/nng.h HINTS ${SOUK_DEPS}/nng/usr/include NO_CACHE)
    if(NOT include)
        message(FATAL_ERROR "nng is not there: run `bash tests/setup.sh`")
    endif()
    file(STRINGS ${include}/nng/nng.h lines REGEX "^#define NNG_(MAJOR|MINOR|PATCH)_VERSION")
    string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
    list(JOIN numbers "." SOUK_NNG_VERSION)
    if(SOUK_NNG_VERSION VERSION_LESS 1.10)
        message(FATAL_ERROR "nng ${SOUK_NNG_VERSION} in ${include} is too old (1.10 is needed): "
                            "run `bash tests/setup.sh`")
    endif()

    # All from the folder beside that header: Debian 12 has another mbed TLS of its own.
    get_filename_component(root ${include}/.. ABSOLUTE)
    set(archives "")
    foreach(name nng mbedtls mbedx509 mbedcrypto)
        find_library(${name}_archive lib${name}.a NO_CACHE NO_DEFAULT_PATH
                     PATHS ${root}/lib/${CMAKE_LIBRARY_ARCHITECTURE} ${root}/lib)
        if(NOT ${name}_archive)
            message(FATAL_ERROR "lib${name}.a is not in ${root}/lib: run `bash tests/setup.sh`")
        endif()
        list(APPEND archives ${${name}_archive})
    endforeach()

    # Built against a newer glibc than Debian 12's, the archives ask for names that it lacks.
    check_function_exists(__isoc23_strtol SOUK_LIBC_HAS_ISOC23)
    if(NOT SOUK_LIBC_HAS_ISOC23)
        add_library(souk_isoc23 STATIC ${CMAKE_CURRENT_LIST_DIR}/compat/isoc23.c)
        list(APPEND archives souk_isoc23)
    endif()

    add_library(souk_nng INTERFACE)
    target_include_directories(souk_nng SYSTEM INTERFACE ${include})
    target_link_libraries(souk_nng INTERFACE ${archives} Threads::Threads)
    target_link_options(souk_nng INTERFACE
        -Wl,--exclude-libs,libnng.a:libmbedtls.a:libmbedx509.a:libmbedcrypto.a)
    add_library(Souk::nng ALIAS souk_nng)
    add_library(Souk::nng_hidden ALIAS souk_nng)
endblock()
