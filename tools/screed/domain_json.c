/* SPDX-License-Identifier: MIT */
/* A domain's state as the API gives it; see domain.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scree/xen.h"
#include "tools/lib/json.h"
#include "tools/screed/definition.h"
#include "tools/screed/domain.h"

static bool has_run(const struct domain *d)
{
    return d->in_cell && d->state.domain.id;
}

/* For people: why it is in its phase. */
static void put_why(cJSON *o, const struct domain *d)
{
    const struct scree_manage_state *s = &d->state;
    const char *reason = domain_reason(s->reason);
    char text[160] = "";

    if (!d->in_cell && !d->asked)
        snprintf(text, sizeof(text), "%s",
                 d->screed->phase == CELL_UP ? "not started"
                                             : "the cell is not up");
    else if (d->crash[0] && s->reason == SHUTDOWN_crash &&
             (s->phase == SCREE_PHASE_BACKOFF ||
              s->phase == SCREE_PHASE_CRASHED))
        snprintf(text, sizeof(text), "%s%s", d->crash,
                 s->phase == SCREE_PHASE_BACKOFF ? "; comes back" : "");
    else if (s->phase == SCREE_PHASE_BACKOFF)
        snprintf(text, sizeof(text), "%s, code %" PRIu32 "; comes back", reason,
                 s->code);
    else if (s->phase == SCREE_PHASE_CRASHED)
        snprintf(text, sizeof(text), "%s, code %" PRIu32 "; see 'scree logs'",
                 reason, s->code);
    else if (s->phase == SCREE_PHASE_DOWN && s->ended)
        snprintf(text, sizeof(text), "%s, code %" PRIu32, reason, s->code);
    else if (s->phase == SCREE_PHASE_UNHEALTHY)
        snprintf(text, sizeof(text), "its watchdog is about to expire, or has");
    json_put_text(o, "why", text);
}

static void put_life(cJSON *o, const struct domain *d)
{
    const struct scree_manage_state *s = &d->state;
    const struct screed *screed = d->screed;

    json_put_text(o, "phase", domain_phase(d));
    json_put_bool(o, "stopped", d->def.stopped);
    put_why(o, d);
    if (s->ended) {
        json_put_text(o, "reason", domain_reason(s->reason));
        json_put_number(o, "code", s->code);
    }
    json_put_number(o, "restarts", s->restarts);
    if (d->in_cell && s->phase == SCREE_PHASE_BACKOFF)
        json_put_time(o, "next", screed_unix(screed, s->next_ns));
    if (d->in_cell)
        json_put_time(o, "created", screed_unix(screed, s->defined_ns));
    if (has_run(d) && s->domain.created_ns) {
        uint64_t from = screed_unix(screed, s->domain.created_ns);
        uint64_t to = domain_is_down(d) && s->domain.ended_ns
                          ? screed_unix(screed, s->domain.ended_ns)
                          : screed_now();
        json_put_number(o, "uptime_ns", to > from ? to - from : 0);
    }
}

static void put_counts(cJSON *o, const struct scree_domain_state *s)
{
    json_put_number(o, "cpu_ns", s->cpu_ns);
    json_put_number(o, "frames", s->frames);
    json_put_number(o, "wakeups", s->wakeups);
    json_put_number(o, "hypercalls", s->hypercalls);
    json_put_number(o, "sent_frames", s->sent_frames);
    json_put_number(o, "sent_bytes", s->sent_bytes);
    json_put_number(o, "received_frames", s->received_frames);
    json_put_number(o, "received_bytes", s->received_bytes);
    json_put_number(o, "net_drops", s->net_drops);
    json_put_number(o, "console_lost", s->console_lost);
}

cJSON *domain_json(const struct domain *d)
{
    const struct scree_domain_state *s = &d->state.domain;
    cJSON *o = cJSON_CreateObject();
    char mac[20];

    definition_put(o, &d->def);
    json_put_number(o, "id", d->in_cell ? s->id : 0);
    json_put_number(o, "serial", d->in_cell ? d->state.serial : 0);
    put_life(o, d);
    put_counts(o, s);
    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", s->mac[0],
             s->mac[1], s->mac[2], s->mac[3], s->mac[4], s->mac[5]);
    if (has_run(d) && d->def.address_kind == CONF_FIXED)
        json_put_text(o, "mac", mac);
    return o;
}
