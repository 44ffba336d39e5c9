/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the control domain (chapter 24). This is domain 0 of a cell of
 * its own (control.conf). The domains that it makes are this same image: what
 * they do their command line says, and what they saw comes back in their exit
 * codes. Besides, it answers the store guest's requests, each with itself.
 */
#include "rt.h"

#include "scree/control.h"
#include "scree/store.h"

SCREE_IMAGE(2 << 20, 32768);

#define WAIT (10 * RT_SECOND)

/* --------------------------------------------------------------- children */

__attribute__((noreturn)) static void leave(uint32_t code)
{
    struct sched_shutdown s = {SCREE_SHUTDOWN(SHUTDOWN_poweroff, code)};

    for (;;)
        (void)HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

/* Sleeps until it is asked to end; its code says how. */
static void child_asked(void)
{
    uint64_t end = rt_now() + WAIT;

    while (!rt_info()->shutdown && rt_now() < end)
        (void)HYPERVISOR_scree_idle(end);
    leave(rt_take_event(SCREE_PORT_CONTROL) ? rt_info()->shutdown : 99);
}

/* Is everything of domain 0 denied, and told so by the info page? */
static void child_denied(void)
{
    struct scree_control r = {SCREE_CONTROL_VERSION, SCREE_CONTROL_kill,
                              sizeof(r), 1};
    bool good = HYPERVISOR_scree_control(&r) == -XEN_EPERM &&
                HYPERVISOR_scree_control((void *)8) == -XEN_EPERM;

    leave(good && !(rt_info()->features & SCREE_FEATURE_CONTROL) ? 1 : 2);
}

static void child_reads(void)
{
    const volatile uint8_t *p =
        (const volatile uint8_t *)(uintptr_t)rt_info()->files_start;

    leave(rt_info()->features & SCREE_FEATURE_FILES ? p[0] : 99);
}

/* How long did it not run? The code is in tenths of a second. */
static void child_paused(void)
{
    uint64_t last = rt_now(), most = 0;

    for (uint64_t begin = last; last < begin + RT_SECOND;) {
        uint64_t now = rt_now();

        if (now - last > most)
            most = now - last;
        last = now;
    }
    leave(most / (100 * RT_MS) > 200 ? 200 : (uint32_t)(most / (100 * RT_MS)));
}

static void child(void)
{
    if (rt_has_option("code"))
        leave((uint32_t)rt_option("code", 0));
    if (rt_has_option("asked"))
        child_asked();
    if (rt_has_option("denied"))
        child_denied();
    if (rt_has_option("reads"))
        child_reads();
    if (rt_has_option("paused"))
        child_paused();
    if (rt_has_option("again"))
        rt_shutdown(SHUTDOWN_reboot);
    if (rt_has_option("crash"))
        rt_shutdown(SHUTDOWN_crash);
    for (;;)
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
}

/* ------------------------------------------------------------------ calls */

static int64_t call(void *record, uint32_t op, uint32_t size)
{
    struct scree_control *head = record;

    head->version = SCREE_CONTROL_VERSION;
    head->op = op;
    head->size = size;
    return HYPERVISOR_scree_control(record);
}

#define CALL(r, name) call(r, SCREE_CONTROL_##name, sizeof(*(r)))

static int64_t on_domain(uint32_t op, uint32_t id)
{
    struct scree_control r = {.domain = id};

    return call(&r, op, sizeof(r));
}

/* The state of `id`; state 0: there is no such domain. */
static struct scree_domain_state look(uint32_t id)
{
    static struct scree_control_get g;

    g.head.domain = id;
    if (CALL(&g, get) || g.state.id != id)
        memset(&g.state, 0, sizeof(g.state));
    return g.state;
}

static struct scree_control_create plan(const char *cmdline)
{
    struct scree_control_create r;

    memset(&r, 0, sizeof(r));
    r.config.size = sizeof(r.config);
    r.config.image = look(0).image;
    r.config.module = SCREE_NO_MODULE;
    r.config.weight = SCREE_WEIGHT_DEFAULT;
    r.config.memory = 2 << 20;
    memcpy(r.config.name, "child", 6);
    memcpy(r.config.cmdline, cmdline, strlen(cmdline) + 1);
    memcpy(r.tag, "tag", 4);
    return r;
}

static uint32_t make(struct scree_control_create r)
{
    return CALL(&r, create) ? 0 : r.head.domain;
}

static bool wait_for(uint32_t id, uint32_t state)
{
    uint64_t end = rt_now() + WAIT;

    while (look(id).state != state && rt_now() < end)
        (void)HYPERVISOR_scree_idle(rt_now() + RT_MS);
    return look(id).state == state;
}

/* Runs a child to its end, collects it; its exit code, or -1. */
static int64_t outcome(struct scree_control_create r)
{
    uint32_t id = make(r);
    struct scree_domain_state s;

    if (!id || on_domain(SCREE_CONTROL_resume, id) ||
        !wait_for(id, SCREE_DOMAIN_ENDED))
        return -1;
    s = look(id);
    (void)on_domain(SCREE_CONTROL_collect, id);
    return s.reason == SHUTDOWN_poweroff ? (int64_t)s.code : -1;
}

/* ----------------------------------------------------------------- tests */

static void who(void)
{
    tap_is(rt_info()->domain, 0, "ABI-CTL-01 the control domain is 0");
    tap_ok(rt_info()->features & SCREE_FEATURE_CONTROL,
           "ABI-CTL-01 and has the feature");
    tap_is(outcome(plan("denied")), 1, "ABI-CTL-01 others are denied");
}

static void records(void)
{
    struct scree_control_cell r;

    memset(&r, 0, sizeof(r));
    tap_is(CALL(&r, cell), 0, "ABI-CTL-02 a good record");
    tap_is(call(&r, 999, sizeof(r)), -XEN_ENOSYS, "ABI-CTL-02 unknown op");
    tap_is(call(&r, SCREE_CONTROL_cell, sizeof(r) - 1), -XEN_EINVAL,
           "ABI-CTL-02 wrong size");
    r.head.version = 2;
    tap_is(HYPERVISOR_scree_control(&r), -XEN_EINVAL,
           "ABI-CTL-02 wrong version");
    tap_is(HYPERVISOR_scree_control(NULL), -XEN_EFAULT, "ABI-CTL-02 no record");
    tap_ok(r.cpus >= 1 && r.domains >= 2 && r.domain_limit > r.domains &&
               r.frames_available <= r.frames_free &&
               r.frames_free < r.frames_total && r.now <= rt_now(),
           "ABI-CTL-03 the cell");
}

static void life(void)
{
    uint32_t id = make(plan("asked")), next;
    struct scree_domain_state s = look(id);

    tap_ok(id != 0, "ABI-CTL-04 create");
    tap_is(s.state, SCREE_DOMAIN_PAUSED, "ABI-CTL-04 it is paused");
    tap_ok(!strcmp(s.name, "child") && !strcmp((char *)s.tag, "tag") &&
               s.image == look(0).image && s.memory == 2 << 20,
           "ABI-CTL-09 get");
    tap_is(on_domain(SCREE_CONTROL_collect, id), -XEN_EBUSY,
           "ABI-CTL-07 it has not ended");
    tap_is(on_domain(SCREE_CONTROL_kill, id), 0, "ABI-CTL-06 kill");
    tap_ok(wait_for(id, SCREE_DOMAIN_ENDED), "ABI-CTL-06 it ends");
    tap_is(look(id).reason, SCREE_END_KILLED, "ABI-CTL-06 as killed");
    tap_is(on_domain(SCREE_CONTROL_kill, id), -XEN_EINVAL,
           "ABI-CTL-06 not twice");
    tap_is(on_domain(SCREE_CONTROL_collect, id), 0, "ABI-CTL-07 collect");
    tap_is(on_domain(SCREE_CONTROL_collect, id), -XEN_ESRCH,
           "ABI-CTL-07 it is forgotten");
    next = make(plan("code=1"));
    tap_ok(next != 0 && next != id, "ABI-CTL-04 ids come in turn");
    tap_is(on_domain(SCREE_CONTROL_kill, 0), -XEN_EINVAL,
           "ABI-CTL-06 never itself");
    (void)on_domain(SCREE_CONTROL_kill, next);
    (void)wait_for(next, SCREE_DOMAIN_ENDED);
    (void)on_domain(SCREE_CONTROL_collect, next);
}

static void refused(void)
{
    struct scree_control_create r = plan("");

    r.config.flags = SCREE_CONFIG_CONTROL;
    tap_is(CALL(&r, create), -XEN_EINVAL, "ABI-CTL-05 a second one");
    r = plan("");
    r.config.on_crash = SCREE_ON_CRASH_RESTART;
    tap_is(CALL(&r, create), -XEN_EINVAL, "ABI-CTL-05 restarts are its own");
    r = plan("");
    r.config.image = 1000000;
    tap_is(CALL(&r, create), -XEN_ENOENT, "ABI-CTL-05 no such image");
    r = plan("");
    r.config.memory = 4096;
    tap_is(CALL(&r, create), -XEN_E2BIG, "ABI-CTL-05 too small for it");
    r = plan("");
    r.config.memory = 1ull << 39;
    tap_is(CALL(&r, create), -XEN_ENOMEM, "ABI-CTL-05 too large for the cell");
    r = plan("");
    r.config.ipv4 = 0x7f000001;
    tap_is(CALL(&r, create), -XEN_EADDRNOTAVAIL, "ABI-CTL-05 no such address");
}

static void codes(void)
{
    tap_is(outcome(plan("code=0")), 0, "ABI-SCHED-08 exit code 0");
    tap_is(outcome(plan("code=7")), 7, "ABI-SCHED-08 exit code 7");
    tap_is(outcome(plan("code=255")), 255, "ABI-SCHED-08 exit code 255");
}

/* Nobody makes it anew. */
static void rebooting(void)
{
    uint32_t id = make(plan("again"));

    (void)on_domain(SCREE_CONTROL_resume, id);
    tap_ok(wait_for(id, SCREE_DOMAIN_ENDED), "ABI-LIFE-04 it ends");
    tap_is(look(id).reason, SHUTDOWN_reboot, "ABI-LIFE-04 as it said");
    rt_sleep(300 * RT_MS);
    tap_is(look(id).state, SCREE_DOMAIN_ENDED, "ABI-LIFE-04 for good");
    (void)on_domain(SCREE_CONTROL_collect, id);
}

static void own_limits(void)
{
    struct sched_shutdown s = {0x10000};

    tap_is(HYPERVISOR_sched_op(SCHEDOP_shutdown, &s), -XEN_EINVAL,
           "ABI-SCHED-08 no more than a byte");
    s.reason = SCREE_SHUTDOWN(SHUTDOWN_MAX + 1, 1);
    tap_is(HYPERVISOR_sched_op(SCHEDOP_shutdown, &s), -XEN_EINVAL,
           "ABI-SCHED-08 an unknown reason");
}

/* Asked to end, by both reasons. */
static void asked(void)
{
    for (uint32_t reason = SHUTDOWN_poweroff; reason <= SHUTDOWN_reboot;
         reason++) {
        uint32_t id = make(plan("asked"));
        struct scree_control_shutdown s = {.head = {.domain = id},
                                           .reason = reason};

        (void)on_domain(SCREE_CONTROL_resume, id);
        tap_is(CALL(&s, shutdown), 0, "ABI-CTL-08 shutdown");
        tap_ok(wait_for(id, SCREE_DOMAIN_ENDED), "ABI-EVT-20 port 6 wakes it");
        tap_is(look(id).code, reason + 1, "ABI-INFO-14 info.shutdown");
        (void)on_domain(SCREE_CONTROL_collect, id);
    }
    tap_is(rt_info()->shutdown, 0, "ABI-INFO-14 0 when nobody asked");
}

static void paused(void)
{
    uint32_t id = make(plan("paused"));

    tap_is(on_domain(SCREE_CONTROL_pause, id), -XEN_EINVAL,
           "ABI-CTL-05 it is paused from the start");
    tap_is(on_domain(SCREE_CONTROL_resume, id), 0, "ABI-CTL-05 resume");
    rt_sleep(100 * RT_MS);
    tap_is(on_domain(SCREE_CONTROL_pause, id), 0, "ABI-CTL-05 pause");
    tap_is(look(id).state, SCREE_DOMAIN_PAUSED, "ABI-CTL-05 it is paused");
    rt_sleep(500 * RT_MS);
    tap_is(on_domain(SCREE_CONTROL_resume, id), 0, "ABI-CTL-05 resume again");
    tap_ok(wait_for(id, SCREE_DOMAIN_ENDED), "ABI-CTL-05 it goes on");
    tap_ok(look(id).code >= 4 && look(id).code < 100,
           "ABI-LIFE-02 it stood still for half a second");
    (void)on_domain(SCREE_CONTROL_collect, id);
}

static void numbers(void)
{
    uint32_t id = make(plan(""));
    struct scree_control_set s = {
        .head = {.domain = id}, .what = SCREE_SET_WEIGHT, .weight = 77};
    static struct scree_control_create c;

    tap_ok(!(look(id).flags & SCREE_DOMAIN_READY), "ABI-CTL-09 not up");
    (void)on_domain(SCREE_CONTROL_resume, id);
    rt_sleep(50 * RT_MS);
    tap_ok(look(id).flags & SCREE_DOMAIN_READY, "ABI-CTL-09 up: it sleeps");
    tap_ok(look(id).hypercalls > 0 && look(id).frames > 2, "ABI-CTL-09 counts");
    tap_is(CALL(&s, set), 0, "ABI-CTL-11 set");
    tap_is(look(id).weight, 77, "ABI-CTL-11 the weight");
    c.head.domain = id;
    tap_is(CALL(&c, config), 0, "ABI-CTL-10 config");
    tap_ok(c.config.memory == 2 << 20 && !strcmp(c.config.name, "child") &&
               !strcmp((char *)c.tag, "tag"),
           "ABI-CTL-10 as it was made");
    (void)on_domain(SCREE_CONTROL_kill, id);
    (void)wait_for(id, SCREE_DOMAIN_ENDED);
    (void)on_domain(SCREE_CONTROL_collect, id);
}

/* What happened to `id`, everything else being forgotten. */
static uint32_t changes(uint32_t id)
{
    struct scree_control_next n = {.happened = 0};
    uint32_t happened = 0;

    while (CALL(&n, next) == 0) {
        if (n.head.domain == id)
            happened |= n.happened;
        n.head.domain = 0;
    }
    return happened;
}

static void told(void)
{
    struct scree_control_next n = {.happened = 0};
    uint32_t id;

    (void)changes(0);
    tap_is(CALL(&n, next), -XEN_ENOENT, "ABI-CTL-12 nothing happened");
    rt_clear_events();
    id = make(plan("code=3"));
    tap_ok(rt_take_event(SCREE_PORT_CONTROL), "ABI-CTL-12 port 6 is raised");
    tap_is(changes(id), SCREE_HAPPENED_STATE, "ABI-CTL-12 create");
    (void)on_domain(SCREE_CONTROL_resume, id);
    (void)wait_for(id, SCREE_DOMAIN_ENDED);
    tap_is(changes(id), SCREE_HAPPENED_STATE, "ABI-CTL-12 its end");
    (void)on_domain(SCREE_CONTROL_collect, id);
}

/* --------------------------------------------------------------- objects */

static struct {
    struct scree_bundle head;
    struct scree_bundle_module module;
    uint8_t bytes[4096] __attribute__((aligned(4096)));
} object __attribute__((aligned(4096)));

static void fill_object(void)
{
    object.head = (struct scree_bundle){
        .magic = SCREE_BUNDLE_MAGIC,
        .version = SCREE_BUNDLE_VERSION,
        .header_size = sizeof(object.head),
        .size = sizeof(object),
        .modules = (uint64_t)((char *)&object.module - (char *)&object),
        .module_count = 1,
    };
    object.module = (struct scree_bundle_module){
        .name = "files",
        .offset = (uint64_t)((char *)object.bytes - (char *)&object),
        .size = 100,
    };
    object.bytes[0] = 42;
}

static int64_t seal(uint32_t handle)
{
    struct scree_control_object o = {.handle = handle};

    return CALL(&o, object_seal);
}

static int64_t drop(uint32_t handle)
{
    struct scree_control_object o = {.handle = handle};

    return CALL(&o, object_drop);
}

/* Uploads `object`, half by half; its handle, or 0. */
static uint32_t upload(void)
{
    struct scree_control_object o = {.size = sizeof(object)};
    struct scree_control_transfer t = {.length = sizeof(object) / 2};

    if (CALL(&o, object_begin))
        return 0;
    t.head.domain = o.handle;
    t.address = (uint64_t)(uintptr_t)&object;
    tap_is(CALL(&t, object_write), 0, "ABI-CTL-13 object_write");
    tap_is(seal(o.handle), -XEN_EINVAL, "ABI-CTL-14 half of it");
    t.offset = t.length;
    t.address += t.length;
    tap_is(CALL(&t, object_write), 0, "ABI-CTL-13 the rest");
    tap_is(t.done, t.length, "ABI-CTL-13 done");
    return o.handle;
}

static void objects(void)
{
    struct scree_control_create r = plan("reads");
    struct scree_control_object o = {.size = SCREE_OBJECT_SIZE_MAX + 1};
    struct scree_control_transfer t = {.length = 1};

    fill_object();
    tap_is(CALL(&o, object_begin), -XEN_EINVAL, "ABI-CTL-13 too large");
    r.config.module = upload();
    tap_ok(r.config.module != 0, "ABI-CTL-13 object_begin");
    tap_is(CALL(&r, create), -XEN_ENOENT, "ABI-CTL-14 not sealed");
    tap_is(seal(r.config.module), 0, "ABI-CTL-14 object_seal");
    t.head.domain = r.config.module;
    t.address = (uint64_t)(uintptr_t)&object;
    tap_is(CALL(&t, object_write), -XEN_EINVAL, "ABI-CTL-14 it stays so");
    o = (struct scree_control_object){.handle = r.config.module};
    tap_is(CALL(&o, object_get), 0, "ABI-CTL-15 object_get");
    tap_ok(o.kind == SCREE_OBJECT_MODULE && o.users == 0 &&
               o.size == sizeof(object),
           "ABI-CTL-15 what it is");
    tap_is(outcome(r), 42, "ABI-CTL-14 a domain reads it");
    r.head.domain = 0;
    r.head.domain = make(r);
    tap_is(drop(r.config.module), -XEN_EBUSY, "ABI-CTL-15 it is in use");
    (void)on_domain(SCREE_CONTROL_kill, r.head.domain);
    (void)wait_for(r.head.domain, SCREE_DOMAIN_ENDED);
    (void)on_domain(SCREE_CONTROL_collect, r.head.domain);
    tap_is(drop(r.config.module), 0, "ABI-CTL-15 object_drop");
    tap_is(drop(r.config.module), -XEN_ENOENT, "ABI-CTL-15 it is gone");
    tap_is(drop(0), -XEN_EBUSY, "ABI-CTL-15 not the boot bundle's");
}

/* ----------------------------------------------------------------- store */

static struct {
    uint8_t bytes[8192];
    uint32_t used;
    uint64_t epoch;
    unsigned answered, lost;
} store;

static void answer(uint32_t id, uint32_t n)
{
    struct scree_control_transfer t = {.head = {.domain = id},
                                       .offset = store.epoch};
    uint32_t sent = 0;

    while (sent < n) {
        t.address = (uint64_t)(uintptr_t)(store.bytes + sent);
        t.length = n - sent;
        if (CALL(&t, store_put))
            break;
        sent += t.done;
        rt_yield();
    }
    store.answered++;
    store.used -= n;
    memmove(store.bytes, store.bytes + n, store.used);
}

/* Whole requests go back as they came; too long ones end the connection. */
static void answer_all(uint32_t id)
{
    struct xsd_sockmsg head;

    while (store.used >= sizeof(head)) {
        memcpy(&head, store.bytes, sizeof(head));
        if (head.len > XENSTORE_PAYLOAD_MAX) {
            store.lost += on_domain(SCREE_CONTROL_store_reset, id) == 0;
            store.used = 0;
            return;
        }
        if (store.used < sizeof(head) + head.len)
            return;
        answer(id, (uint32_t)sizeof(head) + head.len);
    }
}

static void serve(uint32_t id)
{
    struct scree_control_transfer t = {.head = {.domain = id}};

    do {
        t.address = (uint64_t)(uintptr_t)(store.bytes + store.used);
        t.length = (uint32_t)sizeof(store.bytes) - store.used;
        if (CALL(&t, store_take))
            return;
        if (t.offset != store.epoch)
            store.used = 0;
        if (t.offset != store.epoch && t.done)
            memmove(store.bytes, (void *)(uintptr_t)t.address, t.done);
        store.epoch = t.offset;
        store.used += t.done;
        answer_all(id);
    } while (t.done);
}

/* Until the store guest has ended. */
static void serve_store(uint32_t id)
{
    uint64_t end = rt_now() + 6 * WAIT;

    while (look(id).state != SCREE_DOMAIN_ENDED && rt_now() < end) {
        serve(id);
        (void)changes(id);
        rt_clear_events();
        (void)HYPERVISOR_scree_idle(rt_now() + RT_MS);
    }
    tap_ok(store.answered > 100, "ABI-CTL-16 store_take and store_put");
    tap_ok(store.lost > 0, "ABI-CTL-16 store_reset");
    tap_is(look(id).state, SCREE_DOMAIN_ENDED,
           "ABI-CTL-07 a boot domain's end waits, too");
    tap_is(on_domain(SCREE_CONTROL_store_reset, id), -XEN_ESRCH,
           "ABI-CTL-16 nobody is there");
    tap_is(on_domain(SCREE_CONTROL_collect, id), 0, "ABI-CTL-07 collect");
}

/* -------------------------------------------------------------- consoles */

static void consoles(void)
{
    static char bytes[4096];
    uint32_t id = make(plan("crash"));
    struct scree_control_transfer t = {.head = {.domain = id}};
    struct scree_console_record *r = (struct scree_console_record *)bytes;

    t.address = (uint64_t)(uintptr_t)bytes;
    t.length = 3;
    memcpy(bytes, "abc", 3);
    tap_is(CALL(&t, console_put), 0, "ABI-CTL-17 console_put");
    tap_is(t.done, 3, "ABI-CTL-17 done");
    t.head.domain = 0;
    t.length = sizeof(bytes);
    tap_is(CALL(&t, console_take), 0, "ABI-CTL-17 console_take");
    (void)on_domain(SCREE_CONTROL_resume, id);
    (void)wait_for(id, SCREE_DOMAIN_ENDED);
    tap_is(look(id).reason, SHUTDOWN_crash, "ABI-CTL-07 why it ended");
    tap_is(CALL(&t, console_take), 0, "ABI-CTL-17 what was printed");
    tap_ok(t.done > sizeof(*r) && r->length > 0 && r->length <= 1024,
           "ABI-CTL-17 a record");
    (void)on_domain(SCREE_CONTROL_collect, id);
}

static void channel(void)
{
    static char bytes[16];
    struct scree_control_transfer t = {.length = sizeof(bytes)};
    int64_t result;

    t.address = (uint64_t)(uintptr_t)bytes;
    result = CALL(&t, channel_take);
    tap_ok(result == 0 || result == -XEN_ENODEV, "ABI-CTL-18 channel_take");
    t.length = 0;
    result = CALL(&t, channel_put);
    tap_ok(result == -XEN_EINVAL || result == -XEN_ENODEV,
           "ABI-CTL-18 channel_put");
}

/* Dies once, in its first life, so that the second one can look. */
static void reborn(void)
{
    uint32_t kept = 0;
    struct scree_control_get g = {.head = {.domain = 1}};

    while (!kept && CALL(&g, get) == 0) {
        if (!strcmp((char *)g.state.tag, "kept"))
            kept = g.state.id;
        g.head.domain = g.state.id + 1;
    }
    if (!kept) {
        struct scree_control_create r = plan("");

        memcpy(r.tag, "kept", 5);
        kept = make(r);
        (void)on_domain(SCREE_CONTROL_resume, kept);
        rt_printf("# dies once\n");
        rt_shutdown(SHUTDOWN_crash);
    }
    tap_is(look(kept).state, SCREE_DOMAIN_RUNNING,
           "ABI-CTL-19 others outlive it");
    tap_ok(changes(kept) & SCREE_HAPPENED_STATE,
           "ABI-CTL-19 and it is told of them");
    (void)on_domain(SCREE_CONTROL_kill, kept);
    (void)wait_for(kept, SCREE_DOMAIN_ENDED);
    (void)on_domain(SCREE_CONTROL_collect, kept);
}

int guest_main(void)
{
    if (rt_info()->domain != 0)
        child();
    reborn();
    who();
    records();
    life();
    refused();
    codes();
    rebooting();
    own_limits();
    asked();
    paused();
    numbers();
    told();
    objects();
    serve_store(1);
    consoles();
    channel();
    return tap_done();
}
