/* SPDX-License-Identifier: MIT */
/* See typed.h. */
#include "control/typed.h"

#include <stdlib.h>

#define INPUT_MOST  (64 * 1024) /* bytes for one domain */
#define DOMAINS     32          /* that may have some waiting */
#define DELAY_FIRST 2000000ull  /* ns */
#define DELAY_MOST  1000000000ull

struct typed_input {
    struct typed_input *next;
    struct queue bytes;
    uint32_t domain;
    uint64_t due, delay;
};

void typed_open(struct typed *t, const struct calls *calls)
{
    *t = (struct typed){.calls = calls};
}

/* Takes out and frees what *at points to. */
static void forget(struct typed *t, struct typed_input **at)
{
    struct typed_input *i = *at;

    *at = i->next;
    queue_clear(&i->bytes);
    free(i);
    t->count--;
}

void typed_close(struct typed *t)
{
    while (t->first)
        forget(t, &t->first);
}

static struct typed_input **find(struct typed *t, uint32_t domain)
{
    struct typed_input **at = &t->first;

    while (*at && (*at)->domain != domain)
        at = &(*at)->next;
    return at;
}

void typed_forget(struct typed *t, uint32_t domain)
{
    struct typed_input **at = find(t, domain);

    if (*at)
        forget(t, at);
}

/* How many its console took; negative: it has none. */
static int give(struct typed *t, uint32_t domain, const void *bytes, size_t n)
{
    return calls_transfer(t->calls, SCREE_CONTROL_console_put, domain,
                          (void *)(uintptr_t)bytes, n);
}

static void keep(struct typed *t, uint32_t domain, const uint8_t *bytes,
                 size_t n)
{
    struct typed_input *i;

    if (t->count >= DOMAINS)
        return;
    i = calloc(1, sizeof(*i));
    if (!i)
        return;
    i->bytes = queue_of(INPUT_MOST);
    i->domain = domain;
    i->delay = DELAY_FIRST;
    i->due = calls_now(t->calls) + i->delay;
    (void)queue_add(&i->bytes, bytes, n);
    i->next = t->first;
    t->first = i;
    t->count++;
}

void typed_put(struct typed *t, uint32_t domain, const void *bytes, size_t n)
{
    struct typed_input *i = *find(t, domain);
    int done;

    if (!n)
        return;
    if (i) {
        (void)queue_add(&i->bytes, bytes, n);
        return;
    }
    done = give(t, domain, bytes, n);
    if (done >= 0 && (size_t)done < n)
        keep(t, domain, (const uint8_t *)bytes + done, n - (size_t)done);
}

/* false: nothing waits for it any more. */
static bool try_again(struct typed *t, struct typed_input *i)
{
    int done = give(t, i->domain, queue_front(&i->bytes), i->bytes.size);

    if (done < 0)
        return false;
    queue_drop(&i->bytes, (size_t)done);
    i->delay = done ? DELAY_FIRST : i->delay * 2;
    if (i->delay > DELAY_MOST)
        i->delay = DELAY_MOST;
    i->due = calls_now(t->calls) + i->delay;
    return i->bytes.size > 0;
}

uint64_t typed_pass(struct typed *t)
{
    struct typed_input **at = &t->first;
    uint64_t next = UINT64_MAX;

    while (*at) {
        if ((*at)->due <= calls_now(t->calls) && !try_again(t, *at)) {
            forget(t, at);
            continue;
        }
        if ((*at)->due < next)
            next = (*at)->due;
        at = &(*at)->next;
    }
    return next;
}
