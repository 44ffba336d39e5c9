/* SPDX-License-Identifier: MIT */
/*
 * lwIP for pebble: IPv4, ARP, ICMP, UDP and TCP over one interface, no
 * threads, no timers of its own (timers.c runs them, only when one is due).
 *
 * Memory: pools and heap are bss, so a page costs when it is first used. All
 * pools together are about 60 KiB and the packet heap 80 KiB.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                        1
#define SYS_LIGHTWEIGHT_PROT          0
#define LWIP_TIMERS                   0
#define LWIP_NETCONN                  0
#define LWIP_SOCKET                   0

#define LWIP_IPV4                     1
#define LWIP_IPV6                     0
#define LWIP_ARP                      1
#define LWIP_ICMP                     1
#define LWIP_UDP                      1
#define LWIP_TCP                      1
#define LWIP_RAW                      0
#define LWIP_IGMP                     0
#define LWIP_DHCP                     0
#define LWIP_AUTOIP                   0
#define LWIP_DNS                      0
#define LWIP_ALTCP                    0
#define LWIP_SINGLE_NETIF             1

/* Memory. */
#define MEM_ALIGNMENT                 8
#define MEM_SIZE                      (80 * 1024)
#define MEMP_NUM_PBUF                 512
#define MEMP_NUM_TCP_SEG              512
#define MEMP_NUM_TCP_PCB              144
#define MEMP_NUM_UDP_PCB              4
#define MEMP_NUM_REASSDATA            4
#define MEMP_NUM_FRAG_PBUF            16
#define PBUF_POOL_SIZE                0 /* frames arrive in buffers of netif.c */
#define PBUF_LINK_HLEN                14
#define LWIP_SUPPORT_CUSTOM_PBUF      1

/* ARP: the switch answers for every known address; few peers, no queue. */
#define ARP_TABLE_SIZE                16
#define ARP_QUEUEING                  0
#define LWIP_NETIF_HWADDRHINT         1
#define ETHARP_SUPPORT_STATIC_ENTRIES 0

/* IP: fragments are put together, within a small bound. */
#define IP_FORWARD                    0
#define IP_OPTIONS_ALLOWED            0
#define IP_REASSEMBLY                 1
#define IP_REASS_MAX_PBUFS            12
#define IP_REASS_MAXAGE               5
#define IP_FRAG                       1
#define LWIP_BROADCAST_PING           0
#define LWIP_MULTICAST_PING           0

/*
 * TCP. Segments out of order are not kept: they would pin receive buffers for
 * whoever likes to send holes. The window is small for the same reason.
 */
#define TCP_MSS                       1460
#define TCP_WND                       (8 * TCP_MSS)
#define TCP_SND_BUF                   (32 * TCP_MSS)
#define TCP_SND_QUEUELEN              96
#define TCP_QUEUE_OOSEQ               0
#define TCP_OVERSIZE                  0 /* data is mostly not copied */
#define TCP_MSL                       5000UL
#define TCP_LISTEN_BACKLOG            1
#define TCP_DEFAULT_LISTEN_BACKLOG    64
#define LWIP_TCP_SACK_OUT             0
#define LWIP_TCP_TIMESTAMPS           0
#define LWIP_WND_SCALE                0

struct ip4_addr;
unsigned net_tcp_isn(const struct ip4_addr *local, unsigned short local_port,
                     const struct ip4_addr *remote, unsigned short remote_port);
#define LWIP_HOOK_TCP_ISN net_tcp_isn

struct tcp_pcb;
struct tcp_hdr;
struct pbuf;
signed char net_tcp_check(struct tcp_pcb *pcb, struct tcp_hdr *header,
                          unsigned short options_size,
                          unsigned short first_size, unsigned char *second,
                          struct pbuf *p);
#define LWIP_HOOK_TCP_INPACKET_PCB net_tcp_check

/* Every checksum is checked and made; those of TCP segments sent are made by
 * netif.c while it copies the segment into its frame. */
#define CHECKSUM_GEN_IP            1
#define CHECKSUM_GEN_UDP           1
#define CHECKSUM_GEN_ICMP          1
#define CHECKSUM_GEN_TCP           0
#define CHECKSUM_CHECK_IP          1
#define CHECKSUM_CHECK_UDP         1
#define CHECKSUM_CHECK_ICMP        1
#define CHECKSUM_CHECK_TCP         1

/* Counters: /metrics shows them, timers.c asks for reassembly in progress. */
#define LWIP_STATS                 1
#define LWIP_STATS_DISPLAY         0
#define MEM_STATS                  1
#define MEMP_STATS                 1

#endif
