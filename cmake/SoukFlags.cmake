# Compiler flags of every target.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
if(SOUK_SANITIZE OR SOUK_FUZZ)
    set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
endif()
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

option(SOUK_NATIVE "Tune for the machine that builds (kernels choose their instruction set anyway)" OFF)
option(SOUK_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
set(SOUK_SANITIZE "" CACHE STRING "Sanitizers, e.g. address;undefined or thread")

add_compile_definitions(_GNU_SOURCE)
# A score's bits must not depend on where the compiler sees a chance to fuse: kernels opt in.
add_compile_options(-ffp-contract=off -fno-math-errno)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
                    -Wwrite-strings -Werror=implicit-function-declaration)

if(SOUK_NATIVE)
    add_compile_options(-march=native)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SOUK_SANITIZE AND NOT SOUK_FUZZ)
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    add_link_options(-Wl,-z,relro,-z,now)
endif()
if(SOUK_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(SOUK_SANITIZE)
    list(JOIN SOUK_SANITIZE "," sanitizers)
    add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=undefined
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${sanitizers})
endif()
