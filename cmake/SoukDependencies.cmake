# Every library that Souk links, found once. docs/dependencies.md says why each is here.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(OpenMP COMPONENTS C) # optional: everything is right without it

# The serial HDF5 by name: plain `hdf5` means the MPI build, which is not thread-safe, and only one
# of the two may be in a process.
pkg_check_modules(HDF5_SERIAL REQUIRED IMPORTED_TARGET hdf5-serial)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls) # what libmicrohttpd does TLS with
find_package(ZLIB REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

find_library(SOUK_INIH inih REQUIRED)
find_library(SOUK_MSGPACK NAMES msgpack-c msgpackc REQUIRED)
find_library(SOUK_OPENBLAS openblas REQUIRED)
find_path(SOUK_OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas-openmp REQUIRED
          HINTS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})

add_library(souk_openblas INTERFACE)
target_link_libraries(souk_openblas INTERFACE ${SOUK_OPENBLAS})
target_include_directories(souk_openblas SYSTEM INTERFACE ${SOUK_OPENBLAS_INCLUDE})

# Neither CMake nor pkg-config of Debian's ScaLAPACK works; and it ships no headers.
find_library(SOUK_SCALAPACK scalapack-openmpi REQUIRED)
find_library(SOUK_LAPACKE lapacke REQUIRED)
add_library(souk_scalapack INTERFACE)
target_link_libraries(souk_scalapack INTERFACE ${SOUK_SCALAPACK} ${SOUK_LAPACKE} souk_openblas)

include(SoukNng)
if(BUILD_TESTING)
    pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
endif()
