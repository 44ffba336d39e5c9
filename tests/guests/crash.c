/* SPDX-License-Identifier: MIT */
/*
 * A guest that ends in the way its command line says, for the tests of crash
 * blocks, on_crash and returned frames. Functions have telling names: the
 * crash block must show them.
 */
#include "rt_net.h"

SCREE_IMAGE(0x40000, 16384);

/* Hidden from the compiler, which would not let us. */
static volatile uintptr_t null_page = 16;

void crash_null(void);
void crash_undefined(void);
void crash_stack(void);
void crash_handler(void);

__attribute__((noinline)) void crash_null(void)
{
    *(volatile uint32_t *)null_page = 1;
}

__attribute__((noinline)) void crash_undefined(void)
{
    __asm__ volatile("ud2");
}

/* A handler exists, but its frame cannot be pushed anywhere. */
__attribute__((noinline)) void crash_stack(void)
{
    rt_traps_on(false);
    __asm__ volatile("mov %0, %%rsp\n\tpush %%rax\n\tud2" : : "r"(0x800ull));
}

/* The handler itself faults: for ever with a fault stack, until the stack is
 * used up without one. */
__attribute__((noinline)) void crash_handler(void)
{
    struct trap_info table[2] = {{.vector = 14, .address = 0x80000}, {0}};

    (void)HYPERVISOR_set_trap_table(table);
    (void)*(volatile uint32_t *)null_page;
}

static void use_memory(void)
{
    uint64_t end = rt_info()->memory_end;

    for (uint64_t a = rt_info()->image_end; a < end; a += SCREE_PAGE_SIZE)
        *(volatile uint8_t *)a = 1;
}

static unsigned use_ports(void)
{
    unsigned n = 0;
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF,
                                     .remote_dom = DOMID_SELF};

    while (HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a) == 0)
        n++;
    return n;
}

static void use_grants(void)
{
    xen_pfn_t frames[SCREE_GRANT_MAX];
    struct gnttab_setup_table s = {.dom = DOMID_SELF,
                                   .nr_frames = SCREE_GRANT_MAX};

    set_xen_guest_handle(s.frame_list, frames);
    (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
}

/* Everything a domain can have made for it. */
static void use_everything(void)
{
    use_memory();
    use_grants();
    (void)HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_CONSOLE, 0);
    (void)net_open();
    (void)HYPERVISOR_set_timer_op(rt_now() + 1000 * RT_SECOND);
    rt_printf("crash: used everything, %u ports\n", use_ports());
}

int guest_main(void)
{
    rt_printf("crash: begin\n");
    if (rt_has_option("everything"))
        use_everything();
    rt_sleep(rt_option("delay", 0) * RT_MS);
    if (rt_has_option("poweroff") || rt_has_option("everything"))
        rt_shutdown(SHUTDOWN_poweroff);
    if (rt_has_option("reboot"))
        rt_shutdown(SHUTDOWN_reboot);
    if (rt_has_option("shutdown"))
        rt_shutdown(SHUTDOWN_crash);
    if (rt_has_option("stack"))
        crash_stack();
    if (rt_has_option("handler"))
        rt_traps_on(false);
    if (rt_has_option("handler") || rt_has_option("endless"))
        crash_handler();
    rt_traps_off();
    if (rt_has_option("undefined"))
        crash_undefined();
    crash_null();
    return 0;
}
