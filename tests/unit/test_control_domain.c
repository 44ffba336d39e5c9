/* SPDX-License-Identifier: MIT */
/*
 * What the control domain does with others: create, pause, end, collect, and
 * what it is told of them; and its own death, which nobody else notices.
 */
#include "control_world.h"
#include "core/changes.h"

#include <string.h>

#include "io/net_port.h"
#include "system/hypercall.h"
#include "system/loop.h"

#define ROUNDS 10000

/* --------------------------------------------------------------- create */

static void created_domains_are_as_asked(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "web");
    struct scree_domain_state s;
    struct domain *d;

    control_prepare();
    control_start(&x);
    r.config.module = 1; /* image 0, module 0 */
    r.config.ipv4 = 0x0a000007;
    r.config.net_rate = 12345;
    r.config.on_crash = SCREE_ON_CRASH_PRESERVE;
    CU_ASSERT_EQUAL_FATAL(CONTROL(&x, create, &r), 0);
    CU_ASSERT_EQUAL(r.head.domain, 2); /* 1 is the boot bundle's */
    d = life_find(&x.w, 2);
    CU_ASSERT_EQUAL(d->info->domain, 2);
    CU_ASSERT_STRING_EQUAL(d->info->cmdline, "some words");
    CU_ASSERT_EQUAL(d->info->features, SCREE_FEATURE_TSC | SCREE_FEATURE_NET |
                                           SCREE_FEATURE_FILES |
                                           SCREE_FEATURE_STORE);
    s = control_state(&x, 2);
    CU_ASSERT_EQUAL(s.state, SCREE_DOMAIN_PAUSED);
    CU_ASSERT_EQUAL(s.flags, 0);
    CU_ASSERT_EQUAL(s.image, 0);
    CU_ASSERT_EQUAL(s.module, 1);
    CU_ASSERT_EQUAL(s.ipv4, 0x0a000007);
    CU_ASSERT_EQUAL(s.weight, 300);
    CU_ASSERT_EQUAL(s.group, 7);
    CU_ASSERT_EQUAL(s.net_rate, 12345);
    CU_ASSERT_EQUAL(s.memory, SMALL_MEMORY);
    CU_ASSERT_EQUAL(s.frames, d->quota.drawn);
    CU_ASSERT_EQUAL(s.created_ns, d->created_ns);
    CU_ASSERT_EQUAL(s.ended_ns, 0);
    CU_ASSERT_STRING_EQUAL(s.name, "web");
    CU_ASSERT_STRING_EQUAL((char *)s.tag, "a tag");
    CU_ASSERT_EQUAL(memcmp(s.mac, d->info->mac, 6), 0);
    control_stop(&x);
}

/* The record is the caller's: nothing of it is needed afterwards. */
static void nothing_of_the_record_is_kept(void)
{
    struct control_world x;
    char junk[1024];
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "kept");
    memset(junk, 0xee, sizeof(junk));
    guest_put(x.d0, CONTROL_RECORD, junk, sizeof(junk));
    CU_ASSERT_STRING_EQUAL(control_state(&x, id).name, "kept");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    guest_pass(&x.w, 3);
    life_faults(&x.w, id, 6, 0, 0);
    CU_ASSERT(life_said("(kept) crashed: invalid opcode"));
    CU_ASSERT(life_said("start+0x10")); /* by the image's symbols */
    control_stop(&x);
}

#define REFUSED(change, code)                                                  \
    do {                                                                       \
        struct scree_control_create r = control_new(0, "no");                  \
        change;                                                                \
        CU_ASSERT_EQUAL(CONTROL(&x, create, &r), code);                        \
        CU_ASSERT(control_same(&x, &p));                                       \
    } while (0)

static void bad_configs_are_refused(void)
{
    struct control_world x;
    struct control_picture p;
    struct scree_control_create taken = control_new(0, "taken");

    control_prepare();
    control_start(&x);
    taken.config.ipv4 = 0x0a000009;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &taken), 0);
    p = control_look(&x);
    REFUSED(r.head.domain = 5, -XEN_EINVAL);
    REFUSED(r.config.size--, -XEN_EINVAL);
    REFUSED(r.config.image = 1, -XEN_ENOENT); /* a module */
    REFUSED(r.config.image = 2, -XEN_ENOENT);
    REFUSED(r.config.image = UINT32_MAX, -XEN_ENOENT);
    REFUSED(r.config.module = 0, -XEN_ENOENT); /* an image */
    REFUSED(r.config.module = UINT32_MAX - 1, -XEN_ENOENT);
    REFUSED(r.config.on_crash = SCREE_ON_CRASH_RESTART, -XEN_EINVAL);
    REFUSED(r.config.on_crash = 3, -XEN_EINVAL);
    REFUSED(r.config.name[0] = '\0', -XEN_EINVAL);
    REFUSED(memset(r.config.name, 'x', SCREE_NAME_MAX), -XEN_EINVAL);
    REFUSED(memset(r.config.cmdline, 'x', SCREE_CMDLINE_MAX), -XEN_EINVAL);
    REFUSED(r.config.memory = 0, -XEN_EINVAL);
    REFUSED(r.config.memory++, -XEN_EINVAL);
    REFUSED(r.config.memory = UINT64_MAX & ~4095ull, -XEN_EINVAL);
    REFUSED(r.config.memory = 7 * 4096, -XEN_E2BIG);
    REFUSED(r.config.memory = 1ull << 39, -XEN_ENOMEM);
    REFUSED(r.config.weight = 0, -XEN_EINVAL);
    REFUSED(r.config.weight = 65536, -XEN_EINVAL);
    REFUSED(r.config.group = 65536, -XEN_EINVAL);
    REFUSED(r.config.flags = SCREE_CONFIG_CONTROL, -XEN_EINVAL);
    REFUSED(r.config.flags = 2, -XEN_EINVAL);
    REFUSED(r.config.ipv4 = 0x0a000009, -XEN_EADDRINUSE);
    REFUSED(r.config.ipv4 = 0x0a000001, -XEN_EADDRNOTAVAIL); /* gateway */
    REFUSED(r.config.ipv4 = 0x0a0000ff, -XEN_EADDRNOTAVAIL);
    REFUSED(r.config.ipv4 = 0x0b000005, -XEN_EADDRNOTAVAIL);
    control_stop(&x);
}

static void every_allocation_may_fail(void)
{
    struct control_world x;
    struct control_picture p;
    int64_t result = -1;
    unsigned site;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    for (site = 1; result; site++) {
        struct scree_control_create r = control_new(0, "unlucky");

        r.config.ipv4 = 0x0a000007;
        r.config.module = 1;
        r.config.memory = 600 * PAGE_SIZE; /* files need a table of their own */
        frames_fail_at(x.w.frames, site);
        result = CONTROL(&x, create, &r);
        frames_fail_at(x.w.frames, 0);
        if (!result)
            break;
        CU_ASSERT_EQUAL(result, -XEN_ENOMEM);
        CU_ASSERT(control_same(&x, &p));
    }
    CU_ASSERT(site > 7);
    control_stop(&x);
}

static void ids_are_given_out_in_turn(void)
{
    struct control_world x;
    uint32_t first, second, id = 0;

    control_prepare();
    control_start(&x);
    first = control_make(&x, "a");
    second = control_make(&x, "b");
    CU_ASSERT_EQUAL(second, first + 1);
    control_remove(&x, first);
    CU_ASSERT_EQUAL(control_make(&x, "c"), second + 1);
    for (uint32_t n = second + 2; n < 61; n++) {
        id = control_make(&x, "d");
        control_remove(&x, id);
        CU_ASSERT_EQUAL(id, n);
    }
    CU_ASSERT_EQUAL(control_make(&x, "e"), first); /* around */
    control_stop(&x);
}

static void ids_run_out(void)
{
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    for (uint32_t n = 2; n < 61; n++)
        CU_ASSERT_EQUAL(control_make(&x, "many"), n);
    p = control_look(&x);
    REFUSED((void)0, -XEN_ENOSPC);
    control_stop(&x);
}

/* -------------------------------------------------------- pause and go on */

static void paused_domains_do_not_run(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "sleeper");
    d = life_find(&x.w, id);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), -XEN_EINVAL);
    guest_pass(&x.w, 3);
    CU_ASSERT_EQUAL(atomic_load(&d->vcpu.sched.state), VCPU_STOPPED);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), -XEN_EINVAL);
    guest_run(d);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_RUNNING);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), -XEN_EINVAL);
    CU_ASSERT_EQUAL(atomic_load(&d->vcpu.sched.state), VCPU_STOPPED);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_PAUSED);
    control_stop(&x);
}

/* A cell with a second domain, which has been resumed. */
static struct domain *start_running(struct control_world *x, const char *name,
                                    uint32_t *id)
{
    control_prepare();
    control_start(x);
    *id = control_make(x, name);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(x, resume, *id), 0);
    return life_find(&x->w, *id);
}

/* Events wait; idle returns nothing, or the event, after the pause. */
static void a_pause_breaks_no_sleep(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    d = start_running(&x, "sleeper", &id);
    CU_ASSERT_EQUAL(
        guest_call(d, __HYPERVISOR_scree_idle, SCREE_IDLE_FOREVER, 0, 0),
        INT64_MIN);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    event_raise(d, SCREE_PORT_CONSOLE);
    guest_pass(&x.w, 3);
    CU_ASSERT_EQUAL(atomic_load(&d->vcpu.sched.state), VCPU_STOPPED);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    guest_run(d);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(d->vcpu.m.regs.rax, SCREE_WAKE_EVENT);
    control_stop(&x);
}

/* A timer that expires meanwhile is seen late, a watchdog stands still. */
static void time_goes_by_a_paused_domain(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    d = start_running(&x, "clock", &id);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 5), 1);
    CU_ASSERT_EQUAL(guest_call(d, __HYPERVISOR_set_timer_op,
                               machine_clock() + 1000000, 0, 0),
                    0);
    CU_ASSERT_EQUAL(control_state(&x, id).watchdog_s, 5);
    CU_ASSERT(control_state(&x, id).flags & SCREE_DOMAIN_WATCHDOG);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    life_later(&x.w, 60000);
    CU_ASSERT(event_pending(d, SCREE_PORT_TIMER));
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_PAUSED);
    CU_ASSERT(control_state(&x, id).watchdog_ns > machine_clock());
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    life_later(&x.w, 4000);
    CU_ASSERT_PTR_NOT_NULL(life_find(&x.w, id));
    life_later(&x.w, 1500);
    control_settle(&x);
    CU_ASSERT_EQUAL(control_state(&x, id).reason, SHUTDOWN_watchdog);
    control_stop(&x);
}

/* Its watchdog bites in the very moment: it tries again after the pause. */
static void a_watchdog_may_come_too_late(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    d = start_running(&x, "late", &id);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 5), 1);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    timer_set(d->vcpu.cpu, &d->watchdogs[0].timer, machine_clock() + 1);
    life_later(&x.w, 1000);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_PAUSED);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    d->watchdogs[0].left = 0;
    timer_set(d->vcpu.cpu, &d->watchdogs[0].timer, machine_clock() + 1);
    life_later(&x.w, 200);
    control_settle(&x);
    CU_ASSERT_EQUAL(control_state(&x, id).reason, SHUTDOWN_watchdog);
    control_stop(&x);
}

/* A call that was under way when another CPU paused the domain. */
static int64_t late_watchdog(struct domain *d, uint32_t id, uint32_t seconds)
{
    struct sched_watchdog s = {.id = id, .timeout = seconds};
    struct hypercall call = {.a = {SCHEDOP_watchdog, 0x108000}};

    guest_put(d, 0x108000, &s, sizeof(s));
    return hc_sched_op(&d->vcpu, &call);
}

static void a_watchdog_is_renewed_in_the_moment_of_a_pause(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    d = start_running(&x, "renewing", &id);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 5), 1);
    life_later(&x.w, 4000);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    CU_ASSERT_EQUAL(late_watchdog(d, 1, 5), 0);
    life_later(&x.w, 60000);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    life_later(&x.w, 4000);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_RUNNING);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    CU_ASSERT_EQUAL(late_watchdog(d, 1, 0), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    life_later(&x.w, 60000);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_RUNNING);
    control_stop(&x);
}

static void paused_domains_can_be_killed(void)
{
    struct control_world x;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "victim"); /* never ran */
    control_remove(&x, id);
    id = control_make(&x, "victim");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    guest_run(life_find(&x.w, id));
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), 0);
    control_remove(&x, id);
    control_stop(&x);
}

/* --------------------------------------------------------------- the end */

static void ends_are_kept_until_collected(void)
{
    static const uint32_t reasons[] = {SHUTDOWN_poweroff, SHUTDOWN_reboot,
                                       SHUTDOWN_suspend, SHUTDOWN_crash,
                                       SHUTDOWN_watchdog};
    struct control_world x;

    control_prepare();
    control_start(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
        uint32_t id = control_make(&x, "mortal");
        struct scree_domain_state s;

        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), -XEN_EBUSY);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
        life_shuts_down(&x.w, id, SCREE_SHUTDOWN(reasons[i], 40 + i));
        s = control_state(&x, id);
        CU_ASSERT_EQUAL(s.state, SCREE_DOMAIN_ENDED);
        CU_ASSERT_EQUAL(s.reason, reasons[i]);
        CU_ASSERT_EQUAL(s.code, 40 + i);
        CU_ASSERT_EQUAL(s.frames, 2); /* struct and info page */
        CU_ASSERT(s.ended_ns >= s.created_ns && s.ended_ns);
        CU_ASSERT_STRING_EQUAL(s.name, "mortal");
        CU_ASSERT_STRING_EQUAL((char *)s.tag, "a tag");
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, id), -XEN_EINVAL);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), -XEN_EINVAL);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), -XEN_EINVAL);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), 0);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), -XEN_ESRCH);
    }
    control_stop(&x);
}

static void exit_codes_have_limits(void)
{
    static const uint32_t bad[] = {SHUTDOWN_MAX + 1, 255, 0x10000,
                                   SCREE_SHUTDOWN(6, 1), UINT32_MAX};
    struct control_world x;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "exact");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        life_shuts_down(&x.w, id, bad[i]);
        CU_ASSERT_PTR_NOT_NULL(life_find(&x.w, id));
    }
    life_shuts_down(&x.w, id, SCREE_SHUTDOWN(SHUTDOWN_poweroff, 255));
    CU_ASSERT_EQUAL(control_state(&x, id).code, 255);
    control_stop(&x);
}

static void killed_says_killed(void)
{
    struct control_world x;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "victim");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, id), 0);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_DYING);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, id), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), -XEN_EBUSY);
    control_settle(&x);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_ENDED);
    CU_ASSERT_EQUAL(control_state(&x, id).reason, SCREE_END_KILLED);
    CU_ASSERT_EQUAL(control_state(&x, id).code, 0);
    control_stop(&x);
}

static void preserved_domains_wait_for_kill(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "kept");
    struct scree_control_shutdown s = {.reason = SHUTDOWN_poweroff};
    uint32_t id;

    control_prepare();
    control_start(&x);
    r.config.on_crash = SCREE_ON_CRASH_PRESERVE;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    id = r.head.domain;
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    life_faults(&x.w, id, 6, 0, 0);
    control_settle(&x);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_CRASHED);
    CU_ASSERT_EQUAL(control_state(&x, id).reason, SHUTDOWN_crash);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, id), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), -XEN_EBUSY);
    s.head.domain = id;
    CU_ASSERT_EQUAL(CONTROL(&x, shutdown, &s), -XEN_EINVAL);
    control_remove(&x, id);
    control_stop(&x);
}

static void guests_are_asked_to_end(void)
{
    struct control_world x;
    struct scree_control_shutdown s = {.reason = SHUTDOWN_reboot};
    struct control_picture p;
    struct domain *d;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = s.head.domain = control_make(&x, "polite");
    d = life_find(&x.w, id);
    p = control_look(&x);
    s.reason = SHUTDOWN_crash;
    CU_ASSERT_EQUAL(CONTROL(&x, shutdown, &s), -XEN_EINVAL);
    s.reason = SHUTDOWN_reboot;
    s.reserved = 1;
    CU_ASSERT_EQUAL(CONTROL(&x, shutdown, &s), -XEN_EINVAL);
    CU_ASSERT(control_same(&x, &p));
    s.reserved = 0;
    CU_ASSERT_EQUAL(CONTROL(&x, shutdown, &s), 0);
    CU_ASSERT_EQUAL(d->info->shutdown, SHUTDOWN_reboot + 1);
    CU_ASSERT(event_pending(d, SCREE_PORT_CONTROL));
    control_stop(&x);
}

static void nobody_names_the_caller_or_nobody(void)
{
    static const uint32_t nobody[] = {1, 40, 61, 1000000, UINT32_MAX};
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, 0), -XEN_EINVAL);
    for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
        struct scree_control_shutdown s = {.head = {.domain = nobody[i]}};
        struct scree_control_set t = {.head = {.domain = nobody[i]},
                                      .what = SCREE_SET_WEIGHT,
                                      .weight = 1};

        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, nobody[i]), -XEN_ESRCH);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, pause, nobody[i]), -XEN_ESRCH);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, nobody[i]), -XEN_ESRCH);
        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, nobody[i]), -XEN_ESRCH);
        CU_ASSERT_EQUAL(CONTROL(&x, shutdown, &s), -XEN_ESRCH);
        CU_ASSERT_EQUAL(CONTROL(&x, set, &t), -XEN_ESRCH);
    }
    CU_ASSERT(control_same(&x, &p));
    control_stop(&x);
}

/* ------------------------------------------------------------ set, get */

static void weight_and_rate_are_set(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "set");
    struct scree_control_set s;
    struct control_picture p;
    struct domain *d;

    control_prepare();
    control_start(&x);
    r.config.ipv4 = 0x0a000005;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    d = life_find(&x.w, r.head.domain);
    p = control_look(&x);
    s = (struct scree_control_set){.head = {.domain = d->id}};
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), -XEN_EINVAL);
    s.what = 4;
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), -XEN_EINVAL);
    s.what = SCREE_SET_WEIGHT | SCREE_SET_NET_RATE;
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), -XEN_EINVAL);
    s.weight = 65536;
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), -XEN_EINVAL);
    CU_ASSERT(control_same(&x, &p));
    s.weight = 1000;
    s.net_rate = 5000;
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), 0);
    CU_ASSERT_EQUAL(control_state(&x, d->id).weight, 1000);
    CU_ASSERT_EQUAL(control_state(&x, d->id).net_rate, 5000);
    CU_ASSERT(d->net->sending.byte_cost > 0);
    s.what = SCREE_SET_NET_RATE;
    s.weight = 1;
    s.net_rate = 0;
    CU_ASSERT_EQUAL(CONTROL(&x, set, &s), 0);
    CU_ASSERT_EQUAL(control_state(&x, d->id).weight, 1000);
    CU_ASSERT_EQUAL(d->net->sending.byte_cost, 0);
    control_stop(&x);
}

static void what_a_domain_did_is_counted(void)
{
    struct control_world x;
    struct scree_domain_state s;
    struct domain *d;
    int64_t result;
    uint32_t id;

    d = start_running(&x, "busy", &id);
    for (int i = 0; i < 5; i++)
        CU_ASSERT(guest_fast(d, __HYPERVISOR_xen_version, 0, 0, &result));
    CU_ASSERT_FALSE(
        guest_fast(d, __HYPERVISOR_memory_op, 99, 0, &result)); /* long way */
    host_clock_advance(1000000);
    s = control_state(&x, id);
    CU_ASSERT_EQUAL(s.hypercalls, 6);
    CU_ASSERT_EQUAL(s.wakeups, 0);
    CU_ASSERT_EQUAL(s.flags & SCREE_DOMAIN_READY, 0);
    (void)guest_call(d, __HYPERVISOR_scree_idle, SCREE_IDLE_FOREVER, 0, 0);
    s = control_state(&x, id);
    CU_ASSERT(s.flags & SCREE_DOMAIN_READY);
    CU_ASSERT(s.cpu_ns > 0);
    event_raise(d, SCREE_PORT_CONSOLE);
    CU_ASSERT_EQUAL(control_state(&x, id).wakeups, 1);
    control_stop(&x);
}

static void get_walks_in_order(void)
{
    struct control_world x;
    struct scree_control_get g = {.head = {.domain = 0}};
    uint32_t found[8], n = 0;

    control_prepare();
    life_bundle.header.domain_count = 3;
    control_start(&x);
    (void)control_make(&x, "a");
    (void)control_make(&x, "b");
    control_remove(&x, 4); /* "a": ids 1..3 are the records' */
    while (n < ARRAY_SIZE(found) && CONTROL(&x, get, &g) == 0) {
        found[n++] = g.state.id;
        g.head.domain = g.state.id + 1;
    }
    CU_ASSERT_EQUAL(n, 4);
    CU_ASSERT_EQUAL(found[0], 0);
    CU_ASSERT_EQUAL(found[1], 2);
    CU_ASSERT_EQUAL(found[2], 3);
    CU_ASSERT_EQUAL(found[3], 5);
    CU_ASSERT(control_state(&x, 2).flags & SCREE_DOMAIN_BOOT);
    CU_ASSERT_EQUAL(control_state(&x, 5).flags & SCREE_DOMAIN_BOOT, 0);
    g.head.domain = UINT32_MAX;
    CU_ASSERT_EQUAL(CONTROL(&x, get, &g), -XEN_ESRCH);
    control_stop(&x);
}

static void configs_are_given_back(void)
{
    struct control_world x;
    struct scree_control_create made = control_new(0, "first"), r;

    control_prepare();
    control_start(&x);
    made.config.module = 1;
    made.config.ipv4 = 0x0a000005;
    made.config.net_rate = 99999;
    r = made;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    for (int ended = 0; ended < 2; ended++) {
        struct scree_control_create c = {.head = {.domain = r.head.domain}};

        memset(&c.config, 0xaa, sizeof(c.config));
        CU_ASSERT_EQUAL(CONTROL(&x, config, &c), 0);
        CU_ASSERT_EQUAL(memcmp(&c.config, &made.config, sizeof(c.config)), 0);
        CU_ASSERT_EQUAL(memcmp(c.tag, made.tag, sizeof(c.tag)), 0);
        (void)CONTROL_DOMAIN(&x, kill, r.head.domain);
        control_settle(&x);
    }
    r.head.domain = 0;
    CU_ASSERT_EQUAL(CONTROL(&x, config, &r), 0);
    CU_ASSERT_EQUAL(r.config.flags, SCREE_CONFIG_CONTROL);
    CU_ASSERT_STRING_EQUAL(r.config.name, "one");
    r.head.domain = 50;
    CU_ASSERT_EQUAL(CONTROL(&x, config, &r), -XEN_ESRCH);
    control_stop(&x);
}

/* ---------------------------------------------------- the control domain */

/* Everything that happened so far is taken. */
static uint32_t take_changes(struct control_world *x, uint32_t id)
{
    struct scree_control_next n = {.happened = 0};
    uint32_t happened = 0;

    while (CONTROL(x, next, &n) == 0) {
        if (n.head.domain == id)
            happened |= n.happened;
        n.head.domain = 0;
    }
    return happened;
}

static void changes_are_told_once(void)
{
    struct control_world x;
    struct scree_control_next n = {.happened = 99};
    struct domain *d;
    uint32_t id;

    control_prepare();
    control_start(&x);
    CU_ASSERT_EQUAL(take_changes(&x, 0), 0); /* not of itself */
    id = control_make(&x, "changing");
    d = life_find(&x.w, id);
    CU_ASSERT(event_pending(x.d0, SCREE_PORT_CONTROL));
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    CU_ASSERT_EQUAL(CONTROL(&x, next, &n), 0); /* both in one */
    CU_ASSERT_EQUAL(n.head.domain, id);
    CU_ASSERT_EQUAL(n.happened, SCREE_HAPPENED_STATE);
    n.head.domain = 0;
    CU_ASSERT_EQUAL(CONTROL(&x, next, &n), -XEN_ENOENT);
    n.head.domain = 1;
    CU_ASSERT_EQUAL(CONTROL(&x, next, &n), -XEN_EINVAL);
    (void)guest_call(d, __HYPERVISOR_scree_idle, SCREE_IDLE_FOREVER, 0, 0);
    CU_ASSERT_EQUAL(take_changes(&x, id), SCREE_HAPPENED_STATE); /* ready */
    event_raise(d, SCREE_PORT_CONSOLE);
    (void)guest_call(d, __HYPERVISOR_scree_idle, 0, 0, 0);
    CU_ASSERT_EQUAL(take_changes(&x, id), 0);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 5), 1);
    CU_ASSERT_EQUAL(take_changes(&x, id), SCREE_HAPPENED_STATE);
    CU_ASSERT_EQUAL(life_watchdog(d, 1, 5), 0); /* only renewed */
    CU_ASSERT_EQUAL(take_changes(&x, id), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, id), 0);
    CU_ASSERT_EQUAL(take_changes(&x, id), SCREE_HAPPENED_STATE);
    control_settle(&x);
    CU_ASSERT_EQUAL(take_changes(&x, id), SCREE_HAPPENED_STATE); /* ended */
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, id), 0);
    CU_ASSERT_EQUAL(take_changes(&x, id), 0);
    control_stop(&x);
}

/* Collected while it still stood in the queue. */
/* After a start, whatever others do meanwhile. */
static void a_flood_hides_nobody(void)
{
    struct control_world x;
    uint32_t id, seen = 0;

    control_prepare();
    life_bundle.header.domain_count = 3;
    control_start(&x);
    id = control_make(&x, "flooding");
    (void)take_changes(&x, 0);
    change_all(x.w.cell);
    for (int i = 0; i < 10; i++) {
        struct scree_control_next n = {.happened = 0};

        change_mark(life_find(&x.w, id), SCREE_HAPPENED_STORE);
        CU_ASSERT_EQUAL(CONTROL(&x, next, &n), 0);
        seen |= 1u << n.head.domain;
    }
    CU_ASSERT_EQUAL(seen, 1u << 2 | 1u << 3 | 1u << id);
    control_stop(&x);
}

/* Between the two steps of an end. */
static void no_end_is_seen_without_its_reason(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "ending");
    d = life_find(&x.w, id);
    atomic_store(&d->state, DOMAIN_CRASHED);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_RUNNING);
    atomic_store(&d->state, DOMAIN_PAUSED);
    domain_preserve(d, SHUTDOWN_crash);
    CU_ASSERT_EQUAL(control_state(&x, id).state, SCREE_DOMAIN_CRASHED);
    CU_ASSERT_EQUAL(control_state(&x, id).reason, SHUTDOWN_crash);
    control_stop(&x);
}

static void the_collected_are_not_told_of(void)
{
    struct control_world x;
    uint32_t a, b;

    control_prepare();
    control_start(&x);
    (void)take_changes(&x, 0);
    a = control_make(&x, "a");
    b = control_make(&x, "b");
    control_remove(&x, a);
    CU_ASSERT_EQUAL(take_changes(&x, a), 0);
    (void)control_make(&x, "c");
    control_remove(&x, b);
    CU_ASSERT_EQUAL(take_changes(&x, b), 0);
    control_stop(&x);
}

static void others_outlive_it(void)
{
    struct control_world x;
    uint32_t running, paused, ended;

    control_prepare();
    control_start(&x);
    running = control_make(&x, "running");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, running), 0);
    paused = control_make(&x, "paused");
    ended = control_make(&x, "ended");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, ended), 0);
    control_settle(&x);
    life_faults(&x.w, 0, 6, 0, 0);
    control_settle(&x);
    CU_ASSERT_PTR_NULL(life_find(&x.w, 0));
    CU_ASSERT_PTR_NOT_NULL(life_find(&x.w, running));
    life_later(&x.w, 101);
    x.d0 = life_find(&x.w, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.d0);
    CU_ASSERT(event_pending(x.d0, SCREE_PORT_CONTROL));
    CU_ASSERT_EQUAL(take_changes(&x, running),
                    SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE);
    CU_ASSERT_EQUAL(control_state(&x, running).state, SCREE_DOMAIN_RUNNING);
    CU_ASSERT_EQUAL(control_state(&x, paused).state, SCREE_DOMAIN_PAUSED);
    CU_ASSERT_EQUAL(control_state(&x, ended).state, SCREE_DOMAIN_ENDED);
    CU_ASSERT_STRING_EQUAL((char *)control_state(&x, ended).tag, "a tag");
    control_remove(&x, running);
    control_remove(&x, paused);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, ended), 0);
    control_find(&x);
    control_stop(&x);
}

static void there_is_one_at_most(void)
{
    struct control_world x;

    control_prepare();
    life_bundle.header.domain_count = 4;
    life_bundle.domains[1].flags = SCREE_CONFIG_CONTROL;
    life_bundle.domains[2].flags = 2;
    control_start(&x);
    CU_ASSERT(life_said("domain two refused: there is another control domain"));
    CU_ASSERT(life_said("domain three refused: its flags are bad"));
    CU_ASSERT_PTR_NULL(life_find(&x.w, 2));
    CU_ASSERT_PTR_NULL(life_find(&x.w, 3));
    CU_ASSERT_PTR_NOT_NULL(life_find(&x.w, 4));
    CU_ASSERT_EQUAL(x.d0->info->domain, 0);
    CU_ASSERT(x.d0->info->features & SCREE_FEATURE_CONTROL);
    CU_ASSERT_EQUAL(life_find(&x.w, 4)->info->features &
                        (SCREE_FEATURE_CONTROL | SCREE_FEATURE_STORE),
                    SCREE_FEATURE_STORE);
    control_stop(&x);
}

/* Restarted as ever; what ends for good is kept, too. */
static void boot_domains_end_as_before(void)
{
    struct control_world x;

    control_prepare();
    life_bundle.header.domain_count = 3;
    control_start(&x);
    life_shuts_down(&x.w, 2, SHUTDOWN_reboot);
    CU_ASSERT_PTR_NULL(life_find(&x.w, 2));
    (void)control_make(&x, "not in its place");
    CU_ASSERT_EQUAL(control_state(&x, 2).state, SCREE_DOMAIN_ENDED);
    CU_ASSERT_EQUAL(control_state(&x, 2).reason, SHUTDOWN_reboot);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, 2), -XEN_EBUSY);
    CU_ASSERT(take_changes(&x, 2) & SCREE_HAPPENED_STATE);
    life_later(&x.w, 101);
    CU_ASSERT_PTR_NOT_NULL(life_find(&x.w, 2));
    life_shuts_down(&x.w, 3, SCREE_SHUTDOWN(SHUTDOWN_poweroff, 9));
    CU_ASSERT_EQUAL(control_state(&x, 3).state, SCREE_DOMAIN_ENDED);
    CU_ASSERT_EQUAL(control_state(&x, 3).code, 9);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, kill, 2), 0);
    control_settle(&x);
    life_later(&x.w, 40000); /* killed: it stays away */
    CU_ASSERT_EQUAL(control_state(&x, 2).reason, SCREE_END_KILLED);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, 2), 0);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, 3), 0);
    x.free = frames_free(x.w.frames);
    control_remove(&x, 4);
    x.free = frames_free(x.w.frames);
    control_stop(&x);
}

/* ------------------------------------------------------------ in numbers */

static void thousands_come_and_go(void)
{
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    control_remove(&x, control_make(&x, "first"));
    (void)take_changes(&x, 0);
    p = control_look(&x);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t id = control_make(&x, "mayfly");

        CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
        control_remove(&x, id);
    }
    (void)take_changes(&x, 0);
    event_raise(x.d0, SCREE_PORT_CONTROL);
    CU_ASSERT(control_same(&x, &p));
    CU_ASSERT_EQUAL(frames_free(x.w.frames), x.free);
    control_stop(&x);
}

void suite_control_domain(void)
{
    static const struct unit_test tests[] = {
        {"created domains are as asked", created_domains_are_as_asked},
        {"nothing of the record is kept", nothing_of_the_record_is_kept},
        {"bad configs are refused", bad_configs_are_refused},
        {"every allocation may fail", every_allocation_may_fail},
        {"ids are given out in turn", ids_are_given_out_in_turn},
        {"ids run out", ids_run_out},
        {"paused domains do not run", paused_domains_do_not_run},
        {"a pause breaks no sleep", a_pause_breaks_no_sleep},
        {"time goes by a paused domain", time_goes_by_a_paused_domain},
        {"a watchdog may come too late", a_watchdog_may_come_too_late},
        {"a watchdog is renewed in the moment of a pause",
         a_watchdog_is_renewed_in_the_moment_of_a_pause},
        {"paused domains can be killed", paused_domains_can_be_killed},
        {"ends are kept until collected", ends_are_kept_until_collected},
        {"exit codes have limits", exit_codes_have_limits},
        {"killed says killed", killed_says_killed},
        {"preserved domains wait for kill", preserved_domains_wait_for_kill},
        {"guests are asked to end", guests_are_asked_to_end},
        {"nobody names the caller or nobody",
         nobody_names_the_caller_or_nobody},
        {"weight and rate are set", weight_and_rate_are_set},
        {"what a domain did is counted", what_a_domain_did_is_counted},
        {"get walks in order", get_walks_in_order},
        {"configs are given back", configs_are_given_back},
        {"changes are told once", changes_are_told_once},
        {"a flood hides nobody", a_flood_hides_nobody},
        {"no end is seen without its reason",
         no_end_is_seen_without_its_reason},
        {"the collected are not told of", the_collected_are_not_told_of},
        {"others outlive it", others_outlive_it},
        {"there is one at most", there_is_one_at_most},
        {"boot domains end as before", boot_domains_end_as_before},
        {"thousands come and go", thousands_come_and_go},
    };

    UNIT_SUITE("control_domain", tests);
}
