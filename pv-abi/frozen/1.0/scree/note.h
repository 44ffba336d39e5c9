/* SPDX-License-Identifier: MIT */
/*
 * The scree note: what makes a static ELF64 a flat guest image. It stands in
 * a PT_NOTE segment with the name "scree" (6 bytes with the final 0) and this
 * type. Read by the bundle tool; the hypervisor never sees ELF.
 */
#ifndef SCREE_NOTE_H
#define SCREE_NOTE_H

#include <stdint.h>

#define SCREE_NOTE_NAME "scree"
#define SCREE_NOTE_TYPE 1

struct scree_note {
    uint32_t abi_major;   /* must equal the hypervisor's */
    uint32_t abi_minor;   /* least minor version needed */
    uint64_t min_memory;  /* bytes of RAM from SCREE_IMAGE_BASE */
    uint64_t stack_bytes; /* kept free for the first stack */
};

/* Defines the note of this program; use once, at file scope. */
#define SCREE_IMAGE(min_memory_, stack_bytes_)                                 \
    __attribute__((section(".note.scree"), used, aligned(4)))                  \
    const struct __attribute__((packed)) {                                     \
        uint32_t name_size, desc_size, type;                                   \
        char name[8];                                                          \
        struct scree_note note;                                                \
    } scree_image_note = {6,                                                   \
                          sizeof(struct scree_note),                           \
                          SCREE_NOTE_TYPE,                                     \
                          SCREE_NOTE_NAME,                                     \
                          {1, 0, (min_memory_), (stack_bytes_)}}

#endif
