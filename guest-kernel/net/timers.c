/* SPDX-License-Identifier: MIT */
/*
 * lwIP's timers, without a tick. lwIP counts time in calls: TCP every 250 and
 * 500 ms, ARP and reassembly every second. Here those calls are made late but
 * in full when the guest wakes, before anything looks at their counters, and
 * the guest is woken for them only while they have something to do:
 *
 *   TCP    a connection with an ACK held back: 250 ms; with data under way or
 *          in any state but ESTABLISHED and TIME_WAIT: 500 ms; a quiet one:
 *          at its next poll callback; in TIME_WAIT: when that ends.
 *   ARP    the seconds after a request went out; entries age when awake.
 *   IP     every second while fragments wait for the rest.
 *
 * Whether TCP has something to do is found out when a tick was due, not in
 * each pass: activity arms the next tick, the tick looks at the connections.
 */
#include "net/net.h"

#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/sys.h"

#include "pebble.h"

#define MS           1000000ull
#define FAST_TICK    (TCP_FAST_INTERVAL * MS)
#define SLOW_TICK    (TCP_SLOW_INTERVAL * MS)
#define SECOND       (1000 * MS)
/* A request is repeated for this long and then given up by lwIP. */
#define ARP_WAIT     6
/* More missed ticks than this are not made up for: nothing lives longer. */
#define CATCH_UP_MAX 480

static struct {
    uint64_t fast_done; /* ticks are made up to these times */
    uint64_t slow_done;
    uint64_t second_done;
    uint64_t tcp_due;
    unsigned arp_left; /* seconds in which ARP wants its tick */
    bool active;       /* frames moved since tcp_due was set */
} timers = {.tcp_due = ENV_FOREVER};

/* Ticks that have passed since *done, which moves on by them. */
static unsigned missed(uint64_t *done, uint64_t now, uint64_t tick)
{
    uint64_t n;

    if (now - *done < tick)
        return 0;
    n = (now - *done) / tick;
    *done += n * tick;
    return n < CATCH_UP_MAX ? (unsigned)n : CATCH_UP_MAX;
}

/* Ticks until this connection wants one, in slow ticks of 500 ms; 0: fast. */
static uint32_t ticks_wanted(const struct tcp_pcb *pcb)
{
    if ((pcb->flags &
         (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR)) ||
        pcb->refused_data)
        return 0;
    if (pcb->state != ESTABLISHED || pcb->unacked || pcb->unsent ||
        pcb->persist_backoff > 0 || pcb->rtime >= 0)
        return 1;
    return pcb->pollinterval > pcb->polltmr
               ? (uint32_t)(pcb->pollinterval - pcb->polltmr)
               : 1;
}

static uint32_t min_ticks(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The next time at which TCP has something to do. */
static uint64_t tcp_next(void)
{
    uint32_t wanted = UINT32_MAX;

    for (const struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
        wanted = min_ticks(wanted, ticks_wanted(p));
    for (const struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next) {
        uint32_t life = 2 * TCP_MSL / TCP_SLOW_INTERVAL + 1;
        uint32_t age = tcp_ticks - p->tmr;

        wanted = min_ticks(wanted, age < life ? life - age : 1);
    }
    if (wanted == UINT32_MAX)
        return ENV_FOREVER;
    if (wanted == 0)
        return timers.fast_done + FAST_TICK;
    return timers.slow_done + wanted * SLOW_TICK;
}

static void tcp_run(uint64_t now)
{
    unsigned fast = missed(&timers.fast_done, now, FAST_TICK);
    unsigned slow = missed(&timers.slow_done, now, SLOW_TICK);

    if (fast > 0)
        tcp_fasttmr(); /* flushes what is held back: once is enough */
    for (; slow > 0 && (tcp_active_pcbs || tcp_tw_pcbs); slow--)
        tcp_slowtmr();
    tcp_ticks += slow;
    if (fast > 0) {
        timers.tcp_due = tcp_next();
        timers.active = false;
    }
}

static void seconds_run(uint64_t now)
{
    unsigned seconds = missed(&timers.second_done, now, SECOND);

    timers.arp_left -= seconds < timers.arp_left ? seconds : timers.arp_left;
    for (; seconds > 0; seconds--) {
        etharp_tmr();
        if (lwip_stats.memp[MEMP_REASSDATA]->used > 0)
            ip_reass_tmr();
    }
}

void net_timers_run(uint64_t now)
{
    tcp_run(now);
    seconds_run(now);
}

uint64_t net_timers_next(void)
{
    uint64_t second = timers.second_done + SECOND;
    uint64_t due = timers.tcp_due;

    if (timers.active && (tcp_active_pcbs || tcp_tw_pcbs) &&
        timers.fast_done + FAST_TICK < due)
        due = timers.fast_done + FAST_TICK;
    if ((timers.arp_left > 0 || lwip_stats.memp[MEMP_REASSDATA]->used > 0) &&
        second < due)
        due = second;
    return due;
}

void net_timers_activity(void)
{
    timers.active = true;
}

/* Each repetition arms it again, so it ends when lwIP stops asking. */
void net_timers_arp(void)
{
    timers.arp_left = ARP_WAIT;
}

/* lwIP's clock, in milliseconds. */
u32_t sys_now(void)
{
    return (u32_t)(pebble_now() / MS);
}
