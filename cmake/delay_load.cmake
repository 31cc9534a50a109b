# Writes an assembler file with a stub for each function of some libraries that
# an archive calls: a jump through a slot that is filled when the libraries are
# loaded (cli/delayed.c). Linked before them, the stubs keep the loader from
# loading them at the start. Run as a script: -DOUTPUT=... -DARCHIVE=...
# -DLIBRARIES=a.so;b.so -DNM=... -DREADELF=... -DPROCESSOR=...
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} --undefined-only --format=just-symbols ${ARCHIVE}
    OUTPUT_VARIABLE wanted COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[A-Za-z_][A-Za-z0-9_]*" wanted "${wanted}")
list(REMOVE_DUPLICATES wanted)
list(SORT wanted)

set(sonames "")
set(offered "")
foreach(library ${LIBRARIES})
    execute_process(COMMAND ${READELF} --dynamic --wide ${library}
        OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    if(NOT dynamic MATCHES "SONAME[^[]*\\[([^]]+)\\]")
        message(FATAL_ERROR "${library} has no name of its own")
    endif()
    set(sonames "${sonames}    .asciz \"${CMAKE_MATCH_1}\"\n")
    execute_process(COMMAND ${NM} --dynamic --defined-only --format=just-symbols
            ${library}
        OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "@[^\n]*" "" names "${names}")
    string(REPLACE "\n" ";" names "${names}")
    list(APPEND offered ${names})
endforeach()

set(stubs "")
set(names "")
set(count 0)
foreach(name ${wanted})
    if(NOT name IN_LIST offered)
        continue()
    endif()
    math(EXPR place "8 * ${count}")
    set(stubs "${stubs}    .globl ${name}\n    .hidden ${name}\n    .type ${name}, @function\n${name}:\n")
    if(PROCESSOR MATCHES "aarch64|arm64")
        set(stubs "${stubs}    adrp x16, ms_delayed_slots + ${place}\n    ldr x16, [x16, #:lo12:(ms_delayed_slots + ${place})]\n    br x16\n")
    else()
        set(stubs "${stubs}    endbr64\n    jmp *ms_delayed_slots + ${place}(%rip)\n")
    endif()
    set(names "${names}    .asciz \"${name}\"\n")
    math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
    message(FATAL_ERROR "${ARCHIVE} calls nothing of ${LIBRARIES}")
endif()

file(WRITE ${OUTPUT} "// Made by delay_load.cmake.
    .text
${stubs}
    .section .rodata
    .globl ms_delayed_libraries, ms_delayed_names
    .hidden ms_delayed_libraries, ms_delayed_names
ms_delayed_libraries:
${sonames}    .byte 0
ms_delayed_names:
${names}    .byte 0
    .bss
    .balign 8
    .globl ms_delayed_slots
    .hidden ms_delayed_slots
ms_delayed_slots: .skip 8 * ${count}
    .section .note.GNU-stack, \"\", @progbits
")
