/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest: no library, no network. It greets with its own name and
 * id and sleeps until it is asked to end. docs/porting.md builds one like it
 * step by step.
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

/* Every event but a request to end is taken and forgotten. The request is
 * there before its event is. */
static void sleep_until_asked(const struct scree_info *info)
{
    struct shared_info *s = (struct shared_info *)SCREE_SHARED_PAGE;

    while (__atomic_load_n(&info->shutdown, __ATOMIC_SEQ_CST) == 0) {
        HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
        __atomic_store_n(&s->vcpu_info[0].evtchn_upcall_pending, 0,
                         __ATOMIC_SEQ_CST);
        __atomic_store_n(&s->vcpu_info[0].evtchn_pending_sel, 0,
                         __ATOMIC_SEQ_CST);
        __atomic_store_n(&s->evtchn_pending[0], 0, __ATOMIC_SEQ_CST);
    }
}

/* The first instruction: rsp is the end of memory, nothing lies above it. */
__attribute__((force_align_arg_pointer)) void _start(void);
void _start(void)
{
    const struct scree_info *info = (const void *)SCREE_INFO_PAGE;
    struct sched_shutdown end;

    print("hello, I am ");
    print(info->name);
    print(", domain ");
    print_number(info->domain);
    print("\n");
    sleep_until_asked(info);
    end.reason = SCREE_SHUTDOWN(info->shutdown - 1, 0);
    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_shutdown, &end);
}
