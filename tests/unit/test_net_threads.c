/* SPDX-License-Identifier: MIT */
/*
 * Domains on several CPUs at once, each a thread, that send to each other and
 * to themselves: every frame arrives whole or is counted as lost. Under TSan
 * every missing lock is a report.
 */
#include <pthread.h>
#include <string.h>

#include "net_world.h"

#include "core/space.h"
#include "io/net_addr.h"
#include "io/packet.h"
#include "io/vio.h"

#define CPUS   3
#define ROUNDS 1500
#define HEAD   34

static const struct host_config machine = {.cpus = CPUS, .real_time = true};
static struct net_world n;

/* The guest of one domain, on the CPU below its id. */
struct station {
    unsigned id;
    struct scree_vio_ring *ring;
    uint8_t *tx[SCREE_VIO_RING], *rx[SCREE_VIO_RING]; /* its buffers */
    uint64_t seed, sent, received, wrong;
};

static struct station stations[CPUS + 1];

static uint8_t *buffer(struct domain *d, uint64_t at)
{
    uint8_t *bytes;

    lock_take(&d->lock);
    bytes = space_page(&d->space, gva_gfn(gva(at)), true);
    lock_release(&d->lock);
    return bytes;
}

static void post(struct station *s, uint32_t slot)
{
    struct scree_vio_ring *r = s->ring;
    struct scree_vio_desc *e = &r->rx[r->rx_produced % SCREE_VIO_RING];

    vio_store(e->address, NET_WORLD_RX + 4096ull * slot);
    vio_store(e->length, PACKET_MAX);
    vio_store(e->id, slot);
    vio_store(r->rx_produced, r->rx_produced + 1);
}

static void prepare(struct station *s, unsigned id)
{
    memset(s, 0, sizeof(*s));
    s->id = id;
    s->seed = id;
    s->ring = net_ring(&n, id);
    for (uint32_t i = 0; i < SCREE_VIO_RING; i++) {
        s->tx[i] = buffer(n.d[id], NET_WORLD_TX + 4096ull * i);
        s->rx[i] = buffer(n.d[id], NET_WORLD_RX + 4096ull * i);
        post(s, i);
    }
}

/* All bytes behind the headers are the same. */
static bool whole(const uint8_t *frame, uint32_t length)
{
    uint32_t says = 14u + (uint32_t)(frame[16] << 8 | frame[17]);

    if (length != says)
        return false;
    for (uint32_t i = HEAD; i < length; i++) {
        if (frame[i] != frame[HEAD])
            return false;
    }
    return true;
}

static void take_all(struct station *s)
{
    struct scree_vio_ring *r = s->ring;

    while (r->done_consumed != vio_load(r->done_produced)) {
        struct scree_vio_done *d = &r->done[r->done_consumed % SCREE_VIO_RING];
        uint32_t slot = vio_load(d->id);

        s->wrong += !whole(s->rx[slot], vio_load(d->length));
        s->received++;
        vio_store(r->done_consumed, r->done_consumed + 1);
        post(s, slot);
    }
}

static void queue(struct station *s)
{
    struct scree_vio_ring *r = s->ring;
    uint32_t slot = r->tx_produced % SCREE_VIO_RING;
    unsigned to = 1 + (unsigned)unit_random(&s->seed) % CPUS;
    uint32_t payload = (uint32_t)unit_random(&s->seed);
    uint32_t length;

    payload %= unit_random(&s->seed) % 2 ? 90 : PACKET_MAX - HEAD + 1;
    length = make_ipv4(s->tx[slot], net_mac_of(to), net_mac_of(s->id),
                       ip_of(s->id), ip_of(to), payload);
    memset(s->tx[slot] + HEAD, (int)unit_random(&s->seed), payload);
    vio_store(r->tx[slot].address, NET_WORLD_TX + 4096ull * slot);
    vio_store(r->tx[slot].length, length);
    vio_store(r->tx_produced, r->tx_produced + 1);
}

static void *station_run(void *argument)
{
    struct station *s = argument;

    host_cpu_set(s->id - 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned count = 1 + (unsigned)unit_random(&s->seed) % 40;

        count = unit_random(&s->seed) % 2 ? 1 : count;
        for (unsigned k = 0; k < count; k++)
            queue(s);
        s->wrong += net_kick(&n, s->id) != count;
        s->sent += count;
        take_all(s);
    }
    return NULL;
}

static void run_all(void)
{
    pthread_t threads[CPUS + 1];

    for (unsigned id = 2; id <= CPUS; id++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[id], NULL, station_run, &stations[id]), 0);
    station_run(&stations[1]);
    for (unsigned id = 2; id <= CPUS; id++)
        pthread_join(threads[id], NULL);
}

static void frames_arrive_whole_or_are_counted(void)
{
    uint64_t sent = 0, received = 0, lost = 0;

    net_world_start_on(&n, &machine);
    for (unsigned id = 1; id <= CPUS; id++)
        prepare(&stations[id], id);
    run_all();
    for (unsigned id = 1; id <= CPUS; id++) {
        take_all(&stations[id]);
        sent += stations[id].sent;
        received += stations[id].received;
        lost += net_counters(&n, id)->drops[NET_DROP_NO_BUFFER];
        CU_ASSERT_EQUAL(stations[id].wrong, 0);
        CU_ASSERT_EQUAL(net_counters(&n, id)->sent_frames, stations[id].sent);
        CU_ASSERT_EQUAL(net_counters(&n, id)->received_frames,
                        stations[id].received);
    }
    CU_ASSERT_EQUAL(sent, received + lost);
    CU_ASSERT(received > sent / 4);
    net_world_stop(&n);
}

void suite_net_threads(void)
{
    static const struct unit_test tests[] = {
        {"frames arrive whole or are counted",
         frames_arrive_whole_or_are_counted},
    };
    UNIT_SUITE("net_threads", tests);
}
