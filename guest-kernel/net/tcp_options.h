/* SPDX-License-Identifier: MIT */
/*
 * The MSS option of a TCP segment. Pure: host tests link it.
 */
#ifndef NET_TCP_OPTIONS_H
#define NET_TCP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* The options of a segment, which may lie in two buffers. */
struct tcp_options {
    const uint8_t *first, *second;
    uint16_t first_size, size; /* first_size <= size */
};

/* Its value, or -1: there is none that a parser would reach. */
int tcp_options_mss(const struct tcp_options *o);

/* Whether a segment with these options may reach lwIP: an MSS option stands in
 * SYNs only, and one below 200 is an attack, not a network. */
bool tcp_options_good(const struct tcp_options *o, bool syn);

#endif
