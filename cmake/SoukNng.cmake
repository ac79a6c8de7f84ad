# nng >= 1.10: 1.5.2 stops reconnecting for good when a peer is killed under load. tests/setup.sh
# puts Debian 13's build of it into the private prefix where the system has none.
#   Souk::nng         static libnng with what it needs
#   Souk::nng_hidden  the same for tests that also link Criterion: libcriterion brings libnanomsg,
#                     whose nn_* names libnng defines too
set(SOUK_DEPS ${CMAKE_SOURCE_DIR}/build/deps CACHE PATH "Where tests/setup.sh puts libraries")
set(prefix ${SOUK_DEPS}/nng/usr)

find_path(SOUK_NNG_INCLUDE nng/nng.h HINTS ${prefix}/include)
find_library(SOUK_NNG_LIB NAMES libnng.a HINTS ${prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE} ${prefix}/lib)
if(NOT SOUK_NNG_INCLUDE OR NOT SOUK_NNG_LIB)
    message(FATAL_ERROR "nng is not there: run `bash tests/setup.sh`")
endif()
file(STRINGS ${SOUK_NNG_INCLUDE}/nng/nng.h lines REGEX "^#define NNG_M[AI][JN]OR_VERSION")
string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
list(JOIN numbers "." SOUK_NNG_VERSION)
if(SOUK_NNG_VERSION VERSION_LESS 1.10)
    message(FATAL_ERROR "nng ${SOUK_NNG_VERSION} is too old (1.10 is needed): run `bash tests/setup.sh`")
endif()

set(parts ${SOUK_NNG_LIB})
foreach(name mbedtls mbedx509 mbedcrypto)
    find_library(SOUK_${name} NAMES lib${name}.a ${name}
                 HINTS ${prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE} ${prefix}/lib REQUIRED)
    list(APPEND parts ${SOUK_${name}})
endforeach()

# Built against a newer glibc than Debian 12's, the archives ask for names that it lacks.
include(CheckFunctionExists)
check_function_exists(__isoc23_strtol SOUK_LIBC_HAS_ISOC23)
if(NOT SOUK_LIBC_HAS_ISOC23)
    add_library(souk_isoc23 STATIC ${CMAKE_SOURCE_DIR}/cmake/compat/isoc23.c)
    list(APPEND parts souk_isoc23)
endif()

add_library(souk_nng INTERFACE)
target_include_directories(souk_nng SYSTEM INTERFACE ${SOUK_NNG_INCLUDE})
target_link_libraries(souk_nng INTERFACE ${parts} Threads::Threads)
add_library(Souk::nng ALIAS souk_nng)
add_library(souk_nng_hidden INTERFACE)
target_link_libraries(souk_nng_hidden INTERFACE souk_nng)
target_link_options(souk_nng_hidden INTERFACE -Wl,--exclude-libs,libnng.a)
add_library(Souk::nng_hidden ALIAS souk_nng_hidden)
