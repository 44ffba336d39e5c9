/* SPDX-License-Identifier: MIT */
/* See calls.h. */
#include "control/calls.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE 200

int calls_do(const struct calls *c, uint32_t op, uint32_t domain, void *record,
             size_t size)
{
    struct scree_control *head = record;

    *head = (struct scree_control){
        .version = SCREE_CONTROL_VERSION,
        .op = op,
        .size = (uint32_t)size,
        .domain = domain,
    };
    return c->control(c->user, head);
}

int calls_plain(const struct calls *c, uint32_t op, uint32_t domain)
{
    struct scree_control head;

    return calls_do(c, op, domain, &head, sizeof(head));
}

int calls_walk(const struct calls *c, uint32_t from,
               struct scree_domain_state *s)
{
    struct scree_control_get g = {0};
    int result = calls_do(c, SCREE_CONTROL_get, from, &g, sizeof(g));

    if (result)
        return result;
    *s = g.state;
    s->name[SCREE_NAME_MAX - 1] = '\0';
    return 0;
}

int calls_state(const struct calls *c, uint32_t domain,
                struct scree_domain_state *s)
{
    int result = calls_walk(c, domain, s);

    return !result && s->id != domain ? -XEN_ESRCH : result;
}

int calls_store(const struct calls *c, uint32_t op, uint32_t domain,
                struct calls_stored *s)
{
    struct scree_control_transfer t = {
        .address = (uint64_t)(uintptr_t)s->bytes,
        .offset = s->epoch,
        .length = (uint32_t)(s->size < SCREE_TRANSFER_MAX ? s->size
                                                          : SCREE_TRANSFER_MAX),
    };
    int result = calls_do(c, op, domain, &t, sizeof(t));

    if (result)
        return result;
    s->epoch = t.offset;
    return (int)(t.done < t.length ? t.done : t.length);
}

int calls_transfer(const struct calls *c, uint32_t op, uint32_t domain,
                   void *bytes, size_t n)
{
    struct calls_stored s = {.bytes = bytes, .size = n};

    return calls_store(c, op, domain, &s);
}

uint64_t calls_now(const struct calls *c)
{
    return c->now(c->user);
}

void calls_say(const struct calls *c, const char *format, ...)
{
    char line[LINE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    c->say(c->user, line);
}
