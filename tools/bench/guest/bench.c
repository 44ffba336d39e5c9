/* SPDX-License-Identifier: MIT */
/*
 * bench-guest: measures the hypervisor from inside a domain, by TSC, and
 * prints one line per sample:
 *   BENCH <id> <ticks or ns> <how many> <operations>
 * Three domains of it make a bench cell of one CPU. `boot` comes first and
 * tells when; `measure peer=N` restarts itself (SHUTDOWN_reboot) for a while to
 * time its own creation, measures, and ends the run with "BENCH done";
 * `answer peer=N` answers its events and takes its frames.
 */
#include "rt.h"

SCREE_IMAGE(0x80000, 0x4000);

#define SAMPLES 21
#define BATCH   1000
#define PEER    ((uint32_t)rt_option("peer", 0))

void bench_upcall_entry(void);
void bench_fault_entry(void);
extern volatile uint64_t bench_upcalls;

static uint64_t tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static void say(const char *id, uint64_t ticks, uint64_t operations)
{
    rt_printf("BENCH %s ticks %lu %lu\n", id, ticks, operations);
}

/* Times fn(argument) and tells it with the loop's own cost taken off. */
static void nothing(uint64_t argument)
{
    (void)argument;
    __asm__ volatile("");
}

static uint64_t loop(void (*fn)(uint64_t), uint64_t argument)
{
    uint64_t start = tsc();

    for (int i = 0; i < BATCH; i++)
        fn(argument);
    return tsc() - start;
}

static void measure(const char *id, void (*fn)(uint64_t), uint64_t argument)
{
    uint64_t ticks, empty;

    (void)loop(fn, argument);
    for (int i = 0; i < SAMPLES; i++) {
        empty = loop(nothing, argument);
        ticks = loop(fn, argument);
        say(id, ticks > empty ? ticks - empty : 0, BATCH);
    }
}

/* ------------------------------------------------------------ short paths */

static void call_version(uint64_t argument)
{
    (void)argument;
    (void)HYPERVISOR_xen_version(XENVER_version, NULL);
}

static void call_unknown(uint64_t argument)
{
    (void)argument;
    (void)scree_call0(63);
}

static struct evtchn_send to_self;

static void call_send(uint64_t argument)
{
    (void)argument;
    (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &to_self);
}

static void call_send_masked(uint64_t argument)
{
    __atomic_store_n(&rt_shared()->evtchn_pending[0], 0, __ATOMIC_RELAXED);
    call_send(argument);
}

static void call_timer(uint64_t argument)
{
    (void)HYPERVISOR_set_timer_op(argument);
}

static void call_yield(uint64_t argument)
{
    (void)HYPERVISOR_sched_op((unsigned)argument, NULL);
}

static void fault(uint64_t argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

static void bench_events(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct callback_register r = {
        .type = CALLBACKTYPE_event,
        .address = (uintptr_t)bench_upcall_entry,
    };

    (void)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi);
    to_self.port = ipi.port;
    rt_mask_port(ipi.port, true);
    measure("event-masked", call_send_masked, 0);
    rt_mask_port(ipi.port, false);
    rt_clear_events();
    (void)HYPERVISOR_callback_op(CALLBACKOP_register, &r);
    rt_vcpu()->evtchn_upcall_mask = 0;
    measure("event-upcall", call_send, 0);
    rt_vcpu()->evtchn_upcall_mask = 1;
    if (bench_upcalls < (uint64_t)SAMPLES * BATCH)
        rt_printf("bench: upcalls were lost: %lu\n", bench_upcalls);
    (void)HYPERVISOR_event_channel_op(EVTCHNOP_close,
                                      &(struct evtchn_close){ipi.port});
}

static void bench_faults(void)
{
    struct trap_info traps[] = {
        {.vector = 6, .address = (uintptr_t)bench_fault_entry}, {0}};

    (void)HYPERVISOR_set_trap_table(traps);
    measure("fault-bounce", fault, 0);
}

/* -------------------------------------------------------------- two domains */

static void wait_event(unsigned port)
{
    while (!rt_take_event(port))
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
}

/* The measuring side offers a port; the peer binds to it as soon as it is
 * there. Static start order makes it the first dynamic port of the offer. */
static unsigned offer(void)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF,
                                      .remote_dom = (domid_t)PEER};

    (void)HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);
    return op.port;
}

static unsigned accept_offer(void)
{
    struct evtchn_bind_interdomain op = {.remote_dom = (domid_t)PEER};

    for (;;) {
        for (unsigned port = SCREE_PORT_DYNAMIC; port < SCREE_PORT_DYNAMIC + 4;
             port++) {
            op.remote_port = port;
            if (HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &op) ==
                0)
                return op.local_port;
        }
        rt_sleep(10 * RT_MS);
    }
}

static void bench_wake(unsigned port)
{
    struct evtchn_send send = {port};

    wait_event(port); /* the peer is there */
    for (int s = 0; s < SAMPLES; s++) {
        uint64_t start = tsc();

        for (int i = 0; i < BATCH; i++) {
            (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
            wait_event(port);
        }
        say("idle-wake", tsc() - start, 2 * BATCH);
    }
}

static struct scree_vio_ring *net_ring(void)
{
    return (struct scree_vio_ring *)(SCREE_VIO_PAGES +
                                     SCREE_VIO_NET * SCREE_PAGE_SIZE);
}

/* A valid 64-byte UDP-less IPv4 frame from us to the peer's address. */
static void make_frame(uint8_t *f, uint32_t from, uint32_t to)
{
    static const uint8_t ip[] = {0x45, 0, 0, 50, 0, 0, 0, 0, 64, 253, 0, 0};
    uint32_t sum = 0;

    memcpy(f, (const void *)(uintptr_t)rt_info()->mac, 6);
    memcpy(f + 6, (const void *)(uintptr_t)rt_info()->mac, 6);
    /* The id is in the last four bytes of a MAC address. */
    f[5] = (uint8_t)PEER;
    f[12] = 8;
    f[13] = 0;
    memcpy(f + 14, ip, sizeof(ip));
    for (unsigned i = 0; i < 4; i++) {
        f[26 + i] = (uint8_t)(from >> (24 - 8 * i));
        f[30 + i] = (uint8_t)(to >> (24 - 8 * i));
    }
    for (unsigned i = 14; i < 34; i += 2)
        sum += (uint32_t)(f[i] << 8 | f[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    f[24] = (uint8_t)(sum >> 8);
    f[25] = (uint8_t)sum;
}

static uint8_t frame[64] __attribute__((aligned(64)));

static void queue_frame(struct scree_vio_ring *r)
{
    struct scree_vio_desc *d = &r->tx[r->tx_produced % SCREE_VIO_RING];

    d->address = (uintptr_t)frame;
    d->length = sizeof(frame);
    __atomic_store_n(&r->tx_produced, r->tx_produced + 1, __ATOMIC_RELEASE);
}

/* Sends 32 frames by `kicks` calls; the peer has 64 buffers and sleeps. */
static uint64_t send_32(struct scree_vio_ring *r, unsigned kicks)
{
    uint64_t start = tsc();

    for (unsigned k = 0; k < kicks; k++) {
        for (unsigned i = 0; i < 32 / kicks; i++)
            queue_frame(r);
        (void)HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET, 0);
    }
    return tsc() - start;
}

static void bench_vio(void)
{
    struct scree_vio_ring *r = net_ring();
    uint32_t mine = rt_info()->ipv4;

    (void)HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0);
    make_frame(frame, mine, PEER > rt_info()->domain ? mine + 1 : mine - 1);
    for (int i = 0; i < 2 * SAMPLES; i++) {
        bool single = i % 2 == 0;
        uint64_t ticks;

        rt_sleep(20 * RT_MS); /* the peer posts its buffers again */
        ticks = send_32(r, single ? 32 : 1);
        if (i >= 2) /* the first pair warms up */
            say(single ? "vio-send-64" : "vio-send-64x32", ticks, 32);
    }
    if (r->tx_drops || r->tx_errors)
        rt_printf("bench: frames lost: %u drops, %u errors\n", r->tx_drops,
                  r->tx_errors);
}

/* ------------------------------------------------------------------- peer */

static uint8_t buffers[SCREE_VIO_RING][64];

static void take_frames(struct scree_vio_ring *r)
{
    while (r->done_consumed != *(volatile uint32_t *)&r->done_produced) {
        uint32_t id = r->done[r->done_consumed % SCREE_VIO_RING].id;
        struct scree_vio_desc *d = &r->rx[r->rx_produced % SCREE_VIO_RING];

        d->address = (uintptr_t)buffers[id % SCREE_VIO_RING];
        d->length = sizeof(buffers[0]);
        d->id = id;
        r->done_consumed++;
        __atomic_store_n(&r->rx_produced, r->rx_produced + 1, __ATOMIC_RELEASE);
    }
}

static void peer_frames(void)
{
    struct scree_vio_ring *r = net_ring();

    rt_mask_port(SCREE_PORT_NET, true);
    (void)HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0);
    for (uint32_t i = 0; i < SCREE_VIO_RING; i++) {
        r->rx[i].address = (uintptr_t)buffers[i];
        r->rx[i].length = sizeof(buffers[0]);
        r->rx[i].id = i;
    }
    __atomic_store_n(&r->rx_produced, SCREE_VIO_RING, __ATOMIC_RELEASE);
    for (;;) {
        rt_sleep(5 * RT_MS);
        take_frames(r);
    }
}

static void answer(void)
{
    unsigned port = accept_offer();
    struct evtchn_send send = {port};

    (void)rt_take_event(port); /* binding raises it */
    (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
    for (int i = 0; i < SAMPLES * BATCH; i++) {
        wait_event(port);
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
    }
    peer_frames();
}

/* ------------------------------------------------------------------- main */

/* The creations of restarts cannot be counted inside the domain, which loses
 * its memory: the wall says when it is enough. */
static bool creations_left(void)
{
    return rt_info()->created_ns < rt_option("creations_ms", 300) * RT_MS;
}

/* Tells how long after system time `ns` the clock stood at `ticks`. */
static void say_since(const char *id, uint64_t ticks, uint64_t ns)
{
    const struct scree_clock *c = (const struct scree_clock *)SCREE_CLOCK_PAGE;
    uint64_t now =
        c->ns_base +
        (uint64_t)(((unsigned __int128)(ticks - c->tsc_base) * c->tsc_mul) >>
                   c->tsc_shift);

    rt_printf("BENCH %s ns %lu 1\n", id, now - ns);
}

static void measure_all(void)
{
    measure("null-hypercall", call_version, 0);
    measure("bad-hypercall", call_unknown, 0);
    bench_events();
    measure("set-timer", call_timer, rt_now() + 100000 * RT_SECOND);
    measure("yield", call_yield, SCHEDOP_yield);
    bench_faults();
    bench_wake(offer());
    bench_vio();
    rt_printf("BENCH done\n");
}

int guest_main(void)
{
    uint64_t first = tsc();

    if (rt_has_option("answer"))
        answer();
    if (rt_has_option("boot")) {
        say_since("cell-boot", first, 0);
        return 0;
    }
    say_since("domain-create", first, rt_info()->created_ns);
    if (creations_left())
        rt_shutdown(SHUTDOWN_reboot);
    measure_all();
    return 0;
}
