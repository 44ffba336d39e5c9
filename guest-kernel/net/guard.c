/* SPDX-License-Identifier: MIT */
/*
 * What keeps hostile TCP peers from ending the guest or shutting others out.
 *
 * lwIP takes an MSS option from any segment, and lets a connection's segment
 * size follow half the largest window seen; either may shrink below segments
 * that are already queued, which it asserts not to happen. And it leaves a
 * listener whose backlog is full to those who filled it, for 20 seconds.
 */
#include "net/net.h"

#include "lwip/priv/tcp_priv.h"

#include "net/tcp_options.h"

/* A SYN for a full backlog takes the place of the oldest half-open connection:
 * an honest peer completes its own long before a flood has gone round. */
static void make_room(const struct tcp_pcb_listen *listener)
{
    struct tcp_pcb *oldest = NULL;

    if (listener->accepts_pending < listener->backlog)
        return;
    for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next) {
        if (p->state == SYN_RCVD && p->listener == listener)
            oldest = p; /* new ones are put in front */
    }
    if (oldest)
        tcp_abandon(oldest, 0);
}

err_t net_tcp_check(struct tcp_pcb *pcb, struct tcp_hdr *header,
                    u16_t options_size, u16_t first_size, u8_t *second,
                    struct pbuf *p)
{
    struct tcp_options o = {
        .first = (const u8_t *)(header + 1),
        .second = second,
        .first_size = first_size,
        .size = options_size,
    };

    bool syn = TCPH_FLAGS(header) & TCP_SYN;

    (void)p;
    if (!tcp_options_good(&o, syn))
        return ERR_VAL;
    if (syn && pcb->state == LISTEN)
        make_room((const struct tcp_pcb_listen *)pcb);
    return ERR_OK;
}

void net_tcp_accepted(struct tcp_pcb *pcb)
{
    if (pcb->snd_wnd_max < 2 * TCP_MSS)
        pcb->snd_wnd_max = 2 * TCP_MSS;
}
