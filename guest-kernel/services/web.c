/* SPDX-License-Identifier: MIT */
/*
 * web: an HTTP server for the domain's file module. GET /whoami says who
 * answers, GET /metrics is for Prometheus, everything else is a file; a path
 * that ends in '/' means its index.html.
 *
 * Options: port=N (80), conns=N connections at once (64, at most 64), and
 * those of pebble.h. Runs in 1 MiB.
 */
#include <stdlib.h>
#include <string.h>

#include "lwip/stats.h"

#include "http/server.h"
#include "pebble.h"

PEBBLE_IMAGE(1024 * 1024);

static struct file_tree tree;

static void page_whoami(struct text *t)
{
    const struct scree_info *info = env_info();
    uint64_t ms = pebble_uptime() / 1000000;
    struct http_counts c;

    http_counts(&c);
    text_string(t, "{\"name\":");
    text_json(t, info->name);
    text_string(t, ",\"id\":");
    text_decimal(t, info->domain);
    text_string(t, ",\"address\":\"");
    text_ipv4(t, info->ipv4);
    text_string(t, "\",\"uptime\":");
    text_decimal(t, ms / 1000);
    text_string(t, ".");
    text_padded(t, ms % 1000, 3);
    text_string(t, ",\"requests\":");
    text_decimal(t, c.requests);
    text_string(t, "}\n");
}

static void metric(struct text *t, const char *type, const char *name,
                   uint64_t value)
{
    text_string(t, "# TYPE scree_");
    text_string(t, name);
    text_string(t, " ");
    text_string(t, type);
    text_string(t, "\nscree_");
    text_string(t, name);
    text_string(t, " ");
    text_decimal(t, value);
    text_string(t, "\n");
}

static void metrics_http(struct text *t)
{
    struct http_counts c;

    http_counts(&c);
    text_string(t, "# TYPE scree_http_responses_total counter\n");
    for (unsigned i = 2; i < 6; i++) {
        text_string(t, "scree_http_responses_total{class=\"");
        text_decimal(t, i);
        text_string(t, "xx\"} ");
        text_decimal(t, c.by_class[i]);
        text_string(t, "\n");
    }
    metric(t, "counter", "http_requests_total", c.requests);
    metric(t, "counter", "http_connections_total", c.connections);
    metric(t, "counter", "http_connections_evicted_total", c.evicted);
    metric(t, "counter", "http_timeouts_total", c.timeouts);
    metric(t, "counter", "http_cut_off_total", c.cut_off);
    metric(t, "gauge", "http_connections", c.open);
}

static void metrics_net(struct text *t)
{
    struct pebble_net_counts n;

    pebble_net_counts(&n);
    metric(t, "counter", "net_receive_frames_total", n.rx_frames);
    metric(t, "counter", "net_receive_bytes_total", n.rx_bytes);
    metric(t, "counter", "net_receive_drops_total", n.rx_drops);
    metric(t, "counter", "net_transmit_frames_total", n.tx_frames);
    metric(t, "counter", "net_transmit_bytes_total", n.tx_bytes);
    metric(t, "counter", "net_transmit_drops_total", n.tx_drops);
    metric(t, "counter", "loop_passes_total", n.passes);
}

static void page_metrics(struct text *t)
{
    metric(t, "gauge", "uptime_seconds", pebble_uptime() / 1000000000);
    metrics_http(t);
    metrics_net(t);
    metric(t, "gauge", "heap_used_bytes", pebble_heap_used());
    metric(t, "gauge", "heap_size_bytes", pebble_heap_size());
    metric(t, "gauge", "packet_heap_used_bytes", lwip_stats.mem.used);
    metric(t, "counter", "packet_heap_failures_total", lwip_stats.mem.err);
}

/* What / says in a domain without files. */
static void page_empty(struct text *t)
{
    text_string(t, "This is ");
    text_string(t, env_info()->name);
    text_string(t, ". It has no files; see /whoami and /metrics.\n");
}

static bool page(const char *path, struct text *body, const char **type)
{
    *type = "text/plain; charset=utf-8";
    if (strcmp(path, "/whoami") == 0) {
        *type = "application/json";
        page_whoami(body);
    } else if (strcmp(path, "/metrics") == 0) {
        *type = "text/plain; version=0.0.4; charset=utf-8";
        page_metrics(body);
    } else if (tree.count == 0 && strcmp(path, "/") == 0) {
        page_empty(body);
    } else {
        return false;
    }
    return true;
}

static void open_files(void)
{
    const struct scree_info *info = env_info();

    if (info->files_start &&
        !files_open(&tree, (const void *)info->files_start, info->files_size))
        pebble_panic("web: the file module is damaged");
}

int main(void)
{
    static struct http_server server = {.tree = &tree, .page = page};
    char address[16];
    struct text t = text_in(address, sizeof(address) - 1);

    open_files();
    server.port = (uint16_t)pebble_option("port", 80, 1, 65535);
    server.connections = (unsigned)pebble_option("conns", 64, 1, 64);
    server.log = pebble_option("log", 0, 0, 1) != 0;
    if (!http_start(&server))
        pebble_panic("web: no memory for %u connections", server.connections);
    text_ipv4(&t, env_info()->ipv4);
    address[t.size] = '\0';
    pebble_log("web: %lu files on http://%s:%u/", (unsigned long)tree.count,
               address, server.port);
    pebble_loop();
}
