/* SPDX-License-Identifier: MIT */
/* See definition.h. */
#include "control/definition.h"

#include <string.h>

#include "control/restart.h"
#include "scree/xen.h"

#define SECOND      1000000000ull
#define TAG_VERSION 0x31676174u /* "tag1" */

/* Less than a quarter of the watchdog's time is left. */
static bool watchdog_near(const struct scree_domain_state *s, uint64_t now)
{
    uint64_t left = s->watchdog_ns > now ? s->watchdog_ns - now : 0;

    return (s->flags & SCREE_DOMAIN_WATCHDOG) && s->watchdog_ns &&
           left < s->watchdog_s * SECOND / 4;
}

static uint32_t phase_of_living(const struct definition *d, uint64_t now)
{
    const struct scree_domain_state *s = &d->state;

    if (s->state == SCREE_DOMAIN_CRASHED)
        return SCREE_PHASE_CRASHED;
    if (d->flags & DEFINITION_STOPPING || s->state >= SCREE_DOMAIN_DYING)
        return SCREE_PHASE_STOPPING;
    if (s->state == SCREE_DOMAIN_PAUSED)
        return SCREE_PHASE_PAUSED;
    if (!(s->flags & SCREE_DOMAIN_READY))
        return d->flags & DEFINITION_WATCHDOG ? SCREE_PHASE_UNHEALTHY
                                              : SCREE_PHASE_STARTING;
    return watchdog_near(s, now) ? SCREE_PHASE_UNHEALTHY : SCREE_PHASE_READY;
}

uint32_t definition_phase(const struct definition *d, uint64_t now)
{
    if (d->life == LIFE_LIVE)
        return phase_of_living(d, now);
    if (d->life == LIFE_BACKOFF)
        return SCREE_PHASE_BACKOFF;
    if (d->ended &&
        (d->reason == SHUTDOWN_crash || d->reason == SHUTDOWN_watchdog))
        return SCREE_PHASE_CRASHED;
    return SCREE_PHASE_DOWN;
}

void definition_tell(const struct definition *d, uint64_t now,
                     struct scree_manage_state *to)
{
    *to = (struct scree_manage_state){
        .serial = d->serial,
        .phase = definition_phase(d, now),
        .restart = d->restart,
        .retries = d->retries,
        .restarts = d->restarts,
        .ended = d->ended,
        .reason = d->reason,
        .code = d->code,
        .next_ns = d->life == LIFE_BACKOFF ? d->due.at : 0,
        .defined_ns = d->defined_ns,
        .domain = d->state,
    };
    memcpy(to->image, d->image, SCREE_DIGEST_SIZE);
    memcpy(to->files, d->files, SCREE_DIGEST_SIZE);
}

void definition_config(const struct definition *d,
                       struct scree_domain_config *c)
{
    *c = (struct scree_domain_config){
        .size = sizeof(*c),
        .module = SCREE_NO_MODULE,
        .on_crash = d->on_crash,
        .memory = d->state.memory,
        .weight = d->state.weight,
        .group = d->state.group,
        .net_rate = d->state.net_rate,
        .ipv4 = d->state.ipv4,
    };
    memcpy(c->name, d->state.name, SCREE_NAME_MAX);
    if (d->cmdline)
        strncpy(c->cmdline, d->cmdline, SCREE_CMDLINE_MAX - 1);
}

/* --------------------------------------------------------------- the tag */

struct tag {
    uint32_t version;
    uint32_t serial;
    uint8_t restart, run_flags, address, flags;
    uint32_t retries;
    uint32_t tries;
    uint32_t restarts;
    uint32_t ended;
    uint8_t reason, code;
    uint16_t reserved0;
    uint64_t defined_ns;
    uint64_t reserved[3];
};
_Static_assert(sizeof(struct tag) == SCREE_TAG_MAX, "all of the tag");

void tag_write(const struct definition *d, uint8_t tag[SCREE_TAG_MAX])
{
    struct tag t = {
        .version = TAG_VERSION,
        .serial = d->serial,
        .restart = (uint8_t)d->restart,
        .run_flags = (uint8_t)d->run_flags,
        .address = (uint8_t)d->address,
        .flags = (uint8_t)(d->flags & DEFINITION_WATCHDOG),
        .retries = d->retries,
        .tries = d->tries,
        .restarts = d->restarts,
        .ended = d->ended,
        .reason = (uint8_t)d->reason,
        .code = (uint8_t)d->code,
        .defined_ns = d->defined_ns,
    };

    memcpy(tag, &t, sizeof(t));
}

bool tag_read(struct definition *d, const uint8_t tag[SCREE_TAG_MAX])
{
    struct tag t;

    memcpy(&t, tag, sizeof(t));
    if (t.version != TAG_VERSION || !t.serial ||
        t.restart > SCREE_RESTART_UNLESS_STOPPED ||
        t.address > SCREE_ADDRESS_NEXT)
        return false;
    d->serial = t.serial;
    d->restart = t.restart;
    d->run_flags = t.run_flags & SCREE_RUN_REMOVE;
    d->address = t.address;
    d->flags |= t.flags & DEFINITION_WATCHDOG;
    d->retries = t.retries;
    d->tries = t.tries;
    d->restarts = t.restarts;
    d->ended = t.ended;
    d->reason = t.reason;
    d->code = t.code;
    d->defined_ns = t.defined_ns;
    return true;
}

bool definition_name_good(const char name[SCREE_NAME_MAX])
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strnlen(name, SCREE_NAME_MAX);

    return length > 0 && length < SCREE_NAME_MAX && name[0] != '-' &&
           name[length - 1] != '-' && strspn(name, good) == length;
}
