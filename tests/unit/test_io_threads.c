/* SPDX-License-Identifier: MIT */
/*
 * What the control domain is served with, from several CPUs at once, each a
 * thread: the journal, the channel and a store ring. Every byte arrives once
 * and in order. Under TSan every missing lock is a report.
 */
#include "scree/store.h" /* Xen's header, before errno.h and our `unused` */

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "virtio_device.h"
#include "world.h"

#include "core/changes.h"
#include "io/channel.h"
#include "io/console.h"
#include "io/journal.h"
#include "io/store_ring.h"
#include "io/vio.h"
#include "scree/control.h"

#define CPUS  3
#define LINES 4000         /* each domain prints */
#define BYTES (512u << 10) /* that go each way */

static const struct host_config machine = {.cpus = CPUS, .real_time = true};
static struct world w;
static struct domain *control, *d[CPUS];
static struct virtio_card card;
static atomic_uint wrong, busy;

static struct domain *make(void)
{
    struct domain *made = world_domain(&w, 16);

    made->info->features |= SCREE_FEATURE_STORE;
    console_domain_init(made);
    domain_start(made);
    return made;
}

static void start(void)
{
    world_start(&w, &machine);
    CU_ASSERT_EQUAL(console_create(w.cell), 0);
    CU_ASSERT_EQUAL(journal_create(w.cell), 0);
    card_init(&card);
    card_be_console(&card, 0);
    card_plug(&card);
    channel_probe(w.cell);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w.cell->channel);
    w.free = frames_free(w.frames);
    control = world_control(&w);
    for (uint32_t id = 1; id < CPUS; id++)
        d[id] = make();
    atomic_store(&wrong, 0);
    atomic_store(&busy, CPUS - 1);
}

static void stop(void)
{
    CU_ASSERT_EQUAL(atomic_load(&wrong), 0);
    CU_ASSERT(event_pending(control, SCREE_PORT_CONTROL));
    world_stop(&w);
}

static void check(bool right)
{
    if (!right)
        atomic_fetch_add(&wrong, 1);
}

/* Runs `other` on the other CPUs and `mine` here, on CPU 0. */
static void on_all(void *(*other)(void *cpu), void (*mine)(void))
{
    static unsigned number[CPUS];
    pthread_t threads[CPUS];

    for (unsigned i = 1; i < CPUS; i++) {
        number[i] = i;
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, other, &number[i]), 0);
    }
    mine();
    for (unsigned i = 1; i < CPUS; i++)
        pthread_join(threads[i], NULL);
}

/* -------------------------------------------------------------- the journal */

static uint32_t seen[CPUS];

static void *print_lines(void *cpu)
{
    unsigned id = *(unsigned *)cpu;
    char text[32];

    host_cpu_set(id);
    for (unsigned i = 1; i <= LINES; i++) {
        int n = snprintf(text, sizeof(text), "%u\n", i);

        journal_put(w.cell, id, text, (size_t)n);
        if (i % 64 == 0)
            console_guest_write(d[id], "", 0);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

/* Lines of a domain count up; what is missing was counted as lost. */
static size_t check_record(const char *at)
{
    struct scree_console_record head;
    unsigned line = 0;

    memcpy(&head, at, sizeof(head));
    check(head.domain > 0 && head.domain < CPUS && head.length < 16);
    for (uint32_t i = 0; i + 1 < head.length; i++)
        line = line * 10 + (unsigned)(at[sizeof(head) + i] - '0');
    check(line > seen[head.domain]);
    seen[head.domain] = line;
    return sizeof(head) + (head.length + 7) / 8 * 8;
}

static void take_lines(void)
{
    static char bytes[8192] __attribute__((aligned(8)));
    bool last;

    do {
        size_t n, at = 0;

        last = atomic_load(&busy) == 0;
        n = journal_take(w.cell, bytes, sizeof(bytes));
        while (at < n)
            at += check_record(bytes + at);
        last = last && n == 0;
    } while (!last);
}

static void lines_of_all_cpus_arrive_in_order(void)
{
    start();
    memset(seen, 0, sizeof(seen));
    journal_attach(w.cell, true);
    on_all(print_lines, take_lines);
    for (unsigned i = 1; i < CPUS; i++)
        CU_ASSERT(seen[i] == LINES || journal_lost(w.cell) > 0);
    stop();
}

/* --------------------------------------------------------------- the channel
 */

/* The control domain, on one CPU or the other: what comes goes back. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint32_t echoed; /* under turn */

static void echo_some(void)
{
    static char bytes[5000];
    size_t n, at = 0;

    pthread_mutex_lock(&turn);
    n = channel_receive(w.cell, bytes, sizeof(bytes));
    while (at < n)
        at += channel_send(w.cell, bytes + at, n - at);
    channel_flush(w.cell);
    echoed += (uint32_t)n;
    if (echoed == BYTES)
        atomic_store(&busy, 0);
    pthread_mutex_unlock(&turn);
}

static void *echo(void *cpu)
{
    host_cpu_set(*(unsigned *)cpu);
    while (atomic_load(&busy))
        echo_some();
    return NULL;
}

/* The device and CPU 0's loop. */
static void be_the_host(void)
{
    static uint8_t out[4096], in[4096];
    uint32_t sent = 0, got = 0, n;
    uint64_t seed = 9;

    while (got < BYTES) {
        uint32_t part = 1 + (uint32_t)unit_random(&seed) % sizeof(out);

        part = (uint32_t)min_u64(part, BYTES - sent);
        for (uint32_t i = 0; i < part; i++)
            out[i] = (uint8_t)((sent + i) * 7);
        if (part && card_give_bytes(&card, 0, out, part))
            sent += part;
        channel_poll(w.cell);
        while ((n = card_take_bytes(&card, 1, in)) != UINT32_MAX) {
            for (uint32_t i = 0; i < n; i++)
                check(in[i] == (uint8_t)((got + i) * 7));
            got += n;
        }
    }
}

static void bytes_come_back_through_the_channel(void)
{
    start();
    echoed = 0;
    on_all(echo, be_the_host);
    CU_ASSERT_EQUAL(echoed, BYTES);
    stop();
}

/* ------------------------------------------------------------- a store ring */

static struct xenstore_domain_interface *page_of(struct domain *x)
{
    struct xenstore_domain_interface *page;

    lock_take(&x->lock);
    page = space_page(&x->space, gva_gfn(gva(SCREE_STORE_PAGE)), true);
    lock_release(&x->lock);
    return page;
}

/* One life of a ring: bytes go out and have to come back. */
static void talk(struct domain *x)
{
    struct xenstore_domain_interface *p;
    uint32_t sent = 0, got = 0;

    check(vio_op(x, SCREE_VIO_OPEN, SCREE_VIO_STORE, 0) == XENSTORE_RING_SIZE);
    p = page_of(x);
    while (got < 20000 && !vio_load(p->error)) {
        while (sent - vio_load(p->req_cons) < XENSTORE_RING_SIZE) {
            p->req[MASK_XENSTORE_IDX(sent)] = (char)(sent * 5);
            sent++;
        }
        vio_store(p->req_prod, sent);
        check(store_ring_notify(x) == 0);
        while (got != vio_load(p->rsp_prod)) {
            check(p->rsp[MASK_XENSTORE_IDX(got)] == (char)(got * 5));
            got++;
        }
        vio_store(p->rsp_cons, got);
    }
    check(vio_op(x, SCREE_VIO_CLOSE, SCREE_VIO_STORE, 0) == 0);
}

static void *be_a_guest(void *cpu)
{
    unsigned id = *(unsigned *)cpu;

    host_cpu_set(id);
    for (unsigned i = 0; i < 40; i++)
        talk(d[id]);
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

/* One domain's part of the store: what comes goes back; bytes of a ring that
 * has been opened anew meanwhile are dropped. */
static void serve(uint32_t id)
{
    char bytes[XENSTORE_RING_SIZE];
    uint64_t epoch;
    int n = store_ring_take(d[id], bytes, sizeof(bytes), &epoch), at = 0;

    while (at < n) {
        int done = store_ring_put(d[id], bytes + at, (size_t)(n - at), epoch);

        if (done < 0)
            return;
        at += done;
    }
}

static void be_the_store(void)
{
    uint32_t id, happened;
    unsigned rounds = 0;

    while (atomic_load(&busy)) {
        for (id = 1; id < CPUS; id++)
            serve(id);
        while (change_next(w.cell, &id, &happened))
            serve(id);
        if (++rounds % 1000 == 0 && store_ring_reset(d[1]) == 0)
            check(!store_ring_open(d[1]) || rounds);
    }
}

static void store_rings_carry_what_their_guests_say(void)
{
    start();
    on_all(be_a_guest, be_the_store);
    stop();
}

void suite_io_threads(void)
{
    static const struct unit_test tests[] = {
        {"lines of all CPUs arrive in order",
         lines_of_all_cpus_arrive_in_order},
        {"bytes come back through the channel",
         bytes_come_back_through_the_channel},
        {"store rings carry what their guests say",
         store_rings_carry_what_their_guests_say},
    };
    UNIT_SUITE("io threads", tests);
}
