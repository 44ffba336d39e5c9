/* SPDX-License-Identifier: MIT */
/*
 * The net device of a domain: its ring's two ends.
 *
 * Sending takes three steps, so that two domains' locks are never held at
 * once: under the sender's lock the entries are copied, checked and their
 * pages pinned; without it each frame is forwarded (one copy, from the pinned
 * bytes into the receiver's buffer, under the receiver's lock); under the
 * sender's lock again pins go and tx_consumed advances.
 */
#ifndef IO_VIO_NET_H
#define IO_VIO_NET_H

#include "base/types.h"

struct domain;
struct net_port;
struct packet;

/* SCREE_VIO_KICK of d's net device. */
int64_t vio_net_kick(struct domain *d, uint64_t limit);

/* Puts a frame into the next buffer of `to`, whose domain's lock is held, and
 * counts it. True when done[] advanced, so that the event is due. */
bool vio_net_receive(struct net_port *to, const struct packet *f);

/* timer_fn of a port: its sending limit lets go. */
struct timer;
void vio_net_timer(struct timer *t, uint64_t now);

#endif
