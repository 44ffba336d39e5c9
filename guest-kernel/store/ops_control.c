/* SPDX-License-Identifier: MIT */
/*
 * CONTROL: "quota" here, anything else is the user's.
 *
 *     quota                    all of them, a line each
 *     quota|NAME               one
 *     quota|set|NAME|VALUE
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"

#define WORDS 16u

struct quota {
    const char *name;
    size_t at, size; /* in struct store_limits */
};

#define QUOTA(name, field)                                                     \
    {                                                                          \
        name, offsetof(struct store_limits, field),                            \
            sizeof(((struct store_limits *)0)->field)                          \
    }

/* Names as in xenstored where it has the thing. */
static const struct quota quotas[] = {
    QUOTA("nodes", nodes),
    QUOTA("node-size", node_size),
    QUOTA("watches", watches),
    QUOTA("transactions", transactions),
    QUOTA("transaction-nodes", transaction_nodes),
    QUOTA("node-permissions", permissions),
    QUOTA("path-length", path),
    QUOTA("memory", memory),
    QUOTA("memory-all", memory_all),
    QUOTA("history", history),
    QUOTA("outstanding", outstanding),
};

#define QUOTAS (sizeof(quotas) / sizeof(quotas[0]))

static const struct quota *find(const char *name)
{
    for (size_t i = 0; i < QUOTAS; i++) {
        if (!strcmp(quotas[i].name, name))
            return &quotas[i];
    }
    return NULL;
}

static uint64_t get(const struct store_limits *l, const struct quota *q)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)l + q->at, q->size);
    return value;
}

static int set(struct store *s, const char *name, const char *text)
{
    const struct quota *q = find(name);
    uint64_t value;

    if (!q || !names_number(text, &value) ||
        (q->size == 4 && value > UINT32_MAX))
        return EINVAL;
    memcpy((char *)&s->limits + q->at, &value, q->size);
    return 0;
}

static size_t print_all(const struct store_limits *l, char *to)
{
    size_t at = 0;

    for (size_t i = 0; i < QUOTAS; i++) {
        size_t n = strlen(quotas[i].name);

        memcpy(to + at, quotas[i].name, n);
        to[at + n] = ' ';
        at += n + 1;
        at += wire_number(get(l, &quotas[i]), to + at);
        to[at - 1] = '\n';
    }
    to[at] = 0;
    return at + 1;
}

static int control_quota(struct request *r, const char **words, unsigned n)
{
    char *answer = r->s->reply.body;
    const struct quota *q;
    int error = 0;

    if (n == 4 && !strcmp(words[1], "set")) {
        error = set(r->s, words[2], words[3]);
        if (!error)
            wire_ok(r);
    } else if (n == 2) {
        q = find(words[1]);
        if (!q)
            return EINVAL;
        wire_reply_here(r, wire_number(get(&r->s->limits, q), answer));
    } else if (n == 1) {
        wire_reply_here(r, print_all(&r->s->limits, answer));
    } else {
        error = EINVAL;
    }
    return error;
}

int op_control(struct request *r)
{
    const char *words[WORDS];
    unsigned n = wire_strings(r, words, WORDS);
    char *answer = r->s->reply.body;
    int error;

    if (n == 0 || n > WORDS)
        return EINVAL;
    if (!strcmp(words[0], "quota"))
        return control_quota(r, words, n);
    if (!r->s->calls->control)
        return EINVAL;
    answer[0] = 0;
    error = r->s->calls->control(r->s->user, words, n, answer,
                                 XENSTORE_PAYLOAD_MAX);
    if (!error)
        wire_reply_here(r, strlen(answer) + 1);
    return error;
}
