/* SPDX-License-Identifier: MIT */
/*
 * Two open-addressed hash tables over the lines of a hosts text. See zone.h.
 */
#include "dns/zone.h"

#include <stdlib.h>
#include <string.h>

#include "dns/key.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Reads "a.b.c.d" at *at; moves *at behind it. */
static bool parse_address(const char **at, const char *end, uint32_t *address)
{
    uint32_t value = 0;

    for (int part = 0; part < 4; part++) {
        unsigned octet = 0, digits = 0;

        if (part > 0 && (*at == end || *(*at)++ != '.'))
            return false;
        for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, digits++)
            octet = octet < 256 ? octet * 10 + (unsigned)(**at - '0') : octet;
        if (digits == 0 || octet > 255)
            return false;
        value = value << 8 | octet;
    }
    *address = value;
    return true;
}

bool dns_zone_parse(const char *text, uint32_t *address)
{
    const char *end = text + strlen(text);

    return parse_address(&text, end, address) && text == end;
}

/* Reads the line at `at`. False: no such pair. */
static bool parse_line(const char *at, const char *end, struct dns_host *host)
{
    while (at < end && is_blank(*at))
        at++;
    if (!parse_address(&at, end, &host->address))
        return false;
    if (at == end || !is_blank(*at))
        return false;
    while (at < end && is_blank(*at))
        at++;
    host->name = at;
    while (at < end && !is_blank(*at) && *at != '#')
        at++;
    host->length = (size_t)(at - host->name);
    return host->length > 0;
}

static const char *line_end(const char *line, const char *end)
{
    const char *stop = memchr(line, '\n', (size_t)(end - line));

    return stop ? stop : end;
}

/* The line that a table entry stands for. */
static struct dns_host entry_host(const struct dns_zone *z, uint32_t entry)
{
    const char *line = z->text + entry - 1, *end = z->text + z->size;
    struct dns_host host = {0};

    parse_line(line, line_end(line, end), &host);
    return host;
}

bool dns_zone_name(const struct dns_zone *z, const char *name, size_t length,
                   struct dns_host *host)
{
    uint32_t slot = dns_hash_name(name, length);

    for (;; slot++) {
        uint32_t entry = z->by_name[slot & (z->slots - 1)];

        if (entry == 0)
            return false;
        *host = entry_host(z, entry);
        if (host->length == length && dns_same_name(host->name, name, length))
            return true;
    }
}

bool dns_zone_address(const struct dns_zone *z, uint32_t address,
                      struct dns_host *host)
{
    uint32_t slot = dns_hash_address(address);

    for (;; slot++) {
        uint32_t entry = z->by_address[slot & (z->slots - 1)];

        if (entry == 0)
            return false;
        *host = entry_host(z, entry);
        if (host->address == address)
            return true;
    }
}

static void put(uint32_t *table, uint32_t slots, uint32_t slot, uint32_t entry)
{
    while (table[slot & (slots - 1)])
        slot++;
    table[slot & (slots - 1)] = entry;
}

static void index_line(struct dns_zone *z, const struct dns_host *host,
                       uint32_t entry)
{
    struct dns_host known;

    if (!dns_zone_name(z, host->name, host->length, &known))
        put(z->by_name, z->slots, dns_hash_name(host->name, host->length),
            entry);
    if (!dns_zone_address(z, host->address, &known))
        put(z->by_address, z->slots, dns_hash_address(host->address), entry);
    z->count++;
}

/* Calls index_line() for every pair, or only counts them (without tables). */
static uint32_t each_line(struct dns_zone *z)
{
    const char *line = z->text, *end = z->text + z->size;
    uint32_t pairs = 0;

    while (line < end) {
        const char *stop = line_end(line, end);
        struct dns_host host;

        if (parse_line(line, stop, &host)) {
            pairs++;
            if (z->by_name)
                index_line(z, &host, (uint32_t)(line - z->text) + 1);
        }
        line = stop < end ? stop + 1 : end;
    }
    return pairs;
}

bool dns_zone_open(struct dns_zone *z, const char *text, size_t size)
{
    uint32_t pairs;

    *z = (struct dns_zone){.text = text, .size = size, .slots = 2};
    pairs = each_line(z);
    while (z->slots < 2 * pairs)
        z->slots *= 2;
    z->by_name = calloc(z->slots, sizeof(uint32_t));
    z->by_address = calloc(z->slots, sizeof(uint32_t));
    if (!z->by_name || !z->by_address) {
        dns_zone_close(z);
        return false;
    }
    each_line(z);
    return true;
}

void dns_zone_close(struct dns_zone *z)
{
    free(z->by_name);
    free(z->by_address);
    *z = (struct dns_zone){0};
}
