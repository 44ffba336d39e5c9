/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of the store: a server that says anything, at any time,
 * while the guest asks, gives up, sets watches and takes them back.
 */
#include "xs/client.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "scree/store.h"

#define REQUESTS 4

struct guest {
    struct xs_client client;
    struct xs_request *asked[REQUESTS];
    unsigned fired;
};

static void fired(void *user, const char *path, const char *token)
{
    struct guest *g = user;

    g->fired++;
    FUZZ_CHECK(strlen(path) <= XENSTORE_PAYLOAD_MAX && strlen(token) < 8);
}

static void ask(struct guest *g, struct fuzz_input *in)
{
    struct xs_request **place = &g->asked[fuzz_byte(in) % REQUESTS];
    struct xs_strings body = {.at = {"/a"}, .count = 1};

    if (*place)
        xs_client_forget(&g->client, *place);
    *place =
        xs_client_ask(&g->client, fuzz_byte(in) % 24, fuzz_byte(in) % 3, &body);
}

static void send_some(struct guest *g, struct fuzz_input *in)
{
    const char *bytes;
    size_t n = xs_client_output(&g->client, &bytes);
    size_t most = fuzz_byte(in);

    if (n > 0)
        xs_client_sent(&g->client, n < most ? n : most);
}

/* A packet whose head may be right. */
static bool say(struct guest *g, struct fuzz_input *in)
{
    struct {
        struct xsd_sockmsg head;
        char body[256];
    } packet = {{0}, {0}};
    uint8_t what = fuzz_byte(in);

    packet.head.type = what & 1 ? XS_WATCH_EVENT : fuzz_byte(in) % 24;
    packet.head.req_id = what & 2 ? fuzz_byte(in) : g->client.last_id;
    packet.head.len = what & 4 ? fuzz_u32(in) : fuzz_byte(in);
    fuzz_bytes(in, packet.body, what & 8 ? sizeof(packet.body) : 16);
    return xs_client_input(&g->client, &packet,
                           sizeof(packet.head) +
                               (packet.head.len < 256 ? packet.head.len : 256));
}

static void watch(struct guest *g, struct fuzz_input *in)
{
    static const char *const tokens[] = {"a", "b", "c"};
    const char *token = tokens[fuzz_byte(in) % 3];
    struct xs_watched *w = xs_client_find(&g->client, "/w", token);

    if (w) {
        xs_client_unwatch(&g->client, w);
    } else if (xs_client_watch(&g->client, "/w", token, &w) == 0) {
        w->fired = fired;
        w->user = g;
    }
}

static void step(struct guest *g, struct fuzz_input *in)
{
    bool good = true;

    switch (fuzz_byte(in) % 7) {
    case 0:
        ask(g, in);
        break;
    case 1:
        send_some(g, in);
        break;
    case 2:
    case 3:
        good = say(g, in);
        break;
    case 4:
        watch(g, in);
        break;
    case 5:
        while (xs_client_dispatch(&g->client))
            continue;
        break;
    default:
        good = false;
    }
    if (!good)
        xs_client_reset(&g->client);
    FUZZ_CHECK(g->client.event_bytes <= XS_EVENT_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct guest g = {0};

    xs_client_start(&g.client);
    while (in.left > 0)
        step(&g, &in);
    while (g.client.watches)
        xs_client_unwatch(&g.client, g.client.watches);
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (g.asked[i])
            xs_client_forget(&g.client, g.asked[i]);
    }
    xs_client_fail(&g.client);
    FUZZ_CHECK(!g.client.first && !g.client.events);
    return 0;
}
