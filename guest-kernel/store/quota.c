/* SPDX-License-Identifier: MIT */
/*
 * Quotas: what a limited connection may not exceed. Counts are kept where the
 * things are; here they are only compared.
 */
#include <errno.h>

#include "store/connection.h"
#include "store/tree.h"

const struct store_limits store_limits_default = {
    .nodes = 1000,
    .node_size = 2048,
    .watches = 128,
    .transactions = 10,
    .transaction_nodes = 1024,
    .permissions = 5,
    .path = 2048,
    .outstanding = 16384,
    .memory = 1u << 20,
    .memory_all = 64u << 20,
    .history = 4u << 20,
};

int quota_value(const struct spot *p, size_t size)
{
    if (spot_limited(p) && size > p->s->limits.node_size)
        return connection_refuse(p->c, ENOSPC);
    return 0;
}

int quota_nodes(const struct spot *p, uint64_t nodes, uint64_t bytes)
{
    if (!spot_limited(p))
        return 0;
    if (p->c->domain->nodes + nodes > p->s->limits.nodes ||
        !owner_affords(p->s, p->c->domain, bytes))
        return connection_refuse(p->c, ENOSPC);
    return 0;
}

int quota_growth(const struct spot *p, const struct owner *owner,
                 uint64_t before, uint64_t after)
{
    if (spot_limited(p) && after > before &&
        !owner_affords(p->s, owner, after - before))
        return connection_refuse(p->c, ENOSPC);
    return 0;
}
