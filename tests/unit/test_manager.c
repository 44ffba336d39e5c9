/* SPDX-License-Identifier: MIT */
/*
 * The domain manager: run, list, stop, kill, pause, start, set, remove, on a
 * fake cell; and everything it refuses.
 */
#include "managed.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define MS 1000000ull

static void test_run(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");
    struct definition *d;

    r.address = SCREE_ADDRESS_NEXT;
    strcpy(r.config.cmdline, "port=80");
    memset(r.files, 0x22, sizeof(r.files));
    d = managed_run(w, &r);
    CU_ASSERT_FATAL(d != NULL);
    CU_ASSERT_EQUAL(d->state.ipv4, 0x0a000002);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STARTING);
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->config.module, 1);
    CU_ASSERT_STRING_EQUAL(fake_domain(w->cell, d->state.id)->config.cmdline,
                           "port=80");
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_CREATED), 1);
    fake_ready(w->cell, d->state.id);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_READY), 1);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_READY);
    CU_ASSERT(manager_by_domain(&w->m, d->state.id) == d);
    managed_free(w);
}

static void refused(struct managed *w, const struct scree_manage_run *r,
                    uint32_t error)
{
    uint64_t memory = w->cell->memory;
    uint32_t count = w->m.count;

    CU_ASSERT(managed_run(w, r) == NULL);
    CU_ASSERT_EQUAL(w->why.error, error);
    CU_ASSERT_EQUAL(w->cell->memory, memory);
    CU_ASSERT_EQUAL(w->m.count, count);
}

/* One field each, of an otherwise good request. */
static void test_bad_fields(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run good = managed_request("web"), r;

    fake_object_add(w->cell, SCREE_OBJECT_IMAGE, 0); /* of the boot bundle */
    managed_restart(w);
#define BAD(change, error)                                                     \
    do {                                                                       \
        r = good;                                                              \
        change;                                                                \
        refused(w, &r, error);                                                 \
    } while (0)
    BAD(r.config.size--, XEN_EINVAL);
    BAD(r.config.name[0] = '\0', XEN_EINVAL);
    BAD(r.config.name[0] = '-', XEN_EINVAL);
    BAD(r.config.name[2] = '-', XEN_EINVAL);
    BAD(r.config.name[1] = '/', XEN_EINVAL);
    BAD(r.config.name[1] = 'W', XEN_EINVAL);
    BAD(memset(r.config.name, 'a', SCREE_NAME_MAX), XEN_EINVAL);
    BAD(memset(r.config.cmdline, 'a', SCREE_CMDLINE_MAX), XEN_EINVAL);
    BAD(r.config.memory = 0, XEN_EINVAL);
    BAD(r.config.memory++, XEN_EINVAL);
    BAD(r.config.weight = 0, XEN_EINVAL);
    BAD(r.config.weight = 65536, XEN_EINVAL);
    BAD(r.config.group = 65536, XEN_EINVAL);
    BAD(r.config.on_crash = SCREE_ON_CRASH_RESTART, XEN_EINVAL);
    BAD(r.config.on_crash = 77, XEN_EINVAL);
    BAD(r.config.flags = SCREE_CONFIG_CONTROL, XEN_EINVAL);
    BAD(r.restart = 4, XEN_EINVAL);
    BAD(r.retries = 1, XEN_EINVAL);
    BAD(r.flags = 8, XEN_EINVAL);
    BAD(r.address = 3, XEN_EINVAL);
    BAD(r.image[3]++, XEN_ENOENT);
    BAD(memset(r.image, 0x22, sizeof(r.image)), XEN_ENOENT);
    BAD(memset(r.image, 0, sizeof(r.image)), XEN_ENOENT);
    BAD(r.files[3]++, XEN_ENOENT);
    BAD(memset(r.files, 0x11, sizeof(r.files)), XEN_ENOENT);
#undef BAD
    CU_ASSERT_EQUAL(w->event_count, 0);
    CU_ASSERT(managed_run(w, &good) != NULL);
    managed_free(w);
}

static void test_names_are_taken_once(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_NO);
    struct scree_manage_run r = managed_request("web");

    refused(w, &r, XEN_EEXIST);
    CU_ASSERT_STRING_EQUAL(w->why.text,
                           "name 'web' is in use by domain 1; remove it "
                           "first: scree rm -f web");
    managed_end(w, d, SHUTDOWN_poweroff, 0);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_DOWN);
    refused(w, &r, XEN_EEXIST);
    CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), 0);
    CU_ASSERT(managed_run(w, &r) != NULL);
    managed_free(w);
}

static void test_addresses(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("a");
    struct definition *d;

    r.address = SCREE_ADDRESS_FIXED;
    r.config.ipv4 = 0x0a000002;
    CU_ASSERT_FATAL(managed_run(w, &r) != NULL);
    strcpy(r.config.name, "b");
    refused(w, &r, XEN_EADDRINUSE);
    CU_ASSERT_STRING_EQUAL(w->why.text, "address 10.0.0.2 is in use by 'a'");
    static const uint32_t bad[] = {0x0a000000, 0x0a0000ff, 0x0a000001,
                                   0x0a000100, 0x09ffffff, 0};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        r.config.ipv4 = bad[i];
        refused(w, &r, XEN_EADDRNOTAVAIL);
    }
    r.address = SCREE_ADDRESS_NEXT;
    d = managed_run(w, &r);
    CU_ASSERT_FATAL(d != NULL);
    CU_ASSERT_EQUAL(d->state.ipv4, 0x0a000004); /* .3 is the resolver's */
    managed_end(w, d, SHUTDOWN_poweroff, 0);
    strcpy(r.config.name, "c"); /* b is down, and keeps its address */
    d = managed_run(w, &r);
    CU_ASSERT_EQUAL(d->state.ipv4, 0x0a000005);
    CU_ASSERT_EQUAL(manager_remove(&w->m, manager_find(&w->m, "b"), &w->why),
                    0);
    strcpy(r.config.name, "d");
    d = managed_run(w, &r);
    CU_ASSERT_EQUAL(d->state.ipv4, 0x0a000004);
    managed_free(w);
}

static void test_addresses_run_out(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("x");
    unsigned n = 0;

    r.address = SCREE_ADDRESS_NEXT;
    r.config.memory = 4096;
    for (;; n++) {
        snprintf(r.config.name, SCREE_NAME_MAX, "d%u", n);
        if (!managed_run(w, &r))
            break;
    }
    CU_ASSERT_EQUAL(n, 252); /* all but network, gateway, resolver, last */
    CU_ASSERT_EQUAL(w->why.error, XEN_EADDRNOTAVAIL);
    managed_free(w);
}

static void test_the_cell_refuses(void)
{
    static const int errors[] = {XEN_ENOMEM,        XEN_ENOSPC, XEN_EADDRINUSE,
                                 XEN_EADDRNOTAVAIL, XEN_E2BIG,  XEN_ENOENT,
                                 XEN_EPERM};
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");

    r.address = SCREE_ADDRESS_NEXT;
    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        w->cell->fail_create = -errors[i];
        refused(w, &r, (uint32_t)errors[i]);
    }
    w->cell->fail_create = 0;
    r.config.memory = 1ull << 30;
    refused(w, &r, XEN_ENOMEM);
    CU_ASSERT_STRING_EQUAL(w->why.text,
                           "not enough memory for 'web': it wants 1048576 KiB "
                           "and the cell has 65536 KiB left");
    r.config.memory = 1 << 20;
    CU_ASSERT_EQUAL(managed_run(w, &r)->state.ipv4, 0x0a000002);
    managed_free(w);
}

static void test_stop(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);
    uint32_t id = d->state.id;

    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), 0);
    CU_ASSERT_EQUAL(fake_domain(w->cell, id)->shutdown, SHUTDOWN_poweroff + 1);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STOPPING);
    managed_end(w, d, SHUTDOWN_poweroff, 0);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_DOWN);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_DOWN), 1);
    CU_ASSERT(fake_domain(w->cell, id) == NULL); /* collected */
    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), XEN_EINVAL);
    managed_free(w);
}

static void test_stop_kills_in_the_end(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);

    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), 0);
    managed_wait(w, 999 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STOPPING);
    managed_wait(w, 1 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_DOWN);
    CU_ASSERT_EQUAL(d->reason, SCREE_END_KILLED);
    CU_ASSERT_EQUAL(manager_stop(&w->m, d, UINT64_MAX, &w->why), XEN_EINVAL);
    managed_free(w);
}

static void test_stop_wakes_the_paused(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_NO);

    CU_ASSERT_EQUAL(manager_pause(&w->m, d, &w->why), 0);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_PAUSED);
    CU_ASSERT_EQUAL(manager_pause(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), 0);
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->state.state,
                    SCREE_DOMAIN_RUNNING);
    managed_free(w);
}

static void test_kill_and_start(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);
    uint32_t id = d->state.id;

    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), XEN_EBUSY);
    CU_ASSERT_EQUAL(manager_kill(&w->m, d, &w->why), 0);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_DOWN);
    CU_ASSERT_EQUAL(manager_kill(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_pause(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_resume(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), 0);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STARTING);
    CU_ASSERT_NOT_EQUAL(d->state.id, id);
    CU_ASSERT_EQUAL(w->came, 2);
    CU_ASSERT_EQUAL(w->went, 1);
    managed_free(w);
}

static void test_preserved(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");
    struct definition *d;

    r.config.on_crash = SCREE_ON_CRASH_PRESERVE;
    r.restart = SCREE_RESTART_ALWAYS;
    d = managed_run(w, &r);
    managed_end(w, d, SHUTDOWN_crash, 0);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_CRASHED);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_ENDED), 1);
    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), 0);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_ENDED), 1);
    CU_ASSERT_EQUAL(d->ended, 1);
    CU_ASSERT_EQUAL(d->life, LIFE_DOWN);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_CRASHED);
    managed_free(w);
}

static void test_set(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_NO);
    struct scree_manage_set s = {.what = SCREE_SET_WEIGHT, .weight = 7};

    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), 0);
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->state.weight, 7);
    s = (struct scree_manage_set){.what =
                                      SCREE_SET_NET_RATE | SCREE_SET_RESTART,
                                  .net_rate = 9,
                                  .restart = SCREE_RESTART_ON_FAILURE,
                                  .retries = 3};
    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), 0);
    CU_ASSERT_EQUAL(d->retries, 3);
    managed_end(w, d, SHUTDOWN_crash, 0);
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->state.weight, 7);
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->state.net_rate, 9);
    s.what = 0;
    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), XEN_EINVAL);
    s.what = 4;
    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), XEN_EINVAL);
    s = (struct scree_manage_set){.what = SCREE_SET_WEIGHT};
    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), XEN_EINVAL);
    s = (struct scree_manage_set){.what = SCREE_SET_RESTART, .restart = 4};
    CU_ASSERT_EQUAL(manager_set(&w->m, d, &s, &w->why), XEN_EINVAL);
    managed_free(w);
}

static void test_define(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");
    struct definition *d;

    r.flags = SCREE_RUN_DEFINE;
    d = managed_run(w, &r);
    CU_ASSERT_FATAL(d != NULL);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_DOWN);
    CU_ASSERT_EQUAL(d->state.id, 0);
    CU_ASSERT_EQUAL(w->cell->count, 0);
    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), 0);
    CU_ASSERT_EQUAL(w->cell->count, 1);
    managed_free(w);
}

static void test_remove_by_itself(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");

    r.flags = SCREE_RUN_REMOVE;
    managed_end(w, managed_run(w, &r), SHUTDOWN_poweroff, 3);
    CU_ASSERT(manager_find(&w->m, "web") == NULL);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_REMOVED), 1);
    CU_ASSERT_EQUAL(w->events[1].event, SCREE_EVENT_ENDED);
    CU_ASSERT_EQUAL(w->events[1].code, 3);
    CU_ASSERT_EQUAL(w->m.count, 0);
    managed_free(w);
}

static void test_unhealthy(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);
    struct fake_domain *f = fake_domain(w->cell, d->state.id);

    f->state.watchdog_s = 8;
    f->state.watchdog_ns = w->cell->now + 8000 * MS;
    f->state.flags |= SCREE_DOMAIN_WATCHDOG;
    fake_ready(w->cell, d->state.id);
    managed_wait(w, 6000 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_READY);
    managed_wait(w, 1 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_UNHEALTHY);
    managed_end(w, d, SHUTDOWN_watchdog, 0);
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_UNHEALTHY);
    fake_ready(w->cell, d->state.id);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_READY);
    managed_free(w);
}

static void test_list(void)
{
    struct managed *w = managed_make();
    struct definition *d;
    uint32_t from = 0;
    char name[16];

    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        managed_run_named(w, name, SCREE_RESTART_NO);
    }
    for (unsigned i = 0; i < 30; i++, from = d->serial + 1) {
        d = manager_list(&w->m, from);
        snprintf(name, sizeof(name), "d%u", i);
        CU_ASSERT_FATAL(d != NULL);
        CU_ASSERT_STRING_EQUAL(definition_name(d), name);
        if (i == 10) { /* the next one goes meanwhile */
            fake_end(w->cell, d->next->state.id, SHUTDOWN_poweroff, 0);
            managed_settle(w);
            CU_ASSERT_EQUAL(manager_remove(&w->m, d->next, &w->why), 0);
            i++;
        }
    }
    CU_ASSERT(manager_list(&w->m, from) == NULL);
    CU_ASSERT(manager_list(&w->m, UINT32_MAX) == NULL);
    CU_ASSERT_STRING_EQUAL(definition_name(manager_list(&w->m, 5)), "d4");
    managed_free(w);
}

static void test_objects_in_use(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_NO);
    struct scree_control_object o = {.handle = 0};

    CU_ASSERT_EQUAL(object_drop(&w->m.objects, &o), -XEN_EBUSY);
    managed_end(w, d, SHUTDOWN_poweroff, 0);
    CU_ASSERT_EQUAL(object_drop(&w->m.objects, &o), -XEN_EBUSY);
    CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), 0);
    CU_ASSERT_EQUAL(object_drop(&w->m.objects, &o), 0);
    managed_free(w);
}

/* 10,000 come and go: nothing grows, and no operation looks at them all. */
static void test_many(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("x");
    uint64_t calls;

    r.config.memory = 4096;
    for (unsigned i = 0; i < 10000; i++) {
        struct definition *d;

        snprintf(r.config.name, SCREE_NAME_MAX, "d%u", i);
        calls = w->cell->calls_made;
        d = managed_run(w, &r);
        CU_ASSERT_FATAL(d != NULL);
        CU_ASSERT(w->cell->calls_made - calls <= 3);
    }
    CU_ASSERT_EQUAL(w->m.count, 10000);
    managed_settle(w);
    for (unsigned i = 0; i < 10000; i++) {
        struct definition *d;

        snprintf(r.config.name, SCREE_NAME_MAX, "d%u", i);
        d = manager_find(&w->m, r.config.name);
        CU_ASSERT_FATAL(d != NULL);
        CU_ASSERT_EQUAL(manager_kill(&w->m, d, &w->why), 0);
        managed_settle(w);
        CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), 0);
    }
    CU_ASSERT_EQUAL(w->cell->count, 0);
    CU_ASSERT_EQUAL(w->cell->memory, 64 << 20);
    CU_ASSERT_EQUAL(w->m.count + w->m.by_domain.count + w->m.by_name.count, 0);
    managed_free(w);
}

void suite_manager(void)
{
    static const struct unit_test tests[] = {
        {"a domain is run", test_run},
        {"every bad field is refused, with nothing done", test_bad_fields},
        {"a name is taken once", test_names_are_taken_once},
        {"addresses: fixed, next, taken, outside", test_addresses},
        {"addresses run out", test_addresses_run_out},
        {"what the cell refuses is undone and said", test_the_cell_refuses},
        {"stop asks", test_stop},
        {"stop kills in the end", test_stop_kills_in_the_end},
        {"stop wakes the paused", test_stop_wakes_the_paused},
        {"kill, then start", test_kill_and_start},
        {"a preserved crash is said once", test_preserved},
        {"set", test_set},
        {"only defined, then started", test_define},
        {"removed by itself", test_remove_by_itself},
        {"unhealthy by its watchdog", test_unhealthy},
        {"list goes on where it was", test_list},
        {"objects in use are not dropped", test_objects_in_use},
        {"10,000 come and go", test_many},
    };

    UNIT_SUITE("manager", tests);
}
