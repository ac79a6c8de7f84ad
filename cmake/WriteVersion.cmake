# cmake -DSOURCE=... -DVERSION=... -DOUTPUT=... -P WriteVersion.cmake
# A tree unpacked inside another project's checkout must not take that project's commit: at the top
# of its own checkout, the prefix is empty.
set(hash "")
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-prefix OUTPUT_VARIABLE inside
                OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
if(NOT failed AND inside STREQUAL "")
    execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                    OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed
                    ERROR_QUIET)
endif()
if(failed OR hash STREQUAL "")
    set(hash "unknown")
endif()
set(text "#define SOUK_VERSION \"${VERSION}\"\n#define SOUK_GIT_HASH \"${hash}\"\n")
set(old "")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUTPUT} "${text}")
endif()
