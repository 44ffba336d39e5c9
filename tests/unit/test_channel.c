/* SPDX-License-Identifier: MIT */
/*
 * The channel and the console driver below it, against an emulated device that
 * may break the rules.
 */
#include <string.h>

#include "virtio_device.h"
#include "world.h"

#include "core/log.h"
#include "io/channel.h"
#include "io/virtio_serial.h"

#define PORT_RX    4 /* of the second port */
#define PORT_TX    5
#define CONTROL_RX 2
#define CONTROL_TX 3

static struct world w;
static struct virtio_card card;
static uint8_t out[100000], in[100000];
static unsigned rx, tx; /* the queues in use */

struct control {
    uint32_t port;
    uint16_t event, value;
};

static void begin(uint32_t ports)
{
    world_start(&w, NULL);
    card_init(&card);
    card_be_console(&card, ports);
    rx = ports ? PORT_RX : 0;
    tx = ports ? PORT_TX : 1;
}

/* What the driver took belongs to the cell for good. */
static void stop(void)
{
    if (w.cell->control)
        world_domain_end(&w, atomic_load(&w.cell->domains[0]));
    w.free = frames_free(w.frames);
    world_stop(&w);
}

static bool probe(void)
{
    card_plug(&card);
    channel_probe(w.cell);
    return w.cell->channel != NULL;
}

static void start(uint32_t ports)
{
    begin(ports);
    CU_ASSERT_FATAL(probe());
}

static void poll(void)
{
    channel_poll(w.cell);
}

static void control(uint32_t port, uint16_t event, uint16_t value)
{
    const struct control c = {port, event, value};

    CU_ASSERT(card_give_bytes(&card, CONTROL_RX, &c, sizeof(c)));
}

/* The driver said so next. */
static void says(uint32_t port, uint16_t event)
{
    struct control c = {0};

    CU_ASSERT_EQUAL(card_take_bytes(&card, CONTROL_TX, &c), sizeof(c));
    CU_ASSERT_EQUAL(c.port, port);
    CU_ASSERT_EQUAL(c.event, event);
    CU_ASSERT_EQUAL(c.value, 1);
}

static void says_nothing(void)
{
    CU_ASSERT_EQUAL(card_take_bytes(&card, CONTROL_TX, in), UINT32_MAX);
}

static void fill(void)
{
    uint64_t seed = 7;

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)unit_random(&seed);
}

static size_t send(const void *bytes, size_t n)
{
    size_t done = channel_send(w.cell, bytes, n);

    channel_flush(w.cell);
    return done;
}

/* ------------------------------------------------------------- good ones */

static void finds_a_device_with_one_port(void)
{
    start(0);
    CU_ASSERT_EQUAL(card.status, 15);
    CU_ASSERT_EQUAL(card.driver_features, VIRTIO_F_VERSION_1);
    CU_ASSERT(card.queue[0].enabled && card.queue[1].enabled);
    CU_ASSERT(!card.queue[2].enabled && !card.queue[4].enabled);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), VIRTIO_SERIAL_RX);
    CU_ASSERT_EQUAL(card.notified, 1);
    CU_ASSERT_STRING_EQUAL(host_console_text(), "scree: channel: virtio-pci\n");
    stop();
}

static void opens_its_port_of_several(void)
{
    start(2);
    CU_ASSERT_EQUAL(card.driver_features, VIRTIO_F_VERSION_1 | 2);
    CU_ASSERT_EQUAL(card_posted_on(&card, PORT_RX), VIRTIO_SERIAL_RX);
    CU_ASSERT(!card.queue[0].enabled && card.queue[CONTROL_RX].enabled);
    says(0, 0); /* DEVICE_READY */
    control(0, 1, 0);
    control(1, 1, 0);
    control(1, 7, 1); /* a name */
    poll();
    says(1, 3); /* PORT_READY */
    says(1, 6); /* PORT_OPEN */
    says_nothing();
    control(1, 6, 1); /* the host's end is open */
    poll();
    says_nothing();
    CU_ASSERT_EQUAL(card_posted_on(&card, CONTROL_RX), 8);
    stop();
}

static void without_a_device_there_is_no_channel(void)
{
    begin(0);
    card.on_pci = false;
    CU_ASSERT_FALSE(probe());
    poll();
    stop();
}

/* What the driver has sent so far, collected by the device. */
static size_t taken_by_device(size_t at)
{
    uint8_t piece[4096];
    uint32_t n;

    while ((n = card_take_bytes(&card, tx, piece)) != UINT32_MAX) {
        CU_ASSERT_EQUAL(memcmp(piece, out + at, n), 0);
        at += n;
    }
    return at;
}

static size_t taken_bytes(void)
{
    size_t n = 0;
    uint32_t part;

    while ((part = card_take_bytes(&card, tx, in)) != UINT32_MAX)
        n += part;
    return n;
}

static void sends(void)
{
    uint64_t seed = 3;
    size_t sent = 0, seen = 0;

    for (unsigned i = 0; i < 3000 && sent < sizeof(out); i++) {
        size_t n = unit_random(&seed) % 9000;

        n = min_u64(n, sizeof(out) - sent);
        sent += send(out + sent, n);
        if (unit_random(&seed) % 3 == 0)
            seen = taken_by_device(seen);
    }
    CU_ASSERT_EQUAL(sent, sizeof(out));
    CU_ASSERT_EQUAL(taken_by_device(seen), sent);
}

static void receives(void)
{
    uint64_t seed = 5;
    size_t given = 0, got = 0;

    while (got < sizeof(out)) {
        uint32_t n = (uint32_t)(unit_random(&seed) % 4097);

        n = (uint32_t)min_u64(n, sizeof(out) - given);
        if (card_give_bytes(&card, rx, out + given, n))
            given += n;
        if (unit_random(&seed) % 4)
            continue;
        poll();
        got += channel_receive(w.cell, in + got, unit_random(&seed) % 20000);
        CU_ASSERT(got <= given);
        if (got > given)
            return;
    }
    CU_ASSERT_EQUAL(memcmp(in, out, sizeof(out)), 0);
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, sizeof(in)), 0);
}

static void carries_bytes_both_ways(void)
{
    fill();
    for (uint32_t ports = 0; ports <= 2; ports += 2) {
        start(ports);
        for (unsigned i = 0; i < 10; i++) {
            sends();
            receives();
        }
        poll();
        CU_ASSERT_EQUAL(card_posted_on(&card, rx), VIRTIO_SERIAL_RX);
        stop();
    }
}

static void a_host_that_is_not_heard_waits(void)
{
    unsigned given = 0;

    start(0);
    while (card_give_bytes(&card, 0, "12345", 5))
        given++;
    poll();
    CU_ASSERT_EQUAL(given, VIRTIO_SERIAL_RX);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), 0);
    card.notified = 0;
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, 4), 4);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), 0);
    CU_ASSERT_EQUAL(card.notified, 0);
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, sizeof(in)), 5 * given - 4);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), VIRTIO_SERIAL_RX);
    stop();
}

static bool wants_interrupts(unsigned queue)
{
    const struct virtq_avail *a = host_dma(maddr(card.queue[queue].avail), 4);

    return !(a->flags & VIRTQ_NO_INTERRUPT);
}

static void a_sender_without_room_is_told(void)
{
    start(0);
    CU_ASSERT_FALSE(wants_interrupts(1));
    for (unsigned i = 0; i < VIRTIO_SERIAL_TX; i++)
        CU_ASSERT_EQUAL(send(out, 10), 10);
    CU_ASSERT_FALSE(wants_interrupts(1));
    CU_ASSERT_EQUAL(send(out, 10), 0);
    CU_ASSERT(wants_interrupts(1));
    for (unsigned i = 0; i < VIRTIO_SERIAL_TX / 4 - 1; i++)
        CU_ASSERT_EQUAL(card_take_bytes(&card, 1, in), 10);
    poll();
    CU_ASSERT(wants_interrupts(1));
    CU_ASSERT_EQUAL(card_take_bytes(&card, 1, in), 10);
    poll();
    CU_ASSERT_FALSE(wants_interrupts(1));
    CU_ASSERT_EQUAL(send(out, sizeof(out)),
                    VIRTIO_SERIAL_TX / 4 * VIRTIO_SERIAL_SLOT);
    stop();
}

static void what_is_sent_goes_in_one_batch(void)
{
    start(0);
    card.notified = 0;
    for (unsigned i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(channel_send(w.cell, out, 4096), 4096);
    CU_ASSERT_EQUAL(card.notified, 0);
    CU_ASSERT_EQUAL(card_posted_on(&card, 1), 0);
    channel_flush(w.cell);
    CU_ASSERT_EQUAL(card.notified, 2);
    CU_ASSERT_EQUAL(card_posted_on(&card, 1), 16);
    card.notified = 0;
    channel_flush(w.cell);
    CU_ASSERT_EQUAL(card.notified, 0);
    stop();
}

static void buffers_go_back_in_batches(void)
{
    start(0);
    while (card_give_bytes(&card, 0, "1234", 4))
        ;
    poll();
    card.notified = 0;
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, 7 * 4), 28);
    CU_ASSERT_EQUAL(card.notified, 0);
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, 4), 4);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), 8);
    CU_ASSERT_EQUAL(card.notified, 1);
    stop();
}

static void the_control_domain_is_told(void)
{
    start(0);
    (void)world_control(&w);
    poll();
    CU_ASSERT_FALSE(world_told(&w));
    CU_ASSERT(card_give_bytes(&card, 0, "12345", 5));
    poll();
    CU_ASSERT(world_told(&w));
    poll();
    CU_ASSERT_FALSE(world_told(&w));
    while (send(out, 10))
        ;
    CU_ASSERT_EQUAL(taken_bytes(), VIRTIO_SERIAL_TX * 10);
    CU_ASSERT_FALSE(world_told(&w));
    poll();
    CU_ASSERT(world_told(&w)); /* there is room again */
    CU_ASSERT_EQUAL(send(out, 10), 10);
    CU_ASSERT_EQUAL(taken_bytes(), 10);
    poll();
    CU_ASSERT_FALSE(world_told(&w)); /* nobody had found none */
    stop();
}

static void small_queues_do(void)
{
    begin(0);
    card.queue_max = 5; /* so 4 */
    CU_ASSERT_FATAL(probe());
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), 4);
    fill();
    CU_ASSERT_EQUAL(send(out, sizeof(out)), 4 * 4096);
    CU_ASSERT_EQUAL(taken_by_device(0), 4 * 4096);
    sends();
    receives();
    stop();
}

/* ----------------------------------------------------- and the other kind */

static void is_given_up(void)
{
    const char *said = "scree: channel: the device broke the rules; it is not "
                       "used any more\n";

    poll();
    poll();
    CU_ASSERT_STRING_EQUAL(host_console_text(), said);
    CU_ASSERT_EQUAL(send(out, 10), 0);
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, 10), 0);
    stop();
}

static void breaks(unsigned queue, uint32_t id, uint32_t length, uint16_t step)
{
    start(2);
    CU_ASSERT_EQUAL(send(out, 10), 10);
    host_console_clear();
    card_use(&card, queue, id, length, step);
    (void)send(out, 10);
    /* the transmit queue is looked at by those who send */
    if (queue == PORT_TX)
        card_use(&card, PORT_RX, 0, 0, 1);
    is_given_up();
}

static void a_device_that_lies_is_given_up(void)
{
    breaks(PORT_RX, 0, 4097, 1);
    breaks(PORT_RX, 0, UINT32_MAX, 1);
    breaks(PORT_RX, VIRTIO_SERIAL_RX, 1, 1); /* not given */
    breaks(PORT_RX, 128, 1, 1);
    breaks(PORT_RX, UINT32_MAX, 1, 1);
    breaks(PORT_RX, 3, 1, 129);
    breaks(PORT_TX, 5, 0, 1); /* not given */
    breaks(PORT_TX, 400, 0, 1);
    breaks(CONTROL_RX, 8, 8, 1);
    breaks(CONTROL_RX, 1, 8, UINT16_MAX);
}

static void a_buffer_that_comes_twice_comes_once(void)
{
    start(0);
    card_use(&card, 0, 7, 60, 1);
    card_use(&card, 0, 7, 60, 1);
    host_console_clear();
    poll();
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, sizeof(in)), 0);
    is_given_up();
}

static void empty_buffers_go_back(void)
{
    start(0);
    for (unsigned i = 0; i < 200; i++) {
        CU_ASSERT(card_give_bytes(&card, 0, out, 0));
        poll();
        CU_ASSERT_EQUAL(channel_receive(w.cell, in, i % 2), 0);
    }
    CU_ASSERT(card_give_bytes(&card, 0, "x", 1));
    CU_ASSERT(card_give_bytes(&card, 0, "", 0));
    CU_ASSERT(card_give_bytes(&card, 0, "y", 1));
    poll();
    CU_ASSERT_EQUAL(channel_receive(w.cell, in, 10), 2);
    CU_ASSERT_EQUAL(memcmp(in, "xy", 2), 0);
    CU_ASSERT_EQUAL(card_posted_on(&card, 0), VIRTIO_SERIAL_RX);
    stop();
}

static void nonsense_on_the_control_queue_is_nothing(void)
{
    static const uint8_t junk[256] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    start(2);
    says(0, 0);
    for (unsigned n = 0; n < 16; n++) {
        CU_ASSERT(card_give_bytes(&card, CONTROL_RX, junk, n));
        control(UINT32_MAX, (uint16_t)n, 1);
        control(1, (uint16_t)(n + 2), 1);
        poll();
    }
    says_nothing();
    CU_ASSERT_EQUAL(send(out, 10), 10);
    stop();
}

/* The device offers the port again and again and never hears the answers. */
static void a_deaf_device_is_not_answered_for_ever(void)
{
    start(2);
    for (unsigned i = 0; i < 50; i++) {
        control(1, 1, 0);
        poll();
    }
    CU_ASSERT_EQUAL(card_posted_on(&card, CONTROL_TX), 8);
    says(0, 0);
    says(1, 3);
    control(1, 1, 0);
    poll();
    CU_ASSERT_EQUAL(card_posted_on(&card, CONTROL_TX), 8);
    stop();
}

static void useless(uint32_t ports)
{
    CU_ASSERT_FALSE(probe());
    CU_ASSERT_NOT_EQUAL(strstr(host_console_text(), "cannot be used"), NULL);
    poll();
    stop();
    begin(ports);
}

static void refuses_what_it_cannot_use(void)
{
    begin(0);
    card.no_msix = true;
    useless(0);
    card.bar_is_io = true;
    useless(0);
    card.no_notify_region = true;
    useless(0);
    card.features = 2; /* legacy */
    useless(0);
    card.queue_max = 0;
    useless(0);
    card.no_features_ok = true;
    useless(1);
    useless(2); /* several ports, and yet one */
    CU_ASSERT(probe());
    stop();
}

static void every_allocation_may_fail(void)
{
    unsigned site = 1;

    for (bool done = false; !done; site++) {
        begin(2);
        frames_fail_at(w.frames, site);
        done = probe();
        frames_fail_at(w.frames, 0);
        CU_ASSERT_EQUAL(card.status, done ? 15 : site < 3 ? 0 : 128);
        poll();
        stop();
        CU_ASSERT_FATAL(site < 20);
    }
    CU_ASSERT_EQUAL(site, 12);
}

void suite_channel(void)
{
    static const struct unit_test tests[] = {
        {"finds a device with one port", finds_a_device_with_one_port},
        {"opens its port of several", opens_its_port_of_several},
        {"without a device there is no channel",
         without_a_device_there_is_no_channel},
        {"carries bytes both ways", carries_bytes_both_ways},
        {"a host that is not heard waits", a_host_that_is_not_heard_waits},
        {"a sender without room is told", a_sender_without_room_is_told},
        {"what is sent goes in one batch", what_is_sent_goes_in_one_batch},
        {"buffers go back in batches", buffers_go_back_in_batches},
        {"the control domain is told", the_control_domain_is_told},
        {"small queues do", small_queues_do},
        {"a device that lies is given up", a_device_that_lies_is_given_up},
        {"a buffer that comes twice comes once",
         a_buffer_that_comes_twice_comes_once},
        {"empty buffers go back", empty_buffers_go_back},
        {"nonsense on the control queue is nothing",
         nonsense_on_the_control_queue_is_nothing},
        {"a deaf device is not answered for ever",
         a_deaf_device_is_not_answered_for_ever},
        {"refuses what it cannot use", refuses_what_it_cannot_use},
        {"every allocation may fail", every_allocation_may_fail},
    };
    UNIT_SUITE("channel", tests);
}
