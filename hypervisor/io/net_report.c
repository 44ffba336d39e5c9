/* SPDX-License-Identifier: MIT */
/*
 * Counters in words: see net_report.h. Read without locks; a line may mix two
 * moments.
 */
#include "io/net_report.h"

#include "base/format.h"
#include "core/domain.h"
#include "core/log.h"
#include "io/switch.h"
#include "io/uplink.h"

static const char *const reasons[NET_DROPS] = {
    [NET_OK] = "ok",
    [NET_DROP_LENGTH] = "length",
    [NET_DROP_SOURCE_MAC] = "source-mac",
    [NET_DROP_SOURCE_IP] = "source-ip",
    [NET_DROP_ARP] = "arp",
    [NET_DROP_ARP_REPLY] = "arp-reply",
    [NET_DROP_IPV4] = "ipv4",
    [NET_DROP_IPV6] = "ipv6",
    [NET_DROP_VLAN] = "vlan",
    [NET_DROP_ETHERTYPE] = "ethertype",
    [NET_DROP_BROADCAST] = "broadcast",
    [NET_DROP_UNKNOWN] = "unknown",
    [NET_DROP_GROUP] = "group",
    [NET_DROP_NO_UPLINK] = "no-uplink",
    [NET_DROP_NO_NEIGHBOUR] = "no-neighbour",
    [NET_DROP_CLOSED] = "closed",
    [NET_DROP_RATE] = "rate",
    [NET_DROP_NO_BUFFER] = "no-buffer",
    [NET_DROP_BAD_BUFFER] = "bad-buffer",
    [NET_DROP_TOO_SMALL] = "too-small",
};

static void report(struct cell *cell, const char *who,
                   const struct net_counters *c)
{
    char drops[LOG_LINE_MAX / 2];
    size_t used = 0;

    drops[0] = 0;
    for (unsigned i = NET_OK + 1; i < NET_DROPS; i++) {
        if (c->drops[i] && used < sizeof(drops))
            used += format_text(drops + used, sizeof(drops) - used, " %s %lu",
                                reasons[i], c->drops[i]);
    }
    log_line(cell, "net: %s: sent %lu (%lu bytes), received %lu (%lu)%s%s", who,
             c->sent_frames, c->sent_bytes, c->received_frames,
             c->received_bytes, used ? "; dropped:" : "", drops);
}

void net_report(struct cell *cell)
{
    unsigned shown = 0;

    if (cell->net && cell->net->uplink)
        report(cell, "uplink", &cell->net->uplink->counters);
    for (uint32_t i = 0; i < cell->domain_limit; i++) {
        struct domain *d = domain_find(cell, i);

        if (!d || !d->net)
            continue;
        report(cell, domain_name(d), &d->net->counters);
        if (++shown == NET_REPORT_DOMAINS)
            return;
    }
}
