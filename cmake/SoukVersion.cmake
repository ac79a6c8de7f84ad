# souk_version.h, written again at build time when HEAD or the work tree's state has changed.
set(SOUK_VERSION_HEADER ${CMAKE_BINARY_DIR}/generated/souk_version.h)
set(write_version ${CMAKE_COMMAND}
    -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${SOUK_VERSION_HEADER}
    -P ${CMAKE_SOURCE_DIR}/cmake/WriteVersion.cmake)
execute_process(COMMAND ${write_version})
add_custom_target(souk_version_header COMMAND ${write_version} BYPRODUCTS ${SOUK_VERSION_HEADER}
                  COMMENT "")
add_library(souk_version INTERFACE)
target_include_directories(souk_version INTERFACE ${CMAKE_BINARY_DIR}/generated)
add_dependencies(souk_version souk_version_header)
