/* SPDX-License-Identifier: MIT */
/*
 * Names from the store. See follow.h.
 */
#include "dns/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pebble.h"
#include "xs/xs.h"

#define RETRY 1000000000ull /* ns, after the store has failed us */
#define READS 16            /* names in each pass */

static struct {
    struct dns_server *server;
    struct dns_names *names;
    char *suffix;
    bool watching;
    bool list_due;   /* the list is to be read */
    bool unread;     /* some names' addresses are to be read */
    bool full;       /* said that there is no memory */
    uint32_t cursor; /* among the unread */
    uint64_t not_before;
} follow;

static void say_full(void)
{
    if (!follow.full)
        pebble_log("dns: no memory for more than %lu names",
                   (unsigned long)follow.names->count);
    follow.full = true;
}

/* False: the store has failed us, and *address says nothing. */
static bool read_address(const char *name, uint32_t *address)
{
    char path[sizeof(FOLLOW_NAMES "/") + DNS_NAMES_LENGTH], *value;
    bool there;

    strcpy(path, FOLLOW_NAMES "/");
    strcat(path, name);
    value = xs_read(XBT_NULL, path, NULL);
    there = value && dns_zone_parse(value, address);
    if (!there)
        *address = 0;
    free(value);
    return value || errno == ENOENT || errno == EACCES;
}

/* Takes over what the store has for a name. False: to be tried again. */
static bool read_name(const char *name)
{
    size_t length = strlen(name);
    uint32_t address;

    if (length > DNS_NAMES_LENGTH)
        return true;
    if (!read_address(name, &address))
        return false;
    if (address == 0)
        dns_names_remove(follow.names, name, length);
    else if (!dns_names_set(follow.names, name, length, address))
        say_full();
    return true;
}

/* "/scree/names/NAME": that name; "/scree/names" itself: all of them. */
static void fired(void *user, const char *path, const char *token)
{
    const char *name = path + strlen(FOLLOW_NAMES);

    (void)user;
    (void)token;
    if (*name == '\0')
        follow.list_due = true;
    else if (strchr(name + 1, '/') == NULL && !read_name(name + 1))
        follow.list_due = true;
}

static void keep(void *user, const char *name)
{
    (void)user;
    if (!dns_names_keep(follow.names, name, strlen(name)))
        say_full();
}

static void read_suffix(void)
{
    unsigned length;
    char *cell = follow.suffix ? xs_read(XBT_NULL, FOLLOW_CELL, &length) : NULL;

    if (cell && length > 0 && length <= DNS_LABEL_MAX)
        strcpy(follow.suffix, cell);
    free(cell);
}

/* False: the store has failed us. */
static bool read_list(void)
{
    dns_names_mark(follow.names);
    if (!xs_each(XBT_NULL, FOLLOW_NAMES, keep, NULL) && errno != ENOENT)
        return false;
    dns_names_sweep(follow.names);
    read_suffix();
    follow.list_due = false;
    follow.unread = true;
    follow.cursor = 0;
    return true;
}

static bool read_some(void)
{
    char name[DNS_NAMES_LENGTH + 1];
    struct dns_host host;

    for (unsigned i = 0; i < READS; i++) {
        if (!dns_names_unread(follow.names, &follow.cursor, &host)) {
            follow.unread = false;
            follow.server->incomplete = false;
            return true;
        }
        memcpy(name, host.name, host.length);
        name[host.length] = '\0';
        if (!read_name(name))
            return false;
    }
    return true;
}

/* One step of what is to be done. False: the store has failed us. */
static bool step(void)
{
    if (!follow.watching) {
        follow.watching = xs_watch(FOLLOW_NAMES, "names", fired, NULL);
        return follow.watching;
    }
    if (follow.list_due)
        return read_list();
    return read_some();
}

uint64_t follow_pass(uint64_t now)
{
    if (!follow.names ||
        (follow.watching && !follow.list_due && !follow.unread))
        return ENV_FOREVER;
    if (now < follow.not_before)
        return follow.not_before;
    if (step())
        return 0;
    follow.list_due |= follow.unread;
    follow.not_before = pebble_now() + RETRY;
    return follow.not_before;
}

void follow_start(struct dns_server *s, struct dns_names *names,
                  char suffix[DNS_LABEL_MAX + 1])
{
    dns_names_open(names);
    s->names = names;
    s->incomplete = true;
    follow.server = s;
    follow.names = names;
    follow.suffix = suffix;
}
