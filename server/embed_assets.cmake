# Writes an assembler file that holds the assets byte for byte, and a table of
# them for assets.c. Run as a script: -DOUTPUT=... -DASSETS=a;b;c
set(text "// Made by embed_assets.cmake.\n    .section .rodata\n")
set(table "")
set(count 0)

function(embed path symbol)
    set(text "${text}    .balign 16\n${symbol}_begin:\n    .incbin \"${path}\"\n${symbol}_end:\n    .byte 0\n" PARENT_SCOPE)
endfunction()

foreach(path ${ASSETS})
    get_filename_component(name ${path} NAME)
    file(SHA256 ${path} hash)
    string(SUBSTRING ${hash} 0 20 hash)
    set(entry "")
    foreach(form plain gz br)
        set(file ${path})
        if(NOT form STREQUAL plain)
            set(file ${path}.${form})
        endif()
        if(EXISTS ${file})
            embed(${file} ms_asset_${count}_${form})
            set(entry "${entry}    .quad ms_asset_${count}_${form}_begin, ms_asset_${count}_${form}_end - ms_asset_${count}_${form}_begin\n")
        else()
            set(entry "${entry}    .quad 0, 0\n")
        endif()
    endforeach()
    set(text "${text}ms_asset_${count}_name: .asciz \"${name}\"\nms_asset_${count}_etag: .asciz \"W/\\\"${hash}\\\"\"\n")
    set(table "${table}    .quad ms_asset_${count}_name, ms_asset_${count}_etag\n${entry}")
    math(EXPR count "${count} + 1")
endforeach()

set(text "${text}
    .section .data.rel.ro, \"aw\"
    .balign 16
    .globl ms_asset_table
    .hidden ms_asset_table
ms_asset_table:
${table}
    .section .rodata
    .balign 8
    .globl ms_asset_count
    .hidden ms_asset_count
ms_asset_count: .quad ${count}
    .section .note.GNU-stack, \"\", @progbits
")
file(WRITE ${OUTPUT} "${text}")
