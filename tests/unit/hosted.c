/* SPDX-License-Identifier: MIT */
/* See hosted.h. */
#include "hosted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "unit.h"

#define PASSES 20000

static void open_domain0(struct hosted *h)
{
    struct domain0_options o = {
        .cell = "test",
        .cell_life = 1000,
        .life = h->cell->now,
        .seed = 1,
        .limits = store_limits_default,
    };

    h->z = domain0_create(&h->cell->calls, &o);
    CU_ASSERT_FATAL(h->z != NULL);
}

struct hosted *hosted_make(void)
{
    struct hosted *h = calloc(1, sizeof(*h));

    h->cell = fake_cell_make();
    fake_object_add(h->cell, SCREE_OBJECT_IMAGE, 0x11);
    for (unsigned i = 0; i < HOSTED_CLIENTS; i++)
        h->store[i] = queue_of(1 << 30);
    open_domain0(h);
    return h;
}

void hosted_free(struct hosted *h)
{
    domain0_destroy(h->z);
    for (unsigned i = 0; i < HOSTED_CLIENTS; i++)
        queue_clear(&h->store[i]);
    fake_cell_free(h->cell);
    free(h);
}

void hosted_restart(struct hosted *h)
{
    domain0_destroy(h->z);
    h->cell->now++;
    fake_restart(h->cell);
    open_domain0(h);
}

void hosted_frame(struct hosted *h, uint16_t type, uint32_t tag,
                  const void *payload, size_t n)
{
    CU_ASSERT_FATAL(frame_add(&h->cell->from_host, type, tag, payload, n));
}

static void take_reply(struct hosted *h, const struct frame *f)
{
    CU_ASSERT_FATAL(f->length >= sizeof(struct scree_reply));
    memcpy(&h->reply.reply, f->payload, sizeof(struct scree_reply));
    h->reply.size = f->length - sizeof(struct scree_reply);
    memcpy(h->reply.bytes, f->payload + sizeof(struct scree_reply),
           h->reply.size);
    h->reply.tag = f->tag;
    h->replies++;
}

static void take_frame(struct hosted *h, const struct frame *f)
{
    switch (f->type) {
    case SCREE_FRAME_SYNCED:
        memcpy(&h->synced, f->payload, sizeof(h->synced));
        h->synced_count++;
        break;
    case SCREE_FRAME_REPLY:
        take_reply(h, f);
        break;
    case SCREE_FRAME_EVENT:
        memcpy(&h->event, f->payload, sizeof(h->event));
        h->events[h->event.event % 16]++;
        if (h->event.event == SCREE_EVENT_ENDED)
            h->console_at_end = strlen(h->console);
        break;
    case SCREE_FRAME_CONSOLE:
        snprintf(h->console + strlen(h->console),
                 sizeof(h->console) - strlen(h->console), "%u:%.*s", f->tag,
                 f->length - 8, (const char *)f->payload + 8);
        break;
    case SCREE_FRAME_STORE:
        CU_ASSERT_FATAL(f->tag < HOSTED_CLIENTS);
        CU_ASSERT_FATAL(queue_add(&h->store[f->tag], f->payload, f->length));
        break;
    case SCREE_FRAME_STORE_CLOSE:
        h->closed++;
        break;
    default:
        CU_FAIL("a frame that only the host sends");
    }
}

/* true: there were some, so that there is room again. */
static bool take_frames(struct hosted *h)
{
    struct queue *q = &h->cell->to_host;
    const uint8_t *from = q->size ? queue_front(q) : NULL;
    size_t n = q->size;
    struct frame f;
    bool any;

    while (n && frame_next(&h->reader, &from, &n, &f))
        take_frame(h, &f);
    any = q->size > 0;
    queue_clear(q);
    return any;
}

void hosted_settle(struct hosted *h)
{
    unsigned i = 0;
    bool came;

    do {
        h->due = domain0_pass(h->z);
        came = take_frames(h);
    } while (++i < PASSES &&
             (came || h->due <= h->cell->now || h->cell->queue_count ||
              (h->cell->from_host.size && h->cell->channel_room)));
    CU_ASSERT_FATAL(i < PASSES);
}

void hosted_wait(struct hosted *h, uint64_t ns)
{
    h->cell->now += ns;
    hosted_settle(h);
}

void hosted_sync(struct hosted *h)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.nonce = 77 + h->synced_count, .version = 1};

    CU_ASSERT_FATAL(queue_add(&h->cell->from_host, zeros, sizeof(zeros)));
    hosted_frame(h, SCREE_FRAME_SYNC, 0, &s, sizeof(s));
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->synced.nonce, s.nonce);
    CU_ASSERT_EQUAL(h->synced.version, 1);
}

uint32_t hosted_request(struct hosted *h, uint32_t op, const void *record,
                        size_t n)
{
    uint8_t payload[SCREE_FRAME_PAYLOAD] = {0};
    unsigned before = h->replies;

    memcpy(payload, &op, sizeof(op));
    if (n)
        memcpy(payload + 8, record, n);
    hosted_frame(h, SCREE_FRAME_REQUEST, 5, payload, n + 8);
    hosted_settle(h);
    CU_ASSERT_FATAL(h->replies == before + 1);
    CU_ASSERT_EQUAL(h->reply.tag, 5);
    return h->reply.reply.error;
}

uint32_t hosted_named(struct hosted *h, uint32_t op, const char *name)
{
    struct scree_manage_name r = {.value = 0};

    snprintf(r.name, sizeof(r.name), "%s", name);
    return hosted_request(h, op, &r, sizeof(r));
}

uint32_t hosted_run(struct hosted *h, const char *name)
{
    struct scree_manage_run r = {
        .config = {.size = sizeof(r.config), .memory = 4096, .weight = 256},
    };
    struct scree_manage_state s;

    snprintf(r.config.name, SCREE_NAME_MAX, "%s", name);
    memset(r.image, 0x11, sizeof(r.image));
    if (hosted_request(h, SCREE_MANAGE_RUN, &r, sizeof(r)))
        return 0;
    CU_ASSERT_EQUAL_FATAL(h->reply.size, sizeof(s));
    memcpy(&s, h->reply.bytes, sizeof(s));
    return s.domain.id;
}

/* --------------------------------------------------------------- the store */

size_t hosted_packet(uint8_t *to, uint32_t type, const void *body, size_t n)
{
    struct xsd_sockmsg head = {.type = type, .req_id = 1, .len = (uint32_t)n};

    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), body, n);
    return sizeof(head) + n;
}

static uint32_t take_answer(struct queue *q, char answer[4200])
{
    struct xsd_sockmsg head;

    if (q->size < sizeof(head))
        return UINT32_MAX;
    memcpy(&head, queue_front(q), sizeof(head));
    if (q->size < sizeof(head) + head.len)
        return UINT32_MAX;
    memcpy(answer, queue_front(q) + sizeof(head), head.len);
    answer[head.len] = '\0';
    queue_drop(q, sizeof(head) + head.len);
    return head.type;
}

uint32_t hosted_store(struct hosted *h, uint32_t client, uint32_t type,
                      const void *body, size_t n, char answer[4200])
{
    uint8_t packet[4200];

    hosted_frame(h, SCREE_FRAME_STORE, client, packet,
                 hosted_packet(packet, type, body, n));
    hosted_settle(h);
    return take_answer(&h->store[client], answer);
}

uint32_t hosted_path(struct hosted *h, uint32_t client, uint32_t type,
                     const char *path, char answer[4200])
{
    return hosted_store(h, client, type, path, strlen(path) + 1, answer);
}

uint32_t hosted_ring(struct hosted *h, uint32_t domain, uint32_t type,
                     const void *body, size_t n, char answer[4200])
{
    struct queue got = queue_of(1 << 20);
    uint8_t packet[4200];
    uint32_t is;
    size_t part;

    fake_ring_send(h->cell, domain, packet,
                   hosted_packet(packet, type, body, n));
    hosted_settle(h);
    while ((part = fake_ring_read(h->cell, domain, packet, sizeof(packet)))) {
        CU_ASSERT_FATAL(queue_add(&got, packet, part));
        hosted_settle(h);
    }
    is = take_answer(&got, answer);
    queue_clear(&got);
    return is;
}
