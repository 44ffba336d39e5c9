/* SPDX-License-Identifier: MIT */
/* See options.h. */
#define _GNU_SOURCE
#include "tools/screed/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bundle/files.h"
#include "tools/bundle/value.h"
#include "tools/lib/json.h"

#define MIB          (1ull << 20)
#define MEMORY_LEAST (64 * MIB)
#define MEMORY_MOST  (1024 * 1024 * MIB)
#define FILE_MOST    (64u << 10)

static const char *const keys[] = {
    "name",    "cpus",      "memory",    "control_memory", "net",
    "cidr",    "gateway",   "resolver",  "accel",          "options",
    "metrics", "log_bytes", "log_files", "store",          NULL};

static void set_defaults(struct options *o)
{
    *o = (struct options){.cpus = 1,
                          .memory = 512 * MIB,
                          .network = 0x0a000000,
                          .prefix = 8,
                          .gateway = UINT32_MAX,
                          .resolver = UINT32_MAX,
                          .metrics = "127.0.0.1",
                          .log_bytes = MIB,
                          .log_files = 1};
}

static bool parse_net(struct options *o, const char *text, struct error *e)
{
    const char *colon = strchr(text, ':');
    const char *interface = colon ? colon + 1 : "";

    if (!strcmp(text, "user"))
        o->net = NET_USER;
    else if (!strncmp(text, "tap:", 4))
        o->net = NET_TAP;
    else if (!strncmp(text, "bridge:", 7))
        o->net = NET_BRIDGE;
    else
        colon = "";
    if ((o->net != NET_USER) != (interface[0] != '\0') ||
        strlen(interface) >= sizeof(o->interface) || strchr(interface, '/') ||
        strchr(interface, ',') || (colon && !*colon))
        return error_set(e, "bad-request",
                         "net %.60s: it wants user, tap:INTERFACE or "
                         "bridge:BRIDGE",
                         text);
    snprintf(o->interface, sizeof(o->interface), "%s", interface);
    return true;
}

static bool parse_address(const char *key, const char *text, uint32_t *out,
                          struct error *e)
{
    if (!text)
        return true;
    if (!strcmp(text, "none")) {
        *out = 0;
        return true;
    }
    return (value_address(text, out) && *out) ||
           error_set(e, "bad-request",
                     "%s %.40s: it wants an address such as 10.0.0.1, or none",
                     key, text);
}

static bool check_gateway(struct options *o, struct error *e)
{
    uint32_t hosts = UINT32_MAX >> o->prefix;

    if (o->gateway == UINT32_MAX)
        o->gateway = o->network + 1;
    if (o->resolver == UINT32_MAX) /* QEMU's own hands on to the host's */
        o->resolver = o->net == NET_USER ? o->network + hosts - 1 : 0;
    if (o->gateway &&
        (o->gateway <= o->network || o->gateway - o->network >= hosts))
        return error_set(e, "bad-request",
                         "gateway %s is not a host of the network %s/%u",
                         address_text(o->gateway).text,
                         address_text(o->network).text, o->prefix);
    return o->gateway || o->net != NET_USER ||
           error_set(e, "bad-request",
                     "a user network has a gateway; leave 'none' away");
}

static bool parse_network(struct options *o, const cJSON *json, struct error *e)
{
    const char *net = "user", *cidr = NULL, *gateway = NULL, *resolver = NULL;

    if (!json_get_text(json, "net", JSON_MAY, &net, e) ||
        !json_get_text(json, "cidr", JSON_MAY, &cidr, e) ||
        !json_get_text(json, "gateway", JSON_MAY, &gateway, e) ||
        !json_get_text(json, "resolver", JSON_MAY, &resolver, e))
        return false;
    if (cidr && !value_network(cidr, &o->network, &o->prefix))
        return error_set(e, "bad-request",
                         "cidr %.40s: it wants a network such as 10.0.0.0/8 "
                         "(prefix 0 to 30, host part 0)",
                         cidr);
    return parse_net(o, net, e) &&
           parse_address("gateway", gateway, &o->gateway, e) &&
           parse_address("resolver", resolver, &o->resolver, e) &&
           check_gateway(o, e);
}

static bool kvm_works(void)
{
    char line[8192];
    bool found = false;
    FILE *f = fopen("/proc/cpuinfo", "re");

    while (f && !found && fgets(line, sizeof(line), f))
        found = !strncmp(line, "flags", 5) &&
                (strstr(line, " vmx") || strstr(line, " svm"));
    if (f)
        fclose(f);
    return found && !access("/dev/kvm", R_OK | W_OK);
}

/* A /dev/kvm without vmx or svm emulates instruction by instruction. */
static bool parse_accel(struct options *o, const cJSON *json, struct error *e)
{
    const char *accel = "auto";

    if (!json_get_text(json, "accel", JSON_MAY, &accel, e))
        return false;
    if (!strcmp(accel, "auto"))
        accel = kvm_works() ? "kvm" : "tcg";
    if (!strcmp(accel, "kvm") && !kvm_works())
        return error_set(e, "not-possible",
                         "accel kvm: this machine cannot, or you may not use "
                         "/dev/kvm; use tcg, or auto");
    if (strcmp(accel, "kvm") != 0 && strcmp(accel, "tcg") != 0)
        return error_set(e, "bad-request",
                         "accel %.40s: it wants auto, kvm or tcg", accel);
    snprintf(o->accel, sizeof(o->accel), "%s", accel);
    return true;
}

static bool parse_metrics(struct options *o, const cJSON *json, struct error *e)
{
    const char *text = "127.0.0.1:0", *colon;

    if (!json_get_text(json, "metrics", JSON_MAY, &text, e))
        return false;
    o->metrics[0] = '\0';
    if (!strcmp(text, "none"))
        return true;
    colon = strrchr(text, ':');
    if (!colon || colon == text ||
        (size_t)(colon - text) >= sizeof(o->metrics) ||
        !value_number(colon + 1, 0, 65535, &o->metrics_port))
        return error_set(e, "bad-request",
                         "metrics %.60s: it wants ADDRESS:PORT (port 0: a free "
                         "one), or none",
                         text);
    memcpy(o->metrics, text, (size_t)(colon - text));
    o->metrics[colon - text] = '\0';
    return true;
}

/* Quotas go to domain 0 as KEY=NUMBER of its command line. */
static bool parse_store(struct options *o, const cJSON *json, struct error *e)
{
    static const char *const names[] = {"nodes",
                                        "node-size",
                                        "watches",
                                        "transactions",
                                        "transaction-nodes",
                                        "permissions",
                                        "path",
                                        "memory",
                                        "memory-all",
                                        NULL};
    const cJSON *store = cJSON_GetObjectItemCaseSensitive(json, "store");
    size_t used = 0;

    if (!store)
        return true;
    if (!cJSON_IsObject(store))
        return error_set(e, "bad-request", "\"store\" must be an object");
    if (!json_only(store, names, e))
        return false;
    for (size_t i = 0; names[i]; i++) {
        uint64_t n = 0;
        if (!json_get_number(store, names[i], JSON_NUMBER_MAX, &n, e))
            return false;
        if (n)
            used +=
                (size_t)snprintf(o->control + used, sizeof(o->control) - used,
                                 " store-%s=%" PRIu64, names[i], n);
    }
    return true;
}

static uint64_t default_control(uint64_t memory)
{
    uint64_t part = memory / 16 & ~(MIB - 1);

    if (part < 16 * MIB)
        return 16 * MIB;
    return part > 512 * MIB ? 512 * MIB : part;
}

static bool parse_sizes(struct options *o, const cJSON *json, struct error *e)
{
    const char *options = "";

    if (!json_get_number(json, "cpus", 64, &o->cpus, e) ||
        !json_get_number(json, "memory", MEMORY_MOST, &o->memory, e) ||
        !json_get_number(json, "control_memory", MEMORY_MOST,
                         &o->control_memory, e) ||
        !json_get_number(json, "log_bytes", 1ull << 40, &o->log_bytes, e) ||
        !json_get_number(json, "log_files", 1, &o->log_files, e) ||
        !json_get_text(json, "options", JSON_MAY, &options, e))
        return false;
    if (!o->cpus || o->memory < MEMORY_LEAST || o->log_bytes < 4096)
        return error_set(e, "bad-request",
                         "a cell has at least 1 CPU, 64M of memory, and logs "
                         "of 4096 bytes");
    if (strlen(options) >= sizeof(o->hypervisor) || strchr(options, '\n'))
        return error_set(e, "bad-request", "options: at most %zu bytes",
                         sizeof(o->hypervisor) - 1);
    snprintf(o->hypervisor, sizeof(o->hypervisor), "%s", options);
    o->memory &= ~(MIB - 1);
    if (!o->control_memory)
        o->control_memory = default_control(o->memory);
    o->control_memory &= ~4095ull;
    return true;
}

static bool parse(struct options *o, const cJSON *json, struct error *e)
{
    return (cJSON_IsObject(json) ||
            error_set(e, "bad-request", "not a JSON object")) &&
           json_only(json, keys, e) && parse_sizes(o, json, e) &&
           parse_network(o, json, e) && parse_accel(o, json, e) &&
           parse_metrics(o, json, e) && parse_store(o, json, e);
}

bool options_parse(struct options *o, const char *text, struct error *e)
{
    cJSON *json = cJSON_Parse(text);
    bool good;

    set_defaults(o);
    good = parse(o, json, e);
    cJSON_Delete(json);
    return good;
}

bool options_read(struct options *o, const char *path, struct error *e)
{
    struct buffer b = {0};
    struct error why;
    struct why w;
    bool good;

    if (access(path, F_OK) && errno == ENOENT)
        return options_parse(o, "{}", e);
    if (!file_read(path, FILE_MOST, &b, &w))
        return error_set(e, "not-possible", "%s", w.text);
    buffer_add(&b, "", 1);
    good = options_parse(o, (const char *)b.bytes, &why) ||
           error_set(e, why.code, "%s: %s", path, why.text);
    buffer_free(&b);
    return good;
}

struct options_text options_net_text(const struct options *o)
{
    static const char *const kinds[] = {"user", "tap:", "bridge:"};
    struct options_text t;

    snprintf(t.text, sizeof(t.text), "%s%s", kinds[o->net], o->interface);
    return t;
}
