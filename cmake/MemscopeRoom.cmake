# memscope_room(NAME SOURCES file... [USES room...] [LIBRARIES target...])
#
# One room of the house: a static library ms_NAME, position independent so
# that it can end up in the shared objects, its public headers under
# NAME/include/. USES is PRIVATE: what a room uses is not handed on, so that a
# header reached against the arrows is simply not found.

set(MEMSCOPE_SANITIZER "" CACHE STRING "address,undefined or thread")

add_library(ms_flags INTERFACE)
target_compile_features(ms_flags INTERFACE c_std_11)
target_compile_definitions(ms_flags INTERFACE
    _GNU_SOURCE MEMSCOPE_VERSION="${PROJECT_VERSION}")
target_compile_options(ms_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Werror -fvisibility=hidden
    -fno-omit-frame-pointer)
if(MEMSCOPE_SANITIZER)
    target_compile_options(ms_flags INTERFACE
        -fsanitize=${MEMSCOPE_SANITIZER} -fno-sanitize-recover=all)
    target_link_options(ms_flags INTERFACE -fsanitize=${MEMSCOPE_SANITIZER})
    if(MEMSCOPE_FUZZ)
        target_compile_options(ms_flags INTERFACE -fsanitize=fuzzer-no-link)
    endif()
    # Its shadow memory leaves too little room for the whole live index.
    if(MEMSCOPE_SANITIZER MATCHES thread)
        target_compile_definitions(ms_flags INTERFACE MS_ADDRESS_BITS=36u)
        # A copy that the compiler writes out itself is not seen by it.
        target_compile_options(ms_flags INTERFACE
            -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset)
    endif()
endif()

function(memscope_room name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
    add_library(ms_${name} STATIC ${ARG_SOURCES})
    set_target_properties(ms_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(ms_${name}
        PUBLIC ${PROJECT_SOURCE_DIR}/${name}/include
        PRIVATE ${PROJECT_SOURCE_DIR}/${name})
    target_link_libraries(ms_${name} PRIVATE ms_flags)
    foreach(room ${ARG_USES})
        target_link_libraries(ms_${name} PRIVATE ms_${room})
    endforeach()
    if(ARG_LIBRARIES)
        target_link_libraries(ms_${name} PRIVATE ${ARG_LIBRARIES})
    endif()
endfunction()
