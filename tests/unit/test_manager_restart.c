/* SPDX-License-Identifier: MIT */
/*
 * Restart policies with their back-off, and what a manager knows after the
 * control domain has started again.
 */
#include <stdio.h>
#include <string.h>

#include "control/restart.h"
#include "managed.h"
#include "unit.h"

#define MS 1000000ull

static bool back(uint32_t policy, uint32_t retries, uint32_t reason,
                 uint32_t code)
{
    struct restart_end e = {policy, retries, 2, reason, code};

    return restart_wanted(&e);
}

static void test_policies(void)
{
    CU_ASSERT_FALSE(back(SCREE_RESTART_NO, 0, SHUTDOWN_crash, 0));
    CU_ASSERT_FALSE(back(SCREE_RESTART_ON_FAILURE, 0, SHUTDOWN_poweroff, 0));
    CU_ASSERT(back(SCREE_RESTART_ON_FAILURE, 0, SHUTDOWN_poweroff, 1));
    CU_ASSERT(back(SCREE_RESTART_ON_FAILURE, 3, SHUTDOWN_crash, 0));
    CU_ASSERT_FALSE(back(SCREE_RESTART_ON_FAILURE, 2, SHUTDOWN_crash, 0));
    CU_ASSERT(back(SCREE_RESTART_ON_FAILURE, 0, SHUTDOWN_watchdog, 0));
    CU_ASSERT(back(SCREE_RESTART_ALWAYS, 0, SHUTDOWN_poweroff, 0));
    CU_ASSERT(back(SCREE_RESTART_UNLESS_STOPPED, 0, SHUTDOWN_reboot, 0));
}

static void test_delays(void)
{
    static const uint64_t ms[] = {100,  200,   400,   800,   1600, 3200,
                                  6400, 12800, 25600, 30000, 30000};

    for (unsigned i = 0; i < ARRAY_SIZE(ms); i++)
        CU_ASSERT_EQUAL(restart_delay(i), ms[i] * MS);
    CU_ASSERT_EQUAL(restart_delay(UINT32_MAX), 30000 * MS);
}

static void test_back_off(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);
    struct scree_manage_state s;

    for (unsigned i = 0; i < 4; i++) {
        managed_end(w, d, SHUTDOWN_crash, 0);
        CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_BACKOFF);
        definition_tell(d, w->cell->now, &s);
        CU_ASSERT_EQUAL(s.next_ns, w->cell->now + (100ull << i) * MS);
        managed_wait(w, (100ull << i) * MS - 1);
        CU_ASSERT_EQUAL(d->life, LIFE_BACKOFF);
        managed_wait(w, 1);
        CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STARTING);
    }
    CU_ASSERT_EQUAL(d->restarts, 4);
    CU_ASSERT_EQUAL(d->ended, 4);
    managed_wait(w, RESTART_FORGIVEN);
    managed_end(w, d, SHUTDOWN_crash, 0);
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    managed_free(w);
}

static void test_retries_end(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");
    struct definition *d;

    r.restart = SCREE_RESTART_ON_FAILURE;
    r.retries = 2;
    d = managed_run(w, &r);
    for (unsigned i = 0; i < 2; i++) {
        managed_end(w, d, SHUTDOWN_poweroff, 9);
        managed_wait(w, 1000 * MS);
        CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    }
    managed_end(w, d, SHUTDOWN_poweroff, 9);
    CU_ASSERT_EQUAL(d->life, LIFE_DOWN);
    CU_ASSERT_EQUAL(d->code, 9);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_DOWN), 1);
    managed_free(w);
}

static void test_refused_tries_go_on(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);

    managed_end(w, d, SHUTDOWN_crash, 0);
    w->cell->fail_create = -XEN_ENOMEM;
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_BACKOFF);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_REFUSED), 1);
    managed_wait(w, 200 * MS);
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_REFUSED), 2);
    w->cell->fail_create = 0;
    managed_wait(w, 400 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    CU_ASSERT_EQUAL(d->restarts, 1);
    managed_free(w);
}

/* Who asks for a start that cannot be gives up nothing. */
static void test_refused_start_in_back_off(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);

    managed_end(w, d, SHUTDOWN_crash, 0);
    w->cell->fail_create = -XEN_ENOMEM;
    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), XEN_ENOMEM);
    CU_ASSERT_EQUAL(d->life, LIFE_BACKOFF);
    w->cell->fail_create = 0;
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    managed_end(w, d, SHUTDOWN_crash, 0);
    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), 0);
    managed_wait(w, 1000 * MS); /* once */
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    CU_ASSERT_EQUAL(w->cell->count, 1);
    managed_free(w);
}

static void test_stop_ends_back_off(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);

    managed_end(w, d, SHUTDOWN_crash, 0);
    CU_ASSERT_EQUAL(manager_stop(&w->m, d, 1000, &w->why), 0);
    CU_ASSERT_EQUAL(d->life, LIFE_DOWN);
    managed_wait(w, 60000 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_DOWN);
    CU_ASSERT_EQUAL(w->cell->count, 0);
    managed_free(w);
}

/* ------------------------------------------------------------- rebuild */

static void test_rebuilt(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");
    struct definition *d;
    uint32_t id, serial;

    r.address = SCREE_ADDRESS_NEXT;
    r.restart = SCREE_RESTART_ON_FAILURE;
    r.retries = 5;
    r.config.group = 4;
    memset(r.files, 0x22, sizeof(r.files));
    strcpy(r.config.cmdline, "a=b");
    d = managed_run(w, &r);
    managed_end(w, d, SHUTDOWN_crash, 0);
    managed_wait(w, 100 * MS);
    id = d->state.id;
    serial = d->serial;
    managed_restart(w);
    managed_settle(w);
    CU_ASSERT_EQUAL(w->came, 1);
    d = manager_find(&w->m, "web");
    CU_ASSERT_FATAL(d != NULL);
    CU_ASSERT_EQUAL(d->state.id, id);
    CU_ASSERT_EQUAL(d->serial, serial);
    CU_ASSERT_EQUAL(d->restarts, 1);
    CU_ASSERT_EQUAL(d->tries, 1);
    CU_ASSERT_EQUAL(d->retries, 5);
    CU_ASSERT(!memcmp(d->image, r.image, sizeof(r.image)));
    CU_ASSERT(!memcmp(d->files, r.files, sizeof(r.files)));
    CU_ASSERT(address_used(&w->m.addresses, 0x0a000002));
    managed_end(w, d, SHUTDOWN_crash, 0);
    managed_wait(w, 200 * MS);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    CU_ASSERT_STRING_EQUAL(fake_domain(w->cell, d->state.id)->config.cmdline,
                           "a=b");
    CU_ASSERT_EQUAL(fake_domain(w->cell, d->state.id)->config.group, 4);
    managed_free(w);
}

static void test_ended_meanwhile(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);

    fake_end(w->cell, d->state.id, SHUTDOWN_crash, 0);
    managed_restart(w);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_BACKOFF);
    managed_wait(w, 100 * MS);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STARTING);
    CU_ASSERT_EQUAL(w->cell->count, 1);
    managed_free(w);
}

/* The control domain ended between its creation and its first moment. */
static void test_made_and_not_let_go(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_NO);
    struct definition *other = managed_run_named(w, "other", SCREE_RESTART_NO);
    uint32_t web = d->state.id, paused = other->state.id;

    fake_domain(w->cell, web)->state.state = SCREE_DOMAIN_PAUSED;
    fake_domain(w->cell, paused)->state.cpu_ns = 1;
    CU_ASSERT_EQUAL(manager_pause(&w->m, other, &w->why), 0);
    managed_restart(w);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "web"), SCREE_PHASE_STARTING);
    CU_ASSERT_EQUAL(managed_phase(w, "other"), SCREE_PHASE_PAUSED);
    managed_free(w);
}

static void test_adopt(void)
{
    struct managed *w = managed_make();
    struct scree_manage_run r = managed_request("web");

    strcpy(r.config.cmdline, "a=b");
    CU_ASSERT_FATAL(managed_run(w, &r) != NULL);
    w->cell->no_config = true;
    managed_restart(w);
    managed_settle(w);
    r.flags = SCREE_RUN_ADOPT | SCREE_RUN_DEFINE;
    r.restart = SCREE_RESTART_ALWAYS;
    CU_ASSERT_FATAL(managed_run(w, &r) != NULL);
    CU_ASSERT_EQUAL(w->cell->count, 1);
    CU_ASSERT_EQUAL(manager_find(&w->m, "web")->restart, SCREE_RESTART_ALWAYS);
    CU_ASSERT_STRING_EQUAL(manager_find(&w->m, "web")->cmdline, "a=b");
    strcpy(r.config.cmdline, "a=c"); /* now it is known */
    CU_ASSERT(managed_run(w, &r) == NULL);
    CU_ASSERT_EQUAL(w->why.error, XEN_EEXIST);
    strcpy(r.config.name, "other"); /* nobody to adopt: as without */
    CU_ASSERT_FATAL(managed_run(w, &r) != NULL);
    CU_ASSERT_EQUAL(managed_phase(w, "other"), SCREE_PHASE_DOWN);
    managed_free(w);
}

static void test_boot_bundle(void)
{
    struct managed *w = managed_make();
    uint32_t id = fake_boot(w->cell, "dns", 0x0a000002);
    struct definition *d;

    managed_restart(w);
    managed_settle(w);
    d = manager_find(&w->m, "dns");
    CU_ASSERT_FATAL(d != NULL);
    CU_ASSERT_EQUAL(d->serial, id);
    CU_ASSERT(d->flags & DEFINITION_BOOT);
    CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), XEN_EBUSY);
    CU_ASSERT_EQUAL(manager_kill(&w->m, d, &w->why), 0);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "dns"), SCREE_PHASE_DOWN);
    CU_ASSERT_EQUAL(manager_start(&w->m, d, &w->why), XEN_EINVAL);
    CU_ASSERT_EQUAL(manager_remove(&w->m, d, &w->why), XEN_EBUSY);
    CU_ASSERT(fake_domain(w->cell, id) != NULL); /* not ours to collect */
    manager_changed(&w->m, id);                  /* said a second time */
    CU_ASSERT_EQUAL(managed_said(w, SCREE_EVENT_ENDED), 1);
    /* the cell starts it again by itself */
    (void)fake_boot(w->cell, "dns", 0x0a000002);
    managed_settle(w);
    CU_ASSERT_EQUAL(managed_phase(w, "dns"), SCREE_PHASE_STARTING);
    CU_ASSERT_EQUAL(d->restarts, 1);
    managed_free(w);
}

/* Its end was not looked at in time. */
static void test_boot_domain_comes_back(void)
{
    struct managed *w = managed_make();
    uint32_t id = fake_boot(w->cell, "dns", 0);
    struct definition *d;

    managed_settle(w);
    d = manager_find(&w->m, "dns");
    CU_ASSERT_FATAL(d != NULL);
    fake_boot_gone(w->cell, id);
    fake_boot_again(w->cell, id, "dns");
    CU_ASSERT_EQUAL(managed_phase(w, "dns"), SCREE_PHASE_STARTING);
    managed_settle(w);
    CU_ASSERT_EQUAL(d->life, LIFE_LIVE);
    CU_ASSERT_EQUAL(d->state.created_ns, w->cell->now);
    CU_ASSERT_EQUAL(d->ended, 1);
    CU_ASSERT_EQUAL(d->restarts, 1);
    CU_ASSERT_EQUAL(w->went, 1);
    CU_ASSERT_EQUAL(w->came, 2);
    managed_free(w);
}

/* Tags that nobody of ours has written. */
static void test_strange_tags(void)
{
    struct managed *w = managed_make();
    struct definition *d = managed_run_named(w, "web", SCREE_RESTART_ALWAYS);
    uint8_t *tag = fake_domain(w->cell, d->state.id)->state.tag;
    uint64_t seed = 3;

    for (unsigned i = 0; i < 200; i++) {
        tag[unit_random(&seed) % SCREE_TAG_MAX] = (uint8_t)unit_random(&seed);
        managed_restart(w);
        managed_settle(w);
        CU_ASSERT_NOT_EQUAL(managed_phase(w, "web"), UINT32_MAX);
    }
    managed_free(w);
}

void suite_manager_restart(void)
{
    static const struct unit_test tests[] = {
        {"which ends are followed by a restart", test_policies},
        {"delays double to 30 s", test_delays},
        {"back-off, and forgiveness", test_back_off},
        {"retries come to an end", test_retries_end},
        {"refused tries go on", test_refused_tries_go_on},
        {"a refused start in back-off", test_refused_start_in_back_off},
        {"stop ends back-off", test_stop_ends_back_off},
        {"definitions are rebuilt", test_rebuilt},
        {"so are those that ended meanwhile", test_ended_meanwhile},
        {"one that was made and not let go runs", test_made_and_not_let_go},
        {"the host's definition is adopted", test_adopt},
        {"domains of the boot bundle", test_boot_bundle},
        {"a domain of the boot bundle comes back", test_boot_domain_comes_back},
        {"strange tags", test_strange_tags},
    };

    UNIT_SUITE("manager_restart", tests);
}
