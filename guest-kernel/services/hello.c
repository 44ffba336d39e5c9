/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest: no library, no network. It greets with its own name and
 * id and sleeps for ever. docs/porting.md builds it step by step.
 */
#include "scree/hypercall.h"
#include "scree/info.h"
#include "scree/note.h"

SCREE_IMAGE(64 * 1024, 4096);

static void print(const char *text)
{
    unsigned size = 0;

    while (text[size])
        size++;
    HYPERVISOR_console_io(CONSOLEIO_write, size, text);
}

static void print_number(uint32_t value)
{
    char digit[2] = {(char)('0' + value % 10), '\0'};

    if (value >= 10)
        print_number(value / 10);
    print(digit);
}

/* The first instruction: rsp is the end of memory, nothing lies above it. */
__attribute__((force_align_arg_pointer)) void _start(void);
void _start(void)
{
    const struct scree_info *info = (const void *)SCREE_INFO_PAGE;

    print("hello, I am ");
    print(info->name);
    print(", domain ");
    print_number(info->domain);
    print("\n");
    for (;;)
        HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
}
