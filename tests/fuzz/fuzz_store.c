/* SPDX-License-Identifier: MIT */
/*
 * The store: several connections, raw bytes and requests made of common pieces,
 * stalled readers, memory that ends, domains that go. Each input is a list of
 * commands (see command()). What is counted must be right all the time, and
 * nothing may be left at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "store_world.h"

#define CONNECTIONS 5u /* the first is privileged, N is domain N */

struct reader {
    struct store_connection *connection; /* NULL: gone */
    size_t waiting;
    bool stalled;
    unsigned char sum;
    uint32_t open[4]; /* transactions begun last */
    unsigned begun;
};

struct fuzzed {
    struct store *store;
    struct reader readers[CONNECTIONS];
};

static void take(void *user, struct store_connection *c, const void *packet,
                 size_t size)
{
    struct reader *r = store_connection_user(c);
    const struct xsd_sockmsg *head = packet;
    unsigned char sum = 0;

    (void)user;
    FUZZ_CHECK(size == sizeof(*head) + head->len);
    FUZZ_CHECK(head->len <= XENSTORE_PAYLOAD_MAX);
    for (size_t i = 0; i < size; i++)
        sum ^= ((const unsigned char *)packet)[i];
    r->sum ^= sum; /* so that every byte is looked at */
    if (head->type == XS_TRANSACTION_START)
        r->open[r->begun++ % 4] =
            (uint32_t)strtoul((const char *)(head + 1), NULL, 10);
    if (r->stalled)
        r->waiting += size;
    else
        store_sent(c, size);
}

static const struct store_calls calls = {.send = take};

static void reconnect(struct fuzzed *f, unsigned i)
{
    struct reader *r = &f->readers[i];

    if (r->connection)
        store_disconnect(r->connection);
    *r = (struct reader){0};
    r->connection = store_connect(f->store, i, i == 0, r);
}

static void feed(struct fuzzed *f, unsigned i, const void *bytes, size_t n)
{
    struct reader *r = &f->readers[i];
    char *copy;

    if (!r->connection)
        return;
    if (n > store_room(r->connection))
        n = store_room(r->connection);
    copy = malloc(n);
    if (n)
        memcpy(copy, bytes, n);
    if (!store_input(r->connection, copy, n))
        reconnect(f, i);
    free(copy);
}

/* Bytes of the input, some of which stand for pieces of paths. */
static size_t make_body(struct fuzz_input *in, char *body, size_t room)
{
    static const char *const pieces[] = {
        "/local/domain/",
        "/a",
        "/b",
        "/ab",
        "@releaseDomain",
        "n0",
        "b1",
        "r2",
        "quota",
        "set",
        "T",
        "F",
        "/",
        "nodes",
        "\x01",
        "0",
        "/a/b",
        "4096",
        "w4",
        "1",
    };
    size_t n = 0, count = fuzz_byte(in) % 24;

    while (count-- && n + 32 < room) {
        uint8_t what = fuzz_byte(in);

        if (what < 20) {
            memcpy(body + n, pieces[what], strlen(pieces[what]));
            n += strlen(pieces[what]);
        } else if (what < 30) {
            body[n++] = 0;
        } else if (what == 30 && n + 1200 < room) {
            memset(body + n, 'x', 1000);
            n += 1000;
        } else {
            body[n++] = (char)what;
        }
    }
    return n;
}

static uint32_t choose(const struct reader *r, uint8_t how)
{
    return how % 8 < 3 ? 0 : r->open[how % 4];
}

static void request(struct fuzzed *f, struct fuzz_input *in, unsigned i)
{
    char packet[STORE_PACKET_MAX];
    struct xsd_sockmsg head = {.type = fuzz_byte(in) % 24};
    uint8_t how = fuzz_byte(in);

    head.tx_id = choose(&f->readers[i], how);
    head.len =
        (uint32_t)make_body(in, packet + sizeof(head), XENSTORE_PAYLOAD_MAX);
    if (how & 64 && head.len < XENSTORE_PAYLOAD_MAX)
        packet[sizeof(head) + head.len++] = 0;
    memcpy(packet, &head, sizeof(head));
    feed(f, i, packet, sizeof(head) + head.len);
}

/* A request as clients make them: paths of few names, mostly in transactions.
 */
static void sensible(struct fuzzed *f, struct fuzz_input *in, unsigned i)
{
    static const char *const tails[] = {"T", "F", "r0", "b1", "n2", "0", "v"};
    static const uint32_t types[] = {
        XS_WRITE,
        XS_WRITE,
        XS_RM,
        XS_MKDIR,
        XS_DIRECTORY,
        XS_READ,
        XS_WATCH,
        XS_DIRECTORY_PART,
        XS_SET_PERMS,
        XS_TRANSACTION_START,
        XS_TRANSACTION_END,
        XS_UNWATCH,
    };
    char packet[256];
    struct xsd_sockmsg head = {.type = types[fuzz_byte(in) % 12]};
    uint8_t how = fuzz_byte(in);
    const char *tail = tails[fuzz_byte(in) % 7];
    size_t n = sizeof(head);

    if (head.type == XS_TRANSACTION_START || head.type == XS_TRANSACTION_END) {
        tail = tails[how & 1];
    } else {
        for (unsigned depth = how / 16 % 4 + 1; depth; depth--) {
            packet[n++] = '/';
            packet[n++] = "abcdefgh"[fuzz_byte(in) % 8];
        }
        packet[n++] = 0;
    }
    if (head.type != XS_RM && head.type != XS_MKDIR && head.type != XS_READ &&
        head.type != XS_DIRECTORY) {
        memcpy(packet + n, tail, strlen(tail) + 1);
        n += strlen(tail) + 1;
    }
    head.tx_id =
        head.type == XS_TRANSACTION_START ? 0 : choose(&f->readers[i], how / 2);
    head.len = (uint32_t)(n - sizeof(head));
    memcpy(packet, &head, sizeof(head));
    feed(f, i, packet, n);
}

static void raw(struct fuzzed *f, struct fuzz_input *in, unsigned i)
{
    uint8_t bytes[256];
    uint8_t n = fuzz_byte(in);

    fuzz_bytes(in, bytes, n);
    feed(f, i, bytes, n);
}

static void drain(struct fuzzed *f, unsigned i)
{
    struct reader *r = &f->readers[i];
    size_t n = r->waiting;

    r->waiting = 0;
    r->stalled = false;
    if (r->connection && !store_sent(r->connection, n))
        reconnect(f, i);
}

static void release(struct fuzzed *f, unsigned i)
{
    if (i == 0)
        return;
    if (f->readers[i].connection)
        store_disconnect(f->readers[i].connection);
    f->readers[i] = (struct reader){0};
    store_domain_released(f->store, i);
    reconnect(f, i);
}

static void command(struct fuzzed *f, struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    unsigned i = what % CONNECTIONS;

    switch (what / CONNECTIONS % 16) {
    case 0:
        raw(f, in, i);
        break;
    case 1:
        f->readers[i].stalled = true;
        break;
    case 2:
        drain(f, i);
        break;
    case 3:
        reconnect(f, i);
        break;
    case 4:
        release(f, i);
        break;
    case 5:
        f->store->pool.fail = fuzz_byte(in);
        break;
    case 6:
        f->store->limits.history = fuzz_u16(in);
        break;
    case 7:
        store_domain_introduced(f->store, i);
        break;
    case 8:
    case 9:
        request(f, in, i);
        break;
    default:
        sensible(f, in, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct store_limits limits = store_limits_default;
    struct fuzzed f = {0};
    unsigned commands = 0;

    limits.nodes = 40;
    limits.watches = 10;
    limits.transactions = 3;
    limits.transaction_nodes = 60;
    limits.outstanding = 400;
    limits.memory = 60000;
    f.store = store_create(&limits, &calls, &f, 99);
    if (!f.store)
        return 0;
    f.store->scan = size % 2; /* both ways to who hears */
    store_write(f.store, "/", "", 0);
    store_permit(f.store, "/", "b0");
    for (unsigned i = 0; i < CONNECTIONS; i++)
        reconnect(&f, i);
    while (in.left && commands < 400) {
        command(&f, &in);
        if (commands++ % 16 == 0)
            FUZZ_CHECK(store_check(f.store));
    }
    f.store->pool.fail = 0;
    FUZZ_CHECK(store_check(f.store));
    store_clear(f.store);
    FUZZ_CHECK(f.store->pool.blocks == 0 && f.store->pool.held == 0);
    FUZZ_CHECK(f.store->charged == 0 && f.store->history == 0);
    free(f.store);
    return 0;
}
