/* SPDX-License-Identifier: MIT */
/*
 * The one network interface: lwIP's netif on drivers-generic/net.h.
 *
 * Receive: buffers are lent to the device, given to lwIP without a copy and
 * come back on a stack, so that the last one used is the next one lent and a
 * quiet guest touches few pages; more are lent once a burst has come. When
 * lwIP keeps so many that none is spare,
 * frames are copied to its heap instead, or dropped when that is full: a peer
 * that makes us hold data never stops reception.
 * Transmit: a frame is gathered into one of TX_BUFFERS and queued; the queue
 * is handed over once per pass of the loop, or when the buffers run out.
 */
#include "net/net.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"

#include "drivers-generic/net.h"
#include "net/checksum.h"
#include "pebble.h"

#define TX_BUFFERS   32
#define RX_SPARE     16
#define RX_BUFFERS   (NET_RING + RX_SPARE)
#define RX_FIRST     16 /* lent at first; doubled when a burst comes */
#define POLL_FRAMES  64 /* at most, before timers are looked at again */

#define ETHER_SIZE   14
#define TCP_CHECKSUM 16   /* offset in its header */
#define ISN_NS       4000 /* RFC 6528: the clock under the hash */

struct rx_buffer {
    struct pbuf_custom pbuf; /* first: lwIP hands back a pointer to it */
    struct rx_buffer *next_free;
    uint8_t frame[NET_FRAME_MAX];
};

static struct {
    struct net_device device;
    struct netif netif;
    struct rx_buffer *free; /* a stack */
    unsigned free_count;
    unsigned posted;       /* lent now */
    unsigned posted_most;  /* lent at once */
    unsigned posted_limit; /* posted_most grows up to this: option rx= */
    bool tx_full;          /* lwIP was refused a frame */
    unsigned tx_next;
    struct pebble_net_counts counts;
} net;

static struct rx_buffer rx_buffers[RX_BUFFERS];
static uint8_t tx_frames[TX_BUFFERS][(NET_FRAME_MAX + 7) / 8 * 8];

/* Receive. */

static void rx_release(struct rx_buffer *b)
{
    b->next_free = net.free;
    net.free = b;
    net.free_count++;
}

static void rx_pbuf_freed(struct pbuf *p)
{
    rx_release((struct rx_buffer *)(void *)p);
}

static void rx_post(void)
{
    while (net.posted < net.posted_most && net.free) {
        struct rx_buffer *b = net.free;

        if (!net_post(&net.device, b->frame, sizeof(b->frame),
                      (uint32_t)(b - rx_buffers)))
            return;
        net.free = b->next_free;
        net.free_count--;
        net.posted++;
    }
}

/* Bursts need buffers that a quiet guest never touches. */
static void rx_adapt(unsigned burst)
{
    if (burst * 4 >= net.posted_most && net.posted_most < net.posted_limit) {
        net.posted_most *= 2;
        if (net.posted_most > net.posted_limit)
            net.posted_most = net.posted_limit;
        rx_post();
    }
}

/* A pbuf for the frame in b: b itself, or a copy if b cannot be spared. */
static struct pbuf *rx_wrap(struct rx_buffer *b, uint16_t length)
{
    struct pbuf *p;

    if (net.free_count > 0 || net.posted > net.posted_most / 2) {
        b->pbuf.custom_free_function = rx_pbuf_freed;
        return pbuf_alloced_custom(PBUF_RAW, length, PBUF_REF, &b->pbuf,
                                   b->frame, sizeof(b->frame));
    }
    p = pbuf_alloc(PBUF_RAW, length, PBUF_RAM);
    if (p)
        pbuf_take(p, b->frame, length);
    else
        net.counts.rx_drops++;
    rx_release(b);
    return p;
}

static void rx_frame(const struct net_frame *f)
{
    struct pbuf *p;

    net.posted--;
    if (f->id >= RX_BUFFERS || f->length > NET_FRAME_MAX)
        pebble_panic("net: the device returned a buffer it was not lent");
    net.counts.rx_frames++;
    net.counts.rx_bytes += f->length;
    p = rx_wrap(&rx_buffers[f->id], (uint16_t)f->length);
    if (p && ethernet_input(p, &net.netif) != ERR_OK)
        pbuf_free(p);
}

/* Transmit. */

/* Copies a frame together; returns the sum of what lies from `from` on. */
static uint64_t gather(uint8_t *frame, const struct pbuf *p, unsigned from)
{
    uint64_t sum = 0;
    unsigned at = 0;

    for (; p; at += p->len, p = p->next) {
        unsigned skip = at < from ? from - at : 0;
        uint16_t part;

        if (skip > p->len)
            skip = p->len;
        memcpy(frame + at, p->payload, skip);
        part = checksum_fold(checksum_copy(
            frame + at + skip, (uint8_t *)p->payload + skip, p->len - skip));
        /* bytes at odd offsets are the other half of their word */
        sum += (at + skip - from) & 1 ? __builtin_bswap16(part) : part;
    }
    return sum;
}

/* Where the TCP header of this frame begins; 0: it is not TCP. */
static unsigned tcp_offset(const struct pbuf *p)
{
    const uint8_t *frame = p->payload;

    if (p->len < ETHER_SIZE + IP_HLEN || frame[12] != 8 || frame[13] != 0 ||
        frame[ETHER_SIZE + 9] != IP_PROTO_TCP)
        return 0;
    return ETHER_SIZE + (frame[ETHER_SIZE] & 15u) * 4;
}

/* Finishes a TCP frame: addresses, protocol and length are summed as well. */
static void put_tcp_checksum(uint8_t *frame, unsigned tcp, unsigned length,
                             uint64_t sum)
{
    uint16_t value;

    sum += checksum_add(frame + ETHER_SIZE + 12, 8);
    sum += __builtin_bswap16(IP_PROTO_TCP);
    sum += __builtin_bswap16((uint16_t)(length - tcp));
    value = (uint16_t)~checksum_fold(sum);
    memcpy(frame + tcp + TCP_CHECKSUM, &value, sizeof(value));
}

static void tx_kick(void)
{
    net_kick(&net.device);
    if (net_tx_waiting(&net.device) == 0)
        net.tx_next = 0; /* the same few pages again */
}

static void note_arp_request(const uint8_t *frame)
{
    if (frame[12] == 8 && frame[13] == 6 && frame[ETHER_SIZE + 7] == 1)
        net_timers_arp();
}

static err_t tx_frame(struct netif *netif, struct pbuf *p)
{
    uint8_t *frame;
    unsigned tcp;
    uint64_t sum;

    (void)netif;
    if (p->tot_len > NET_FRAME_MAX)
        return ERR_BUF;
    if (net_tx_waiting(&net.device) >= TX_BUFFERS)
        tx_kick();
    if (net_tx_waiting(&net.device) >= TX_BUFFERS) {
        net.tx_full = true;
        net.counts.tx_drops++;
        return ERR_MEM;
    }
    frame = tx_frames[net.tx_next++ % TX_BUFFERS];
    tcp = tcp_offset(p);
    sum = gather(frame, p, tcp);
    if (tcp > 0)
        put_tcp_checksum(frame, tcp, p->tot_len, sum);
    net_queue(&net.device, frame, p->tot_len);
    net.counts.tx_frames++;
    net.counts.tx_bytes += p->tot_len;
    net_timers_activity();
    note_arp_request(frame);
    return ERR_OK;
}

/* There is room again: connections that were refused a frame go on. */
static void tx_resume(void)
{
    if (!net.tx_full || net_tx_waiting(&net.device) > 0)
        return;
    net.tx_full = false;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        tcp_output(pcb);
}

/* What the loop calls. */

void net_poll(void)
{
    struct net_frame f;
    unsigned n;

    net.counts.passes++;
    if (!net.device.ring)
        return;
    if (net_received(&net.device))
        net_timers_activity();
    for (n = 0; n < POLL_FRAMES && net_take(&net.device, &f); n++) {
        rx_frame(&f);
        rx_post();
    }
    rx_adapt(n);
    tx_kick();
    tx_resume();
    tx_kick();
}

bool net_has_work(void)
{
    return net.device.ring && net_received(&net.device);
}

/* Start. */

static void set_identity(struct netif *netif)
{
    const struct scree_info *info = env_info();
    uint32_t mask = info->prefix ? UINT32_MAX << (32 - info->prefix) : 0;
    ip4_addr_t address = {lwip_htonl(info->ipv4)};
    ip4_addr_t netmask = {lwip_htonl(mask)};
    ip4_addr_t gateway = {lwip_htonl(info->gateway)};

    memcpy(netif->hwaddr, info->mac, sizeof(info->mac));
    netif_set_addr(netif, &address, &netmask, &gateway);
}

void net_new_identity(void)
{
    if (net.device.ring)
        set_identity(&net.netif);
}

static err_t netif_setup(struct netif *netif)
{
    netif->name[0] = 'v';
    netif->name[1] = 'n';
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->mtu = (uint16_t)env_info()->mtu;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                   NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = tx_frame;
    return ERR_OK;
}

static void start_device(void)
{
    int error = net_open(&net.device);

    if (error < 0)
        pebble_panic("net: cannot open the device: error %d", -error);
    net.posted_limit = (unsigned)pebble_option("rx", NET_RING, 4, NET_RING);
    net.posted_most = net.posted_limit < RX_FIRST ? net.posted_limit : RX_FIRST;
    /* the lowest ones end on top */
    for (unsigned i = net.posted_limit + RX_SPARE; i > 0; i--)
        rx_release(&rx_buffers[i - 1]);
    rx_post();
}

void net_start(void)
{
    lwip_init();
    if (!(env_info()->features & SCREE_FEATURE_NET))
        return;
    start_device();
    netif_add_noaddr(&net.netif, NULL, netif_setup, ethernet_input);
    netif_set_default(&net.netif);
    set_identity(&net.netif);
    netif_set_up(&net.netif);
    /* lwIP keeps one packet while it asks: know the gateway before a burst */
    if (!ip4_addr_isany_val(*netif_ip4_gw(&net.netif)))
        (void)etharp_request(&net.netif, netif_ip4_gw(&net.netif));
    tx_kick();
}

void pebble_net_counts(struct pebble_net_counts *counts)
{
    *counts = net.counts;
    if (net.device.ring) {
        struct net_counts far = net_counts(&net.device);

        counts->rx_drops += far.rx_drops;
        counts->tx_drops += far.tx_drops + far.tx_errors;
    }
}

/* Initial sequence numbers nobody else can guess (RFC 6528). */
u32_t net_tcp_isn(const ip4_addr_t *local, u16_t local_port,
                  const ip4_addr_t *remote, u16_t remote_port)
{
    uint32_t who[3] = {local->addr, remote->addr,
                       (uint32_t)local_port << 16 | remote_port};

    return (u32_t)pebble_hash(who, sizeof(who)) +
           (u32_t)(pebble_now() / ISN_NS);
}
