/* SPDX-License-Identifier: MIT */
/* See rates.h. */
#define _GNU_SOURCE
#include "tools/scree/rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bundle/why.h"
#include "tools/lib/json.h"

#define FRAME 4096u

static void read_domain(struct rates_domain *d, const cJSON *s)
{
    static const char *const keys[RATES] = {
        "cpu_ns", "received_frames", "sent_frames", "wakeups", "hypercalls"};

    snprintf(d->name, sizeof(d->name), "%s", json_text(s, "name", "?"));
    snprintf(d->phase, sizeof(d->phase), "%s", json_text(s, "phase", "?"));
    d->id = json_number(s, "id", 0);
    d->memory = json_number(s, "frames", 0) * FRAME;
    d->up_ns = json_number(s, "uptime_ns", 0);
    for (size_t i = 0; i < RATES; i++)
        d->counts[i] = json_number(s, keys[i], 0);
}

static int by_name(const void *left, const void *right)
{
    const struct rates_domain *a = left, *b = right;

    return strcmp(a->name, b->name);
}

/* A domain that was made anew begins at 0. */
static void set_rates(struct rates_domain *d, const struct rates_domain *old,
                      double seconds)
{
    for (size_t i = 0; i < RATES; i++) {
        uint64_t from = old && old->id == d->id ? old->counts[i] : 0;
        if (!old || from > d->counts[i])
            continue;
        d->rates[i] = (double)(d->counts[i] - from) / seconds;
    }
    d->rates[RATE_CPU] /= 1e7; /* ns a second: 1e9 are 100 % */
}

static void compare(struct rates *r, const struct rates *before)
{
    double ns = (double)r->now_ns - (double)before->now_ns;
    double idle = (double)r->idle_ns - (double)before->idle_ns;

    if (ns <= 0)
        return;
    for (size_t i = 0; i < r->count; i++) {
        struct rates_domain *d = &r->domains[i];
        const struct rates_domain *old =
            before->count ? bsearch(d, before->domains, before->count,
                                    sizeof(*d), by_name)
                          : NULL;
        set_rates(d, old, ns / 1e9);
        for (size_t k = 0; k < RATES; k++)
            r->total[k] += d->rates[k];
    }
    if (r->cpus)
        r->busy = 100 - 100 * idle / (ns * (double)r->cpus);
    if (r->busy < 0)
        r->busy = 0;
}

void rates_take(struct rates *r, const cJSON *states, const cJSON *cell,
                const struct rates *before)
{
    size_t n = (size_t)cJSON_GetArraySize(states);
    const cJSON *s;

    *r = (struct rates){.domains = must_alloc(n, sizeof(*r->domains))};
    r->now_ns = json_number(cell, "now_ns", 0);
    r->idle_ns = json_number(cell, "idle_ns", 0);
    r->cpus = json_number(cell, "cpus", 1);
    r->memory_total = json_number(cell, "frames_total", 0) * FRAME;
    r->memory_used =
        r->memory_total - json_number(cell, "frames_free", 0) * FRAME;
    cJSON_ArrayForEach(s, states)
    {
        struct rates_domain *d = &r->domains[r->count++];
        read_domain(d, s);
        r->ready += !strcmp(d->phase, "ready");
    }
    if (r->count)
        qsort(r->domains, r->count, sizeof(*r->domains), by_name);
    if (before)
        compare(r, before);
}

void rates_free(struct rates *r)
{
    free(r->domains);
    *r = (struct rates){0};
}

/* ---------------------------------------------------------------- order */

static double value_of(const struct rates_domain *d, int key)
{
    switch (key) {
    case 'c':
        return d->rates[RATE_CPU];
    case 'm':
        return (double)d->memory;
    case 'p':
        return d->rates[RATE_IN] + d->rates[RATE_OUT];
    case 'w':
        return d->rates[RATE_WAKEUPS];
    case 'h':
        return d->rates[RATE_HYPERCALLS];
    default:
        return 0;
    }
}

struct order {
    int key;
    bool reverse;
};

static int in_order(const void *left, const void *right, void *context)
{
    const struct rates_domain *a = left, *b = right;
    const struct order *o = context;
    double x = value_of(a, o->key), y = value_of(b, o->key);
    int n = x == y ? strcmp(a->name, b->name) : x > y ? -1 : 1;

    return o->reverse ? -n : n;
}

void rates_sort(struct rates *r, int key, bool reverse)
{
    struct order o = {key, reverse};

    if (r->count)
        qsort_r(r->domains, r->count, sizeof(*r->domains), in_order, &o);
}
