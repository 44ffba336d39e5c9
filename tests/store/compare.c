/* SPDX-License-Identifier: MIT */
/*
 * Asks two stores the same random questions and compares answers and events:
 *
 *     store-compare XENSTORED OURS SEED OPERATIONS [NOXEN]
 *
 * XENSTORED and OURS are sockets; with NOXEN (the folder that noxen.c was
 * given) domains 1 to 3 ask, too, there on their rings, here on OURS.1 to
 * OURS.3 (store-server OURS 1 2 3). Both stores are fresh. What is known to
 * differ (docs/store.md) is not asked. Only one transaction is open at a time,
 * and nobody else writes then: two that meet are not treated alike.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define PEERS   5 /* two of domain 0, then domains 1, 2, 3 */
#define ANSWERS 2

struct question {
    unsigned peer;
    uint32_t type;
    bool within;
    char body[512];
    size_t size;
};

struct compared {
    struct peer peer[ANSWERS][PEERS];
    unsigned peers;
    uint64_t random;
    uint32_t open[ANSWERS]; /* the transaction */
    unsigned owner;         /* whose */
    bool written;           /* something, in it */
    unsigned asked, wrong;
};

static unsigned draw(struct compared *c, unsigned n)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(c->random >> 33) % n;
}

static void add(struct question *q, const char *text)
{
    strcpy(q->body + q->size, text);
    q->size += strlen(text);
}

static void end_string(struct question *q)
{
    q->body[q->size++] = 0;
}

static void add_path(struct compared *c, struct question *q)
{
    static const char *const odd[] = {
        "",
        "//",
        "/a/",
        "/a//b",
        "a//b",
        "/a b",
        "/a.",
        "..",
        "@x",
        "/@x",
        "/a+b",
        "/",
        "/local/domain",
        "/local",
        "/é",
        "a/b",
        "/local/domain/2",
    };
    char part[32];

    if (draw(c, 12) == 0) {
        add(q, odd[draw(c, sizeof(odd) / sizeof(odd[0]))]);
        return;
    }
    if (draw(c, 2)) {
        snprintf(part, sizeof(part), "/local/domain/%u", draw(c, 4));
        add(q, part);
    }
    for (unsigned depth = 1 + draw(c, 3); depth; depth--) {
        snprintf(part, sizeof(part), "/%c", "abc"[draw(c, 3)]);
        add(q, part);
    }
}

static void add_perms(struct compared *c, struct question *q)
{
    char entry[16];

    for (unsigned n = draw(c, 5); n; n--) {
        snprintf(entry, sizeof(entry), "%c%u", "nrwbx"[draw(c, 41) / 10],
                 draw(c, 4));
        add(q, entry);
        end_string(q);
    }
}

static void add_value(struct compared *c, struct question *q)
{
    for (unsigned n = draw(c, 12); n; n--)
        q->body[q->size++] = (char)('a' + draw(c, 26));
}

static void choose_type(struct compared *c, struct question *q)
{
    static const uint32_t types[] = {
        XS_READ,  XS_READ,      XS_WRITE,     XS_WRITE,
        XS_WRITE, XS_MKDIR,     XS_RM,        XS_DIRECTORY,
        XS_RM,    XS_GET_PERMS, XS_SET_PERMS, XS_SET_PERMS,
        XS_WATCH, XS_UNWATCH,   XS_WATCH,     XS_DIRECTORY_PART,
    };
    unsigned which = draw(c, 20);

    q->type = which < 16 ? types[which] : XS_GET_DOMAIN_PATH;
    if (which == 17 || which == 18)
        q->type = c->open[0] ? XS_TRANSACTION_END : XS_TRANSACTION_START;
}

static void make_body(struct compared *c, struct question *q)
{
    if (q->type == XS_TRANSACTION_END) {
        add(q, draw(c, 4) ? "T" : "F");
    } else if (q->type == XS_GET_DOMAIN_PATH) {
        add(q, "17");
    } else if (q->type != XS_TRANSACTION_START) {
        add_path(c, q);
    }
    end_string(q);
    if (q->type == XS_WRITE) {
        add_value(c, q);
    } else if (q->type == XS_SET_PERMS) {
        add_perms(c, q);
    } else if (q->type == XS_DIRECTORY_PART) {
        add(q, draw(c, 3) ? "0" : "2");
        end_string(q);
    } else if (q->type == XS_WATCH || q->type == XS_UNWATCH) {
        add(q, draw(c, 2) ? "t" : "u");
        end_string(q);
    }
}

static bool writes(const struct question *q)
{
    return q->type == XS_WRITE || q->type == XS_MKDIR || q->type == XS_RM ||
           q->type == XS_SET_PERMS;
}

/* false: not now. */
static bool make_question(struct compared *c, struct question *q)
{
    memset(q, 0, sizeof(*q));
    q->peer = draw(c, 10) ? draw(c, 2) : draw(c, c->peers);
    choose_type(c, q);
    make_body(c, q);
    q->within = c->open[0] && q->peer == c->owner && q->type != XS_WATCH &&
                q->type != XS_UNWATCH;
    if ((q->type == XS_SET_PERMS || q->type == XS_GET_PERMS) &&
        q->body[0] == '@')
        return false;
    if (q->type == XS_TRANSACTION_END)
        q->peer = c->owner, q->within = true;
    if (q->within && q->type == XS_RM && c->written)
        return false;
    c->written |= q->within && writes(q);
    return !c->open[0] || q->within || !writes(q);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names of a list behind `skip` bytes. */
static void sort_names(struct peer *p, size_t skip)
{
    static char copy[XENSTORE_PAYLOAD_MAX + 1];
    char *name[XENSTORE_PAYLOAD_MAX];
    size_t n = 0, at = skip;

    memcpy(copy, p->body, p->head.len + 1);
    for (; at < p->head.len; at += strlen(copy + at) + 1)
        name[n++] = copy + at;
    qsort(name, n, sizeof(name[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        strcpy(p->body + skip, name[i]);
        skip += strlen(name[i]) + 1;
    }
}

static bool same_answer(struct compared *c, const struct question *q)
{
    struct peer *a = &c->peer[0][q->peer], *b = &c->peer[1][q->peer];
    size_t skip[ANSWERS] = {0};

    if (a->head.type != b->head.type)
        return false;
    if (a->head.type == XS_TRANSACTION_START) {
        c->owner = q->peer;
        c->written = false;
        c->open[0] = (uint32_t)strtoul(a->body, NULL, 10);
        c->open[1] = (uint32_t)strtoul(b->body, NULL, 10);
        return true;
    }
    if (q->type == XS_TRANSACTION_END)
        c->open[0] = c->open[1] = 0;
    if (a->head.type == XS_DIRECTORY_PART) {
        skip[0] = strlen(a->body) + 1;
        skip[1] = strlen(b->body) + 1;
    }
    if (q->within &&
        (a->head.type == XS_DIRECTORY || a->head.type == XS_DIRECTORY_PART)) {
        sort_names(a, skip[0]);
        sort_names(b, skip[1]);
    }
    return a->head.len - skip[0] == b->head.len - skip[1] &&
           !memcmp(a->body + skip[0], b->body + skip[1], a->head.len - skip[0]);
}

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a, b) && !strcmp(a + strlen(a) + 1, b + strlen(b) + 1);
}

/* xenstored merges equal events that nobody has read yet: sets are compared. */
static bool within(const struct peer *a, const struct peer *b, const char *who)
{
    bool all = true;

    for (unsigned i = 0; i < a->events; i++) {
        unsigned k = 0;

        while (k < b->events && !same_text(a->event[i], b->event[k]))
            k++;
        if (k < b->events)
            continue;
        all = false;
        printf("only %s, domain %u: %s, token %s\n", who, a->domid, a->event[i],
               a->event[i] + strlen(a->event[i]) + 1);
    }
    return all;
}

static bool same_events(struct compared *c)
{
    bool same = true;

    for (unsigned i = 0; i < c->peers; i++) {
        struct peer *a = &c->peer[0][i], *b = &c->peer[1][i];

        /* an answer comes behind the events that are due */
        peer_ask(a, XS_GET_DOMAIN_PATH, 0, "1", 2);
        peer_ask(b, XS_GET_DOMAIN_PATH, 0, "1", 2);
        same &= within(a, b, "there");
        same &= within(b, a, "here");
        peer_forget(a);
        peer_forget(b);
    }
    return same;
}

static void tell(const struct question *q, const char *first,
                 const char *second, bool events)
{
    printf("client %u%s, operation %u, %s: %.60s / %.60s%s\n", q->peer,
           q->within ? " in a transaction" : "", q->type, q->body, first,
           second, events ? "" : "; events differ");
}

static void ask_both(struct compared *c, const struct question *q)
{
    static char said[ANSWERS][XENSTORE_PAYLOAD_MAX + 1];
    bool answer, events;

    for (unsigned i = 0; i < ANSWERS; i++) {
        struct peer *p = &c->peer[i][q->peer];

        peer_ask(p, q->type, q->within ? c->open[i] : 0, q->body, q->size);
        memcpy(said[i], p->body, p->head.len + 1);
    }
    answer = same_answer(c, q);
    events = same_events(c);
    c->asked++;
    if (answer && events)
        return;
    c->wrong++;
    tell(q, said[0], said[1], events);
}

/* Domains, introduced, with homes of their own. */
static void add_domains(struct compared *c, const char *ours, const char *dir)
{
    static const char introduce[] = "%u%c1%c1";
    char text[64], path[256];

    for (unsigned d = 1; d <= 3; d++) {
        struct peer *first = &c->peer[0][0];
        int n = snprintf(text, sizeof(text), introduce, d, 0, 0);

        peer_ask(first, XS_INTRODUCE, 0, text, (size_t)n + 1);
        n = snprintf(text, sizeof(text), "/local/domain/%u", d);
        peer_ask(first, XS_WRITE, 0, text, (size_t)n + 1);
        n += 1 + snprintf(text + n + 1, 16, "n%u", d);
        peer_ask(first, XS_SET_PERMS, 0, text, (size_t)n + 1);
        peer_ring(&c->peer[0][d + 1], dir, d);
        snprintf(path, sizeof(path), "%s.%u", ours, d);
        peer_socket(&c->peer[1][d + 1], path);
        c->peer[1][d + 1].domid = d;
    }
    c->peers = PEERS;
}

int main(int argc, char **argv)
{
    static struct compared c;
    struct question q;
    unsigned count = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;

    if (argc < 5) {
        fprintf(stderr, "usage: store-compare XENSTORED OURS SEED OPERATIONS "
                        "[NOXEN]\n");
        return 2;
    }
    c.random = strtoull(argv[3], NULL, 10);
    for (unsigned i = 0; i < 2; i++) {
        peer_socket(&c.peer[0][i], argv[1]);
        peer_socket(&c.peer[1][i], argv[2]);
    }
    c.peers = 2;
    peer_ask(&c.peer[0][0], XS_RM, 0, "/tool", 6);
    if (argc > 5)
        add_domains(&c, argv[2], argv[5]);
    while (c.asked < count) {
        if (make_question(&c, &q))
            ask_both(&c, &q);
    }
    printf("%u asked, %u differ\n", c.asked, c.wrong);
    return c.wrong != 0;
}
