/* SPDX-License-Identifier: MIT */
/*
 * Conformance: what is left over: reserved fields (chapter 22), the life of a
 * domain (chapter 20) as far as it shows from inside, limits (chapter 21).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static bool zero(const volatile void *from, size_t n)
{
    const volatile uint8_t *b = from;

    for (size_t i = 0; i < n; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static void reserved(void)
{
    const volatile struct scree_clock *c =
        (const volatile struct scree_clock *)SCREE_CLOCK_PAGE;
    volatile struct shared_info *s = rt_shared();

    tap_ok(zero(c + 1, SCREE_PAGE_SIZE - sizeof(*c)),
           "ABI-RSV-01 the rest of the clock page");
    tap_ok(
        zero(&s->vcpu_info[1], sizeof(s->vcpu_info) - sizeof(s->vcpu_info[0])),
        "ABI-RSV-02 the other vcpus");
    tap_ok(zero(&s->vcpu_info[0].time, sizeof(s->vcpu_info[0].time)),
           "ABI-RSV-02 vcpu_info[0].time");
    tap_ok(zero(&s->arch, sizeof(s->arch)), "ABI-RSV-02 arch");
    tap_ok(s->wc_version == 0 && s->wc_sec == 0 && s->wc_nsec == 0,
           "ABI-RSV-02 wall clock");
}

/* Padding of a struct that the guest passes. */
static void passed(void)
{
    struct {
        struct callback_register r;
        uint64_t after;
    } arg;

    memset(&arg, 0xff, sizeof(arg));
    arg.r.type = CALLBACKTYPE_event;
    arg.r.flags = 0;
    arg.r.address = (unsigned long)rt_upcall_entry;
    tap_is(HYPERVISOR_callback_op(CALLBACKOP_register, &arg), 0,
           "ABI-RSV-03 padding is ignored");
}

static void limits(void)
{
    tap_is(SCREE_INFO_PAGE, 0x2000, "ABI-LIM-10 fixed pages");
    tap_is(SCREE_PORT_DYNAMIC, 16, "ABI-LIM-10 static ports");
    tap_ok(sizeof(rt_info()->name) == 32 && sizeof(rt_info()->cmdline) == 512,
           "ABI-LIM-07 name and command line");
}

/* Lives twice: a domain that reboots is made anew from its image. */
static int twice(void)
{
    static unsigned data = 1234, bss;
    uint64_t late = 5 * RT_SECOND;

    if (rt_info()->created_ns < late) {
        data++;
        bss++;
        rt_printf("# reboots at five seconds\n");
        rt_sleep(late > rt_now() ? late - rt_now() : 0);
        rt_shutdown(SHUTDOWN_reboot);
    }
    tap_ok(data == 1234 && bss == 0, "ABI-LIFE-01 made anew by a reboot");
    tap_ok(rt_info()->created_ns <= rt_now(), "ABI-INFO-09 at another time");
    return tap_done();
}

int guest_main(void)
{
    uint64_t generation = rt_info()->generation;

    if (rt_has_option("twice"))
        return twice();
    reserved();
    passed();
    limits();
    rt_sleep(50 * RT_MS);
    tap_is((int64_t)rt_info()->generation, (int64_t)generation,
           "ABI-LIFE-03 generation stays");
    tap_skip("ABI-LIFE-02 pausing is done from outside");
    tap_ok(true, "ABI-LIFE-01 ends with SHUTDOWN_poweroff");
    return tap_done();
}
