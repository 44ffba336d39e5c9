/* SPDX-License-Identifier: MIT */
/*
 * TCP, UDP and DNS as a client on 127.0.0.1 uses them. Every call is bounded
 * by a timeout in milliseconds.
 */
#ifndef SYSTEM_NET_H
#define SYSTEM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A port that is free now. */
uint16_t net_free_port(bool udp);

/* Sends one datagram (again every 500 ms: UDP may lose it) and waits for one
 * back. Its length, or -1. */
long udp_exchange(uint16_t port, const void *data, size_t n, void *reply,
                  size_t size, unsigned ms);

/* A connected socket with timeouts set, or -1. */
int tcp_connect(uint16_t port, unsigned ms);
/* Sends all and reads n bytes back. */
bool tcp_exchange(int fd, const void *data, void *reply, size_t n);

/* Asks for one record. The answer's address (A) or name (PTR) as text; false:
 * no answer, or *rcode not 0. */
bool dns_ask(uint16_t port, const char *name, unsigned type, char *answer,
             size_t size, int *rcode);
#define DNS_A   1
#define DNS_PTR 12

#endif
