/* SPDX-License-Identifier: MIT */
/*
 * The console under the hypervisor: console_io, which needs no buffers and
 * no start. A call takes a bounded part and says how much.
 */
#include "serial.h"

#include "scree/hypercall.h"

#define PART_MAX 1024

void serial_write(const char *text, size_t size)
{
    while (size > 0) {
        size_t part = size < PART_MAX ? size : PART_MAX;
        int64_t n =
            HYPERVISOR_console_io(CONSOLEIO_write, (unsigned)part, text);

        if (n < 0)
            return; /* nobody to tell */
        if (n > 0 && (size_t)n < part)
            part = (size_t)n; /* the rest in another call */
        text += part;
        size -= part;
    }
}

size_t serial_read(char *text, size_t size)
{
    unsigned part = (unsigned)(size < PART_MAX ? size : PART_MAX);
    int64_t n = scree_call(__HYPERVISOR_console_io, CONSOLEIO_read, part,
                           (uint64_t)(uintptr_t)text, 0, 0);

    return n > 0 ? (size_t)n : 0;
}
