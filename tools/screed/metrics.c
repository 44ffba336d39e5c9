/* SPDX-License-Identifier: MIT */
/* See metrics.h. */
#define _GNU_SOURCE
#include "tools/screed/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tools/screed/api.h"
#include "tools/screed/domain.h"
#include "tools/screed/listen.h"
#include "tools/screed/store.h"
#include "tools/screed/sweep.h"

#define HTTP_SECONDS 20

struct metrics {
    struct screed *screed;
    struct evhttp *http;
    uint16_t port;
};

/* One request that waits for the cell. */
struct scrape {
    struct screed *screed;
    struct evhttp_request *request; /* NULL: the client has gone */
    bool per_domain;
    bool up;
    struct scree_control_cell cell;
};

/* What is counted of a domain. */
struct counter {
    const char *name, *type, *help;
    size_t offset; /* of a uint64_t in struct scree_domain_state */
    double scale;
};

#define OF(field) offsetof(struct scree_domain_state, field)
static const struct counter counters[] = {
    {"cpu_seconds_total", "counter", "Processor time", OF(cpu_ns), 1e-9},
    {"memory_bytes", "gauge", "Memory it may use", OF(memory), 1},
    {"frames", "gauge", "Frames of 4 KiB that it has", OF(frames), 1},
    {"wakeups_total", "counter", "Wake-ups from sleep", OF(wakeups), 1},
    {"hypercalls_total", "counter", "Hypercalls", OF(hypercalls), 1},
    {"sent_frames_total", "counter", "Network frames sent", OF(sent_frames), 1},
    {"sent_bytes_total", "counter", "Network bytes sent", OF(sent_bytes), 1},
    {"received_frames_total", "counter", "Network frames received",
     OF(received_frames), 1},
    {"received_bytes_total", "counter", "Network bytes received",
     OF(received_bytes), 1},
    {"net_drops_total", "counter", "Network frames dropped", OF(net_drops), 1},
    {"console_lost_bytes_total", "counter", "Console bytes lost",
     OF(console_lost), 1},
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static double value_of(const struct domain *d, const struct counter *c)
{
    uint64_t value;

    memcpy(&value, (const char *)&d->state.domain + c->offset, sizeof(value));
    return d->in_cell ? (double)value * c->scale : 0;
}

static void head(struct evbuffer *out, const char *name, const char *type,
                 const char *help)
{
    evbuffer_add_printf(out, "# HELP scree_%s %s\n# TYPE scree_%s %s\n", name,
                        help, name, type);
}

static void one(struct evbuffer *out, const char *name, const char *type,
                const char *help, double value)
{
    head(out, name, type, help);
    evbuffer_add_printf(out, "scree_%s %.17g\n", name, value);
}

/* A label's value or name, as Prometheus wants it. */
static void add_escaped(struct evbuffer *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            evbuffer_add(out, "\\", 1);
        evbuffer_add(out, text + i, 1);
    }
}

/* --------------------------------------------------------------- labels */

/* The sums of all domains that have one label, KEY=VALUE. */
struct sum {
    struct link by_label;
    struct sum *next;
    const char *label;
    unsigned domains;
    double values[COUNTERS];
};

static struct sum *sum_of(struct table *t, struct sum **list, const char *label)
{
    struct link *l = NULL;
    struct sum *s;

    while ((l = table_find(t, table_hash(label), l))) {
        s = table_item(l, struct sum, by_label);
        if (!strcmp(s->label, label))
            return s;
    }
    s = must_alloc(1, sizeof(*s));
    s->label = label;
    s->next = *list;
    *list = s;
    table_add(t, &s->by_label, table_hash(label));
    return s;
}

static struct sum *sum_up(const struct screed *s)
{
    struct table t = {0};
    struct sum *list = NULL;

    for (const struct domain *d = s->domains.first; d; d = d->next) {
        for (uint32_t i = 0; i < d->def.label_count; i++) {
            struct sum *sum = sum_of(&t, &list, d->def.labels[i]);
            sum->domains++;
            for (size_t k = 0; k < COUNTERS; k++)
                sum->values[k] += value_of(d, &counters[k]);
        }
    }
    table_free(&t);
    return list;
}

static void add_label(struct evbuffer *out, const char *name, const char *label,
                      double value)
{
    size_t key = strcspn(label, "=");

    evbuffer_add_printf(out, "scree_label_%s{key=\"", name);
    add_escaped(out, label, key);
    evbuffer_add_printf(out, "\",value=\"");
    add_escaped(out, label + key + 1, strlen(label + key + 1));
    evbuffer_add_printf(out, "\"} %.17g\n", value);
}

static void add_sums(struct evbuffer *out, const struct screed *s)
{
    struct sum *list = sum_up(s);
    char name[64];

    head(out, "label_domains", "gauge", "Domains that have the label");
    for (const struct sum *l = list; l; l = l->next)
        add_label(out, "domains", l->label, l->domains);
    for (size_t k = 0; k < COUNTERS; k++) {
        snprintf(name, sizeof(name), "label_%s", counters[k].name);
        head(out, name, counters[k].type, counters[k].help);
        for (const struct sum *l = list; l; l = l->next)
            add_label(out, counters[k].name, l->label, l->values[k]);
    }
    while (list) {
        struct sum *next = list->next;
        free(list);
        list = next;
    }
}

/* -------------------------------------------------------------- domains */

static void add_domains(struct evbuffer *out, const struct screed *s)
{
    char name[64];

    head(out, "domain_up", "gauge", "1: it runs");
    for (const struct domain *d = s->domains.first; d; d = d->next)
        evbuffer_add_printf(out, "scree_domain_up{domain=\"%s\"} %d\n",
                            d->def.name, !domain_is_down(d));
    head(out, "domain_restarts_total", "counter", "Restarts");
    for (const struct domain *d = s->domains.first; d; d = d->next)
        evbuffer_add_printf(out,
                            "scree_domain_restarts_total{domain=\"%s\"} "
                            "%" PRIu32 "\n",
                            d->def.name, d->state.restarts);
    for (size_t k = 0; k < COUNTERS; k++) {
        snprintf(name, sizeof(name), "domain_%s", counters[k].name);
        head(out, name, counters[k].type, counters[k].help);
        for (const struct domain *d = s->domains.first; d; d = d->next)
            evbuffer_add_printf(out, "scree_%s{domain=\"%s\"} %.17g\n", name,
                                d->def.name, value_of(d, &counters[k]));
    }
}

static void add_phases(struct evbuffer *out, const struct screed *s)
{
    static const char *const names[] = {"down",      "starting", "ready",
                                        "unhealthy", "paused",   "stopping",
                                        "backoff",   "crashed"};
    unsigned counts[8] = {0};

    for (const struct domain *d = s->domains.first; d; d = d->next)
        for (size_t i = 0; i < 8; i++)
            counts[i] += !strcmp(domain_phase(d), names[i]);
    head(out, "domains", "gauge", "Domains by phase");
    for (size_t i = 0; i < 8; i++)
        evbuffer_add_printf(out, "scree_domains{phase=\"%s\"} %u\n", names[i],
                            counts[i]);
}

static void add_totals(struct evbuffer *out, const struct screed *s)
{
    char name[64], help[96];

    for (size_t k = 0; k < COUNTERS; k++) {
        double sum = 0;
        for (const struct domain *d = s->domains.first; d; d = d->next)
            sum += value_of(d, &counters[k]);
        snprintf(name, sizeof(name), "all_%s", counters[k].name);
        snprintf(help, sizeof(help), "%s, of all domains that there are",
                 counters[k].help);
        one(out, name, counters[k].type, help, sum);
    }
}

/* ------------------------------------------------------ cell and screed */

static void add_cell(struct evbuffer *out, const struct scrape *r)
{
    const struct scree_control_cell *c = &r->cell;

    one(out, "cell_up", "gauge", "1: the cell answers", r->up);
    if (!r->up)
        return;
    one(out, "cell_cpus", "gauge", "Processors", c->cpus);
    one(out, "cell_frames_total", "gauge", "Frames of 4 KiB",
        (double)c->frames_total);
    one(out, "cell_frames_free", "gauge", "Frames that are free",
        (double)c->frames_free);
    one(out, "cell_frames_available", "gauge",
        "Frames that are free and not promised", (double)c->frames_available);
    one(out, "cell_idle_seconds_total", "counter", "Idle time of all CPUs",
        (double)c->idle_ns * 1e-9);
    one(out, "cell_uptime_seconds", "gauge", "Since the cell started",
        (double)c->now * 1e-9);
    one(out, "cell_console_lost_bytes_total", "counter",
        "Console bytes that nobody took in time", (double)c->console_lost);
}

static void add_own(struct evbuffer *out, const struct screed *s)
{
    const struct channel_counts *c = channel_counts(s->channel);

    one(out, "screed_channel_received_bytes_total", "counter",
        "Bytes from domain 0", (double)c->received);
    one(out, "screed_channel_sent_bytes_total", "counter", "Bytes to domain 0",
        (double)c->sent);
    one(out, "screed_channel_skipped_bytes_total", "counter",
        "Bytes that belonged to no frame", (double)c->skipped);
    one(out, "screed_channel_requests_total", "counter", "Requests to domain 0",
        (double)c->requests);
    one(out, "screed_channel_timeouts_total", "counter",
        "Requests that were not answered in time", (double)c->timeouts);
    one(out, "screed_log_lines_lost_total", "counter",
        "Lines of logs that could not be written",
        (double)journal_lost(s->journal));
    one(out, "screed_api_connections", "gauge", "Clients of the API socket",
        api_connections(s->api));
    one(out, "screed_store_clients", "gauge", "Clients of the store socket",
        store_clients(s->store));
    one(out, "screed_start_time_seconds", "gauge", "When screed started",
        (double)s->started * 1e-9);
}

/* ------------------------------------------------------------- requests */

static void on_gone(struct evhttp_connection *c, void *context)
{
    (void)c;
    ((struct scrape *)context)->request = NULL;
}

static void answer(struct scrape *r)
{
    struct evbuffer *out = evbuffer_new();
    struct evhttp_connection *c;

    if (r->request) {
        c = evhttp_request_get_connection(r->request);
        evhttp_connection_set_closecb(c, NULL, NULL);
        evhttp_add_header(evhttp_request_get_output_headers(r->request),
                          "Content-Type", "text/plain; version=0.0.4");
        add_cell(out, r);
        add_phases(out, r->screed);
        add_totals(out, r->screed);
        add_sums(out, r->screed);
        if (r->per_domain)
            add_domains(out, r->screed);
        add_own(out, r->screed);
        evhttp_send_reply(r->request, HTTP_OK, "OK", out);
    }
    evbuffer_free(out);
    free(r);
}

static void on_swept(void *context, const struct error *e)
{
    (void)e;
    answer(context);
}

static void on_cell(void *context, const struct error *e, const void *bytes,
                    size_t n)
{
    struct scrape *r = context;

    r->up = !e && n >= sizeof(r->cell);
    if (r->up)
        memcpy(&r->cell, bytes, sizeof(r->cell));
    if (r->up)
        sweep_all(r->screed, on_swept, r);
    else
        answer(r);
}

static bool wants_domains(struct evhttp_request *request)
{
    const char *query =
        evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));

    return query && !strcmp(query, "per=domain");
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct metrics *m = context;
    struct scrape *r;

    if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
        evhttp_send_error(request, HTTP_BADMETHOD, NULL);
        return;
    }
    r = must_alloc(1, sizeof(*r));
    r->screed = m->screed;
    r->request = request;
    r->per_domain = wants_domains(request);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request),
                                  on_gone, r);
    if (m->screed->phase == CELL_UP && !channel_hangs(m->screed->channel))
        channel_request(m->screed->channel, SCREE_MANAGE_CELL,
                        reply_to(on_cell, r), NULL, 0);
    else
        answer(r);
}

/* ------------------------------------------------------------- outside */

static bool listen_on(struct metrics *m, struct error *e)
{
    const struct options *o = &m->screed->options;
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(
        m->http, o->metrics, (uint16_t)o->metrics_port);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    socklen_t n = sizeof(a);

    if (!bound)
        return error_set(e, "port-taken",
                         "metrics: cannot listen on %s:%" PRIu64
                         ": %s; choose another port, or 0 for a free one",
                         o->metrics, o->metrics_port, strerror(errno));
    listen_with_pause(evhttp_bound_socket_get_listener(bound));
    memset(&a, 0, sizeof(a));
    if (getsockname(evhttp_bound_socket_get_fd(bound), &a.any, &n))
        return error_set(e, "not-possible", "metrics: %s", strerror(errno));
    m->port =
        ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
    return true;
}

struct metrics *metrics_new(struct screed *s, struct error *e)
{
    struct metrics *m = must_alloc(1, sizeof(*m));

    m->screed = s;
    if (!s->options.metrics[0])
        return m;
    m->http = evhttp_new(s->base);
    evhttp_set_timeout(m->http, HTTP_SECONDS);
    evhttp_set_max_headers_size(m->http, 16 << 10);
    evhttp_set_max_body_size(m->http, 0);
    evhttp_set_cb(m->http, "/metrics", on_request, m);
    if (listen_on(m, e))
        return m;
    metrics_free(m);
    return NULL;
}

void metrics_free(struct metrics *m)
{
    if (m->http)
        evhttp_free(m->http);
    free(m);
}

void metrics_url(const struct metrics *m, char url[128])
{
    url[0] = '\0';
    if (m->http)
        snprintf(url, 128, "http://%s:%u/metrics", m->screed->options.metrics,
                 m->port);
}
