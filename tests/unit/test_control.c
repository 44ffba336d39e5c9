/* SPDX-License-Identifier: MIT */
/*
 * scree_control as a door: who may enter, what a record must look like, and
 * that a call that fails has changed nothing.
 */
#include "control_world.h"

#include <string.h>

#define EDGE (CONTROL_BUFFER + PAGE_SIZE) /* of two pages of RAM */

static const struct {
    uint32_t op, size;
} ops[] = {
#define OP(number, name, record) {number, sizeof(struct record)},
    SCREE_CONTROL_LIST(OP)
#undef OP
};

static bool has_results(uint32_t op)
{
    switch (op) {
    case SCREE_CONTROL_resume:
    case SCREE_CONTROL_pause:
    case SCREE_CONTROL_kill:
    case SCREE_CONTROL_shutdown:
    case SCREE_CONTROL_collect:
    case SCREE_CONTROL_set:
    case SCREE_CONTROL_object_seal:
    case SCREE_CONTROL_object_drop:
    case SCREE_CONTROL_store_reset:
        return false;
    default:
        return true;
    }
}

union any {
    struct scree_control head;
    char bytes[1024];
};

static union any record_of(unsigned i)
{
    union any r;

    memset(&r, 0, sizeof(r));
    r.head.version = SCREE_CONTROL_VERSION;
    r.head.op = ops[i].op;
    r.head.size = ops[i].size;
    return r;
}

static void others_are_denied(void)
{
    struct control_world x;
    struct domain *d;
    uint32_t id;

    control_prepare();
    control_start(&x);
    id = control_make(&x, "other");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, id), 0);
    d = life_find(&x.w, id);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        union any r = record_of(i);

        guest_put(d, 0x104000, &r, ops[i].size);
        CU_ASSERT_EQUAL(
            guest_call(d, __HYPERVISOR_scree_control, 0x104000, 0, 0),
            -XEN_EPERM);
        CU_ASSERT_EQUAL(guest_call(d, __HYPERVISOR_scree_control, BAD, 0, 0),
                        -XEN_EPERM);
    }
    control_stop(&x);
}

static void a_cell_without_one_has_no_door(void)
{
    struct guest_world x;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_scree_control, HERE, 0, 0),
                    -XEN_EPERM);
    CU_ASSERT_EQUAL(x.d->info->features & SCREE_FEATURE_CONTROL, 0);
    world_stop(&x.w);
}

static void bad_pointers_are_refused(void)
{
    static const uint64_t bad[] = {0,
                                   8,
                                   BAD,
                                   UINT64_MAX,
                                   UINT64_MAX - 15,
                                   SCREE_GUEST_END - 8,
                                   0x100000 + CONTROL_PAGES * PAGE_SIZE};
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT_EQUAL(
            guest_call(x.d0, __HYPERVISOR_scree_control, bad[i], 0, 0),
            -XEN_EFAULT);
    CU_ASSERT(control_same(&x, &p));
    control_stop(&x);
}

/* The head lies in memory, the rest of the record does not. */
static void cut_off_records_are_refused(void)
{
    const uint64_t end = 0x100000 + CONTROL_PAGES * PAGE_SIZE;
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        union any r = record_of(i);
        uint64_t at = end - ops[i].size + 1;

        if (ops[i].size == sizeof(r.head))
            continue;
        guest_put(x.d0, at, &r, ops[i].size - 1);
        CU_ASSERT_EQUAL(guest_call(x.d0, __HYPERVISOR_scree_control, at, 0, 0),
                        -XEN_EFAULT);
    }
    CU_ASSERT(control_same(&x, &p));
    control_stop(&x);
}

static void records_may_cross_pages(void)
{
    struct control_world x;

    control_prepare();
    control_start(&x);
    for (uint32_t back = 1; back < 40; back++) {
        struct scree_control_cell r = {
            .head = {SCREE_CONTROL_VERSION, SCREE_CONTROL_cell, sizeof(r), 0}};

        CU_ASSERT_EQUAL(control_call_at(&x, EDGE - back, &r, sizeof(r)), 0);
        CU_ASSERT_EQUAL(r.domains, 1);
    }
    control_stop(&x);
}

/* A record in memory that cannot be written is good for ops without results
 * only. Text is such memory. */
static void results_need_writable_records(void)
{
    const uint64_t at = 0x100100;
    struct control_world x;
    struct control_picture p;

    control_prepare();
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        union any r = record_of(i);

        r.head.domain = 77; /* nobody */
        memcpy(life_bundle.text + 0x100, &r, ops[i].size);
        control_start(&x);
        p = control_look(&x);
        CU_ASSERT_EQUAL(guest_call(x.d0, __HYPERVISOR_scree_control, at, 0,
                                   0) == -XEN_EFAULT,
                        has_results(ops[i].op));
        CU_ASSERT(control_same(&x, &p));
        control_stop(&x);
    }
}

static void heads_are_checked(void)
{
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        union any r = record_of(i);

        r.head.version = 0;
        CU_ASSERT_EQUAL(control_call_at(&x, CONTROL_RECORD, &r, ops[i].size),
                        -XEN_EINVAL);
        r = record_of(i);
        r.head.version = SCREE_CONTROL_VERSION + 1;
        CU_ASSERT_EQUAL(control_call_at(&x, CONTROL_RECORD, &r, ops[i].size),
                        -XEN_EINVAL);
        r = record_of(i);
        r.head.size--;
        CU_ASSERT_EQUAL(control_call_at(&x, CONTROL_RECORD, &r, ops[i].size),
                        -XEN_EINVAL);
        r = record_of(i);
        r.head.size = UINT32_MAX;
        CU_ASSERT_EQUAL(control_call_at(&x, CONTROL_RECORD, &r, ops[i].size),
                        -XEN_EINVAL);
    }
    CU_ASSERT(control_same(&x, &p));
    control_stop(&x);
}

static void unknown_ops_are_no_calls(void)
{
    static const uint32_t numbers[] = {0, ARRAY_SIZE(ops) + 1, 1000,
                                       UINT32_MAX};
    struct control_world x;

    control_prepare();
    control_start(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        union any r = record_of(0);

        r.head.op = numbers[i];
        CU_ASSERT_EQUAL(control_call_at(&x, CONTROL_RECORD, &r, sizeof(r)),
                        -XEN_ENOSYS);
    }
    control_stop(&x);
}

/* Inside a multicall, too: the long ones give way there. */
static void multicalls_carry_it(void)
{
    struct control_world x;
    struct scree_control_cell r = {
        .head = {SCREE_CONTROL_VERSION, SCREE_CONTROL_cell, sizeof(r), 0}};
    struct multicall_entry e[2] = {
        {.op = __HYPERVISOR_scree_control, .args = {CONTROL_RECORD}},
        {.op = __HYPERVISOR_scree_control, .args = {CONTROL_BUFFER + 4096}},
    };
    struct scree_control_object o = {.head = {SCREE_CONTROL_VERSION,
                                              SCREE_CONTROL_object_drop,
                                              sizeof(o), 0}};
    static char large[1500 * PAGE_SIZE];

    control_prepare();
    control_start(&x);
    o.handle = control_upload(&x, large, sizeof(large));
    guest_put(x.d0, CONTROL_RECORD, &r, sizeof(r));
    guest_put(x.d0, CONTROL_BUFFER + 4096, &o, sizeof(o));
    guest_put(x.d0, CONTROL_BUFFER, e, sizeof(e));
    CU_ASSERT_EQUAL(
        guest_call(x.d0, __HYPERVISOR_multicall, CONTROL_BUFFER, 2, 0), 0);
    guest_get(x.d0, CONTROL_BUFFER, e, sizeof(e));
    CU_ASSERT_EQUAL(e[0].result, 0);
    CU_ASSERT_EQUAL(e[1].result, 0);
    control_stop(&x);
}

static void the_cell_is_described(void)
{
    struct control_world x;
    struct scree_control_cell r = {.cpus = 99};

    control_prepare();
    control_start(&x);
    CU_ASSERT_EQUAL(CONTROL(&x, cell, &r), 0);
    CU_ASSERT_EQUAL(r.cpus, 1);
    CU_ASSERT_EQUAL(r.domains, 1);
    CU_ASSERT_EQUAL(r.domain_limit, 61);
    CU_ASSERT_EQUAL(r.network, 0x0a000000);
    CU_ASSERT_EQUAL(r.prefix, 24);
    CU_ASSERT_EQUAL(r.gateway, 0x0a000001);
    CU_ASSERT_EQUAL(r.resolver, 0x0a000001);
    CU_ASSERT_EQUAL(r.frames_free, frames_free(x.w.frames));
    CU_ASSERT_EQUAL(r.frames_available, frames_available(x.w.frames));
    CU_ASSERT_EQUAL(r.frames_total, frames_total(x.w.frames));
    CU_ASSERT(r.now <= machine_clock());
    CU_ASSERT_EQUAL(strncmp(r.version, "scree ", 6), 0);
    r.head.domain = 1;
    CU_ASSERT_EQUAL(CONTROL(&x, cell, &r), -XEN_EINVAL);
    control_stop(&x);
}

void suite_control(void)
{
    static const struct unit_test tests[] = {
        {"others are denied", others_are_denied},
        {"a cell without one has no door", a_cell_without_one_has_no_door},
        {"bad pointers are refused", bad_pointers_are_refused},
        {"cut-off records are refused", cut_off_records_are_refused},
        {"records may cross pages", records_may_cross_pages},
        {"results need writable records", results_need_writable_records},
        {"heads are checked", heads_are_checked},
        {"unknown ops are no calls", unknown_ops_are_no_calls},
        {"multicalls carry it", multicalls_carry_it},
        {"the cell is described", the_cell_is_described},
    };

    UNIT_SUITE("control", tests);
}
