/* SPDX-License-Identifier: MIT */
/*
 * The values of cell.conf: numbers, sizes, addresses, networks, forwards,
 * names. Each parser takes a whole 0-terminated text, accepts it only if
 * every byte belongs to the value, and has no side effect when it fails.
 */
#ifndef BUNDLE_VALUE_H
#define BUNDLE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A forwarded port: packets to 127.0.0.1:host go to the domain's guest. */
struct forward {
    uint32_t host; /* 1..65535, or what is added to the first host port */
    uint16_t guest;
    bool relative;
    bool udp;
};

/* Decimal, least..most. */
bool value_number(const char *text, uint64_t least, uint64_t most,
                  uint64_t *out);

/* Decimal with an optional K, M or G: powers of 1024. */
bool value_size(const char *text, uint64_t *out);

/* "10.0.0.2": four decimal numbers, no leading zeros. */
bool value_address(const char *text, uint32_t *out);

/* "10.0.0.0/24": the host part must be 0; prefix 0..30. */
bool value_network(const char *text, uint32_t *network, uint32_t *prefix);

/* "8081:80", "+1:80", "+2:53/udp", "+3:7/tcp" */
bool value_forward(const char *text, struct forward *out);

/* A host name of one label: a-z, 0-9 and inner '-', shorter than most. */
bool value_name(const char *text, uint32_t most);

/* "yes" or "no" */
bool value_yes(const char *text, bool *out);

/* "KEY=VALUE": KEY of a-z, 0-9 and inner ".-_/", VALUE printable, without
 * white space, comma and '#'; each at most VALUE_LABEL_MAX bytes. */
#define VALUE_LABEL_MAX 63
bool value_label(const char *text);

/* The last part of a path, without ".elf": its begin and length. */
const char *value_base(const char *path, size_t *length);

/* "sha256:" and 64 lower-case hexadecimal digits */
bool value_is_digest(const char *text);

/* Room for "255.255.255.255". */
struct address_text {
    char text[16];
};
struct address_text address_text(uint32_t address);

#endif
