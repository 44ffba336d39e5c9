/* SPDX-License-Identifier: MIT */
/*
 * See nodes.h. New nodes have their parent's rights, so rights are set at the
 * top and where they differ. A domain's own nodes it may write, all others it
 * may read; who else may is as Xen's libxl has it.
 */
#include "control/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scree/xen.h"

#define PATH_MOST 160
#define KIB       1024

/* One path, whose end is replaced again and again. */
struct path {
    struct nodes *n;
    char text[PATH_MOST];
    size_t base;
};

static void base(struct path *p, struct nodes *n, const char *format,
                 const char *text, uint32_t number)
{
    p->n = n;
    p->base = (size_t)snprintf(p->text, sizeof(p->text), format, text, number);
}

static const char *under(struct path *p, const char *name)
{
    size_t n = strlen(name);

    if (n + 2 > sizeof(p->text) - p->base)
        n = 0;
    p->text[p->base] = n ? '/' : '\0';
    memcpy(p->text + p->base + 1, name, n);
    p->text[p->base + 1 + n] = '\0';
    return p->text;
}

/* The store says no only when memory is gone; then nodes are missing. */
static void put(struct path *p, const char *name, const char *value)
{
    (void)store_write(p->n->store, under(p, name), value, strlen(value));
}

static void put_number(struct path *p, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lu", (unsigned long)value);
    put(p, name, text);
}

static void permit(struct path *p, const char *name, const char *rights)
{
    (void)store_permit(p->n->store, under(p, name), rights);
}

/* The same for the same domain in the same cell, however often the control
 * domain starts. */
static void uuid(const struct nodes *n, const struct definition *d,
                 char text[40])
{
    uint64_t a = n->cell_life * 0x9e3779b97f4a7c15ull + d->state.id;
    uint64_t b = (d->state.created_ns + d->serial) * 0xbf58476d1ce4e5b9ull;

    a ^= b >> 29;
    b ^= a >> 31;
    snprintf(text, 40, "%08x-%04x-4%03x-a%03x-%012lx", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
             (unsigned)(b >> 48 & 0xfff),
             (unsigned long)(b & 0xffffffffffffull));
}

static void address_text(uint32_t a, char text[16])
{
    snprintf(text, 16, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
             a & 255);
}

void nodes_open(struct nodes *n, struct store *store, uint64_t cell_life,
                const char *name)
{
    struct path p;

    *n = (struct nodes){.store = store, .cell_life = cell_life};
    base(&p, n, "", "", 0);
    put(&p, "tool/xenstored", "");
    put(&p, "local/domain", "");
    put(&p, "vm", "");
    put(&p, "scree/names", "");
    permit(&p, "tool", "r0");
    permit(&p, "tool/xenstored", "r0");
    permit(&p, "local", "r0");
    permit(&p, "local/domain", "r0");
    permit(&p, "vm", "r0");
    permit(&p, "scree", "r0");
    permit(&p, "scree/names", "r0");
    if (name && name[0])
        put(&p, "scree/cell", name);
    base(&p, n, "/local/domain/%s%u", "", 0);
    put(&p, "name", "Domain-0");
    put(&p, "domid", "0");
}

static void put_memory(struct path *p, const struct definition *d)
{
    put_number(p, "memory/static-max", d->state.memory / KIB);
    put_number(p, "memory/target", d->state.memory / KIB);
}

static void put_network(struct path *p, const struct definition *d)
{
    const uint8_t *m = d->state.mac;
    char text[24];

    if (!d->state.ipv4)
        return;
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
             m[2], m[3], m[4], m[5]);
    put(p, "device/vif/0/mac", text);
    address_text(d->state.ipv4, text);
    put(p, "device/vif/0/ip", text);
    put(p, "device/vif/0/handle", "0");
    put(p, "device/vif/0/state", "4"); /* XenbusStateConnected */
}

/* What the domain itself may write. */
static void put_own(struct path *p, const struct definition *d)
{
    static const char *const names[] = {
        "control/shutdown",
        "control/feature-poweroff",
        "control/feature-reboot",
        "control/feature-suspend",
        "data",
    };
    char rights[24];

    snprintf(rights, sizeof(rights), "n%u", d->state.id);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        put(p, names[i], "");
        permit(p, names[i], rights);
    }
}

static void put_vm(struct nodes *n, const struct definition *d, const char *id)
{
    struct path p;
    char rights[24];

    base(&p, n, "/vm/%s", id, 0);
    put(&p, "name", definition_name(d));
    snprintf(rights, sizeof(rights), "n0 r%u", d->state.id);
    permit(&p, "", rights);
    permit(&p, "name", rights);
    put(&p, "uuid", id);
    put_number(&p, "start_time",
               (n->cell_life + d->state.created_ns) / 1000000000ull);
}

void nodes_came(struct nodes *n, const struct definition *d)
{
    char id[40], rights[24], vm[48];
    struct path p;

    base(&p, n, "/local/domain/%s%u", "", d->state.id);
    uuid(n, d, id);
    snprintf(vm, sizeof(vm), "/vm/%s", id);
    snprintf(rights, sizeof(rights), "n0 r%u", d->state.id);
    put(&p, "", "");
    permit(&p, "", rights);
    put(&p, "name", definition_name(d));
    put_number(&p, "domid", d->state.id);
    put(&p, "vm", vm);
    put(&p, "cpu/0/availability", "online");
    put(&p, "console/type", "scree");
    put_memory(&p, d);
    put_network(&p, d);
    put_own(&p, d);
    put_vm(n, d, id);
    store_domain_introduced(n->store, d->state.id);
}

void nodes_went(struct nodes *n, const struct definition *d)
{
    char id[40];
    struct path p;

    uuid(n, d, id);
    base(&p, n, "/vm/%s", id, 0);
    (void)store_remove(n->store, p.text);
    base(&p, n, "/local/domain/%s%u", "", d->state.id);
    (void)store_remove(n->store, p.text);
    store_domain_released(n->store, d->state.id);
}

void nodes_name(struct nodes *n, const struct definition *d)
{
    struct path p;
    char text[16];

    if (!d->state.ipv4)
        return;
    address_text(d->state.ipv4, text);
    base(&p, n, "/scree/names", "", 0);
    put(&p, definition_name(d), text);
}

void nodes_forget_name(struct nodes *n, const struct definition *d)
{
    struct path p;

    base(&p, n, "/scree/names", "", 0);
    (void)store_remove(n->store, under(&p, definition_name(d)));
}

bool nodes_is_shutdown(const char *path, uint32_t *domain)
{
    static const char before[] = "/local/domain/";
    char *end;
    unsigned long id;

    if (strncmp(path, before, sizeof(before) - 1))
        return false;
    path += sizeof(before) - 1;
    if (*path < '1' || *path > '9')
        return false;
    id = strtoul(path, &end, 10);
    *domain = (uint32_t)id;
    return id <= UINT32_MAX && !strcmp(end, "/control/shutdown");
}

int nodes_shutdown_reason(struct nodes *n, uint32_t domain)
{
    struct path p;
    char value[16];
    size_t size = sizeof(value) - 1;

    base(&p, n, "/local/domain/%s%u", "", domain);
    if (store_read(n->store, under(&p, "control/shutdown"), value, &size) ||
        size >= sizeof(value))
        return -1;
    value[size] = '\0';
    if (!strcmp(value, "poweroff") || !strcmp(value, "halt"))
        return SHUTDOWN_poweroff;
    return strcmp(value, "reboot") ? -1 : SHUTDOWN_reboot;
}
