/* SPDX-License-Identifier: MIT */
/*
 * RUN: from a request to a definition and its domain. Everything is checked
 * before anything is made; what was made is taken back when the hypervisor
 * refuses the domain. See manager.h.
 */
#include "control/manager_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB       1024
#define PAGE      4096
#define GROUP_MAX 65535

int refuse(struct scree_reply *why, int error, const char *format, ...)
{
    va_list args;

    why->error = (uint32_t)error;
    va_start(args, format);
    vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
    return error;
}

/* ----------------------------------------------------------------- check */

static int check_config(const struct scree_domain_config *c,
                        struct scree_reply *why)
{
    if (c->size != sizeof(*c))
        return refuse(why, XEN_EINVAL, "the record of the domain is of size %u",
                      c->size);
    if (!definition_name_good(c->name))
        return refuse(why, XEN_EINVAL,
                      "a name is up to %d of a-z, 0-9 and inner '-'",
                      SCREE_NAME_MAX - 1);
    if (strnlen(c->cmdline, SCREE_CMDLINE_MAX) == SCREE_CMDLINE_MAX)
        return refuse(why, XEN_EINVAL, "the command line is over %d bytes",
                      SCREE_CMDLINE_MAX - 1);
    if (!c->memory || c->memory % PAGE)
        return refuse(why, XEN_EINVAL, "memory must be whole pages of 4096");
    if (c->weight < 1 || c->weight > 65535)
        return refuse(why, XEN_EINVAL, "weight must be 1 to 65535");
    if (c->group > GROUP_MAX)
        return refuse(why, XEN_EINVAL, "group must be 0 to %d", GROUP_MAX);
    if (c->on_crash != SCREE_ON_CRASH_DESTROY &&
        c->on_crash != SCREE_ON_CRASH_PRESERVE)
        return refuse(why, XEN_EINVAL, "on_crash must be destroy or preserve");
    if (c->flags)
        return refuse(why, XEN_EINVAL, "the domain's flags must be 0");
    return 0;
}

static int check_restart(uint32_t restart, uint32_t retries,
                         struct scree_reply *why)
{
    if (restart > SCREE_RESTART_UNLESS_STOPPED)
        return refuse(why, XEN_EINVAL, "no such restart policy: %u", restart);
    if (retries && restart != SCREE_RESTART_ON_FAILURE)
        return refuse(why, XEN_EINVAL, "retries go with on-failure only");
    return 0;
}

static int check_run(const struct scree_manage_run *r, struct scree_reply *why)
{
    const uint32_t flags =
        SCREE_RUN_DEFINE | SCREE_RUN_REMOVE | SCREE_RUN_ADOPT;
    int result = check_config(&r->config, why);

    if (!result)
        result = check_restart(r->restart, r->retries, why);
    if (result)
        return result;
    if (r->flags & ~flags)
        return refuse(why, XEN_EINVAL, "unknown flags of run: %x", r->flags);
    if (r->address > SCREE_ADDRESS_NEXT)
        return refuse(why, XEN_EINVAL, "no such kind of address: %u",
                      r->address);
    return 0;
}

/* "sha256:" and the first digits of a digest. */
static const char *short_digest(const uint8_t *digest, char text[24])
{
    snprintf(text, 24, "sha256:%02x%02x%02x%02x%02x%02x", digest[0], digest[1],
             digest[2], digest[3], digest[4], digest[5]);
    return text;
}

static int check_objects(const struct manager *m,
                         const struct scree_manage_run *r,
                         struct scree_reply *why)
{
    char text[24];

    /* those of the boot bundle have no digest, and are not for others */
    if (object_digest_empty(r->image) ||
        !object_find(&m->objects, r->image, SCREE_OBJECT_IMAGE))
        return refuse(why, XEN_ENOENT, "the cell has no image %s",
                      short_digest(r->image, text));
    if (!object_digest_empty(r->files) &&
        !object_find(&m->objects, r->files, SCREE_OBJECT_MODULE))
        return refuse(why, XEN_ENOENT, "the cell has no files %s",
                      short_digest(r->files, text));
    return 0;
}

/* --------------------------------------------------------------- address */

static const char *address_holder(const struct manager *m, uint32_t address)
{
    for (const struct definition *d = m->first; d; d = d->next)
        if (d->state.ipv4 == address)
            return d->state.name;
    return "?";
}

#define QUAD(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255

static int check_fixed(const struct manager *m, uint32_t address,
                       struct scree_reply *why)
{
    if (!m->addresses.hosts)
        return refuse(why, XEN_EADDRNOTAVAIL, "the cell has no network");
    if (!address_valid(&m->addresses, address))
        return refuse(why, XEN_EADDRNOTAVAIL,
                      "%u.%u.%u.%u is no address for a domain of this cell; "
                      "its network is %u.%u.%u.%u/%u",
                      QUAD(address), QUAD(m->addresses.network),
                      m->addresses.prefix);
    if (address_used(&m->addresses, address))
        return refuse(why, XEN_EADDRINUSE,
                      "address %u.%u.%u.%u is in use by '%s'", QUAD(address),
                      address_holder(m, address));
    return 0;
}

/* Takes the address that was asked for; *address: it, or 0. */
static int take_address(struct manager *m, const struct scree_manage_run *r,
                        uint32_t *address, struct scree_reply *why)
{
    int result;

    *address = 0;
    if (r->address == SCREE_ADDRESS_NONE)
        return 0;
    if (r->address == SCREE_ADDRESS_NEXT) {
        *address = address_next(&m->addresses);
        if (!*address)
            return refuse(why, XEN_EADDRNOTAVAIL,
                          "no address of the cell's network is free");
    } else {
        result = check_fixed(m, r->config.ipv4, why);
        if (result)
            return result;
        *address = r->config.ipv4;
    }
    if (!address_take(&m->addresses, *address))
        return refuse(why, XEN_ENOMEM, "the control domain is out of memory");
    return 0;
}

/* ------------------------------------------------------------ definition */

void use_objects(struct manager *m, const struct definition *d, int change)
{
    struct object *image =
        object_find(&m->objects, d->image, SCREE_OBJECT_IMAGE);
    struct object *files =
        object_find(&m->objects, d->files, SCREE_OBJECT_MODULE);

    if (image)
        image->users += (uint32_t)change;
    if (files && !object_digest_empty(d->files))
        files->users += (uint32_t)change;
}

static struct definition *make_definition(struct manager *m,
                                          const struct scree_manage_run *r)
{
    const struct scree_domain_config *c = &r->config;
    struct definition *d = definition_new(c->name);

    if (!d)
        return NULL;
    d->cmdline = c->cmdline[0] ? strdup(c->cmdline) : NULL;
    if (c->cmdline[0] && !d->cmdline) {
        definition_delete(d);
        return NULL;
    }
    d->serial = m->next_serial;
    memcpy(d->image, r->image, SCREE_DIGEST_SIZE);
    memcpy(d->files, r->files, SCREE_DIGEST_SIZE);
    d->on_crash = c->on_crash;
    d->address = r->address;
    d->restart = r->restart;
    d->retries = r->retries;
    d->run_flags = r->flags & SCREE_RUN_REMOVE;
    d->defined_ns = calls_now(m->calls);
    d->state.memory = c->memory;
    d->state.weight = c->weight;
    d->state.group = c->group;
    d->state.net_rate = c->net_rate;
    return d;
}

static int refuse_memory(const struct manager *m, const struct definition *d,
                         struct scree_reply *why)
{
    struct scree_control_cell cell = {.cpus = 0};

    if (calls_do(m->calls, SCREE_CONTROL_cell, 0, &cell, sizeof(cell)))
        cell.frames_available = 0;
    return refuse(why, XEN_ENOMEM,
                  "not enough memory for '%s': it wants %lu KiB and the cell "
                  "has %lu KiB left",
                  definition_name(d), (unsigned long)(d->state.memory / KIB),
                  (unsigned long)(cell.frames_available * (PAGE / KIB)));
}

/* What the hypervisor meant. */
static int refuse_create(const struct manager *m, const struct definition *d,
                         int error, struct scree_reply *why)
{
    const char *name = definition_name(d);

    switch (error) {
    case XEN_ENOMEM:
        return refuse_memory(m, d, why);
    case XEN_ENOSPC:
        return refuse(why, error, "the cell has no free domain id for '%s'",
                      name);
    case XEN_EADDRINUSE:
        return refuse(why, error, "the address of '%s' is still in use", name);
    case XEN_EADDRNOTAVAIL:
        return refuse(why, error, "the cell cannot give '%s' its address",
                      name);
    case XEN_E2BIG:
        return refuse(why, error,
                      "the image of '%s' does not fit into %lu KiB: give it "
                      "more memory (-m)",
                      name, (unsigned long)(d->state.memory / KIB));
    case XEN_ENOENT:
        return refuse(why, error, "the cell has the image of '%s' no longer",
                      name);
    default:
        return refuse(why, error, "the cell refuses '%s' (error %d)", name,
                      error);
    }
}

/* d is in no table yet. */
static int run_new(struct manager *m, const struct scree_manage_run *r,
                   struct definition *d, struct scree_reply *why)
{
    int result;

    registry_add(m, d);
    use_objects(m, d, 1);
    if (r->flags & SCREE_RUN_DEFINE)
        return 0;
    result = -life_begin(m, d);
    if (!result)
        return 0;
    refuse_create(m, d, result, why);
    registry_remove(m, d);
    use_objects(m, d, -1);
    return result;
}

/* ----------------------------------------------------------------- adopt */

static bool same(const struct definition *d, const struct scree_manage_run *r)
{
    const struct scree_domain_config *c = &r->config;
    const char *cmdline = d->cmdline ? d->cmdline : "";
    uint32_t address = r->address == SCREE_ADDRESS_FIXED ? c->ipv4 : 0;

    if (d->flags & DEFINITION_BOOT)
        return false;
    if (r->address == SCREE_ADDRESS_NEXT)
        address = d->state.ipv4;
    return !memcmp(d->image, r->image, SCREE_DIGEST_SIZE) &&
           !memcmp(d->files, r->files, SCREE_DIGEST_SIZE) &&
           d->state.memory == c->memory && d->state.group == c->group &&
           d->state.ipv4 == address &&
           (d->flags & DEFINITION_UNKNOWN ||
            (d->on_crash == c->on_crash && !strcmp(cmdline, c->cmdline)));
}

static int adopt(struct definition *d, const struct scree_manage_run *r,
                 struct scree_reply *why)
{
    char *cmdline;

    if (!same(d, r))
        return refuse(why, XEN_EEXIST, "'%s' is defined already, otherwise",
                      definition_name(d));
    if (d->flags & DEFINITION_UNKNOWN) {
        cmdline = strdup(r->config.cmdline);
        if (!cmdline)
            return refuse(why, XEN_ENOMEM,
                          "the control domain is out of memory");
        free(d->cmdline);
        d->cmdline = cmdline;
        d->on_crash = r->config.on_crash;
        d->flags &= ~(uint32_t)DEFINITION_UNKNOWN;
    }
    d->restart = r->restart;
    d->retries = r->retries;
    d->run_flags = r->flags & SCREE_RUN_REMOVE;
    return 0;
}

static int refuse_name(const struct definition *d, struct scree_reply *why)
{
    if (d->life == LIFE_LIVE)
        return refuse(why, XEN_EEXIST,
                      "name '%s' is in use by domain %u; remove it first: "
                      "scree rm -f %s",
                      definition_name(d), d->state.id, definition_name(d));
    return refuse(why, XEN_EEXIST,
                  "name '%s' is in use; remove it first: scree rm %s",
                  definition_name(d), definition_name(d));
}

int manager_run(struct manager *m, const struct scree_manage_run *r,
                struct definition **d, struct scree_reply *why)
{
    uint32_t address;
    int result = check_run(r, why);

    if (result)
        return result;
    *d = manager_find(m, r->config.name);
    if (*d)
        return r->flags & SCREE_RUN_ADOPT ? adopt(*d, r, why)
                                          : refuse_name(*d, why);
    result = check_objects(m, r, why);
    if (!result)
        result = take_address(m, r, &address, why);
    if (result)
        return result;
    *d = make_definition(m, r);
    if (*d) {
        (*d)->state.ipv4 = address;
        result = run_new(m, r, *d, why);
    } else {
        result = refuse(why, XEN_ENOMEM, "the control domain is out of memory");
    }
    if (!result)
        return 0;
    if (address)
        address_free(&m->addresses, address);
    if (*d)
        definition_delete(*d);
    return result;
}

int manager_start(struct manager *m, struct definition *d,
                  struct scree_reply *why)
{
    int result;

    if (d->flags & DEFINITION_BOOT)
        return refuse(why, XEN_EINVAL,
                      "'%s' is of the boot bundle and cannot be started again",
                      definition_name(d));
    if (d->life == LIFE_LIVE)
        return refuse(why, XEN_EINVAL, "'%s' runs already as domain %u",
                      definition_name(d), d->state.id);
    d->tries = 0;
    result = -life_begin(m, d);
    if (!result) {
        deadline_clear(&m->deadlines, &d->due);
        return 0;
    }
    return refuse_create(m, d, result, why);
}
