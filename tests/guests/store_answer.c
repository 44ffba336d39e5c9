/* SPDX-License-Identifier: MIT */
/*
 * A control domain for tests of the store ring, instead of the real one: it
 * takes requests from any domain's ring and answers each with its own payload,
 * XS_GET_DOMAIN_PATH with the path. It forgets domains that have ended. With
 * `mute` on its command line it does nothing at all.
 */
#include "rt.h"

#include "scree/control.h"
#include "scree/store.h"

SCREE_IMAGE(0x100000, 16384);

#define DOMAINS 32
#define PACKET  (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

/* A domain's connection: a request that comes in, and an answer that goes
 * out. */
static struct line {
    uint64_t epoch;
    uint32_t have;       /* bytes of requests */
    uint32_t size, gone; /* bytes of the answer, and how many are gone */
    uint8_t in[2 * PACKET], out[PACKET];
} lines[DOMAINS];

static int64_t control(uint32_t op, uint32_t domain, void *record, size_t size)
{
    struct scree_control *head = record;

    *head = (struct scree_control){SCREE_CONTROL_VERSION, op, (uint32_t)size,
                                   domain};
    return HYPERVISOR_scree_control(record);
}

/* Moves n bytes; how many, or an error. */
static int64_t transfer(uint32_t op, uint32_t domain, void *bytes, uint32_t n)
{
    struct scree_control_transfer t = {
        .address = (uintptr_t)bytes,
        .length = n,
        .offset = op == SCREE_CONTROL_store_put ? lines[domain].epoch : 0,
    };
    int64_t result = control(op, domain, &t, sizeof(t));

    if (result)
        return result;
    if (op == SCREE_CONTROL_store_take && t.offset != lines[domain].epoch)
        lines[domain] = (struct line){.epoch = t.offset};
    return t.done;
}

/* false: there is still some of the answer to send. */
static bool flush(uint32_t domain)
{
    struct line *l = &lines[domain];

    while (l->gone < l->size) {
        int64_t n = transfer(SCREE_CONTROL_store_put, domain, l->out + l->gone,
                             l->size - l->gone);

        if (n == 0)
            return false;
        if (n < 0) /* it was for a ring that is no more */
            l->have = l->size = l->gone = 0;
        else
            l->gone += (uint32_t)n;
    }
    return true;
}

static uint32_t put_text(uint8_t *to, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);

    memcpy(to, text, n);
    return n;
}

/* Answers the request that is whole: the first `size` bytes. */
static void answer(struct line *l, uint32_t size)
{
    struct xsd_sockmsg head;
    uint8_t *to = l->out + sizeof(head);

    memcpy(&head, l->in, sizeof(head));
    if (head.type == XS_GET_DOMAIN_PATH)
        to += put_text(to, "/local/domain/");
    memcpy(to, l->in + sizeof(head), head.len);
    to += head.len;
    head.len = (uint32_t)(to - l->out - (int)sizeof(head));
    memcpy(l->out, &head, sizeof(head));
    l->size = (uint32_t)(to - l->out);
    l->gone = 0;
    l->have -= size;
    memmove(l->in, l->in + size, l->have);
}

/* How many bytes the request needs in all, as far as one can see; 0: too
 * many. */
static uint32_t wanted(const struct line *l)
{
    struct xsd_sockmsg head;

    if (l->have < sizeof(head))
        return sizeof(head);
    memcpy(&head, l->in, sizeof(head));
    if (head.len > XENSTORE_PAYLOAD_MAX - 32)
        return 0;
    return (uint32_t)sizeof(head) + head.len;
}

static void reset(uint32_t domain)
{
    struct scree_control record;

    (void)control(SCREE_CONTROL_store_reset, domain, &record, sizeof(record));
    lines[domain].have = lines[domain].size = 0;
}

/* Adds what comes to the request, at most n bytes; false: nothing does. */
static bool take(uint32_t domain, uint32_t n)
{
    static uint8_t piece[PACKET];
    struct line *l = &lines[domain];
    int64_t done = transfer(SCREE_CONTROL_store_take, domain, piece, n);

    if (done <= 0)
        return false;
    memcpy(l->in + l->have, piece, (size_t)done);
    l->have += (uint32_t)done;
    return true;
}

static void serve(uint32_t domain)
{
    struct line *l = &lines[domain];

    while (flush(domain)) {
        uint32_t want = wanted(l);

        if (want == 0) {
            reset(domain);
            return;
        }
        if (l->have >= want)
            answer(l, want);
        else if (!take(domain, want - l->have))
            return;
    }
}

static void forget(uint32_t domain)
{
    struct scree_control record;

    (void)control(SCREE_CONTROL_collect, domain, &record, sizeof(record));
}

int guest_main(void)
{
    struct scree_control_next next;

    while (!rt_has_option("mute")) {
        rt_clear_events();
        memset(&next, 0, sizeof(next));
        while (control(SCREE_CONTROL_next, 0, &next, sizeof(next)) == 0) {
            if (next.happened & SCREE_HAPPENED_STATE)
                forget(next.head.domain);
            if (next.head.domain < DOMAINS)
                serve(next.head.domain);
            memset(&next, 0, sizeof(next));
        }
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
    }
    for (;;)
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
}
