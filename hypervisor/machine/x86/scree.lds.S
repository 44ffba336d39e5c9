/* SPDX-License-Identifier: MIT */
/*
 * The image: the boot part at its physical address, all else at IMAGE_BASE
 * plus its physical address. Text, read-only data and data have pages of
 * their own. The symbol table stands last among the read-only data, so that
 * filling it (the second link) moves no function.
 */
#include "machine/x86/layout.h"

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(pvh_start)

PHDRS
{
    boot PT_LOAD FLAGS(7);
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = IMAGE_PHYSICAL;
    .boot : { KEEP(*(.boot)) } :boot
    .boot.bss (NOLOAD) : { *(.boot.bss) } :boot
    . = ALIGN(4096) + IMAGE_BASE;

    image_text = .;
    .text : AT(ADDR(.text) - IMAGE_BASE) { *(.text .text.*) } :text
    . = ALIGN(4096);
    image_rodata = .;
    .rodata : AT(ADDR(.rodata) - IMAGE_BASE) {
        KEEP(*(.hypercall_page))
        *(.rodata .rodata.*)
        KEEP(*(.symbols))
    } :rodata
    .note.pvh : AT(ADDR(.note.pvh) - IMAGE_BASE) {
        KEEP(*(.note.pvh))
    } :rodata :note
    . = ALIGN(4096);
    image_data = .;
    .data : AT(ADDR(.data) - IMAGE_BASE) { *(.data .data.*) } :data
    .bss : AT(ADDR(.bss) - IMAGE_BASE) { *(.bss .bss.* COMMON) } :data
    . = ALIGN(4096);
    image_limit = .;

    /DISCARD/ : { *(.comment) *(.eh_frame) *(.note.GNU-stack) *(.note.gnu.*) }
}
