/* SPDX-License-Identifier: MIT */
/*
 * lwIP on the net device: one interface with the address of the info page,
 * frames in and out in batches, and lwIP's timers run when one is due.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>

/* netif.c */

/* Starts lwIP; if the domain has a network, opens the device and brings the
 * interface up, or panics. */
void net_start(void);
/* Handles what was received and hands over what is to be sent. */
void net_poll(void);
/* More was received meanwhile: do not sleep. */
bool net_has_work(void);
/* Takes MAC and IPv4 address from the info page again. */
void net_new_identity(void);

/* guard.c */

/* Takes from the peer that was accepted a way to make lwIP fail. */
struct tcp_pcb;
void net_tcp_accepted(struct tcp_pcb *pcb);

/* timers.c; times are those of pebble_now(). */

/* Runs what is due. Call before handling frames: it brings ticks up to now. */
void net_timers_run(uint64_t now);
/* When net_timers_run() must be called next; ENV_FOREVER: nothing is due. */
uint64_t net_timers_next(void);
/* A frame was handled or sent: TCP may have something to time. */
void net_timers_activity(void);
/* An ARP request went out: its answer is awaited, and asked for again. */
void net_timers_arp(void);

#endif
