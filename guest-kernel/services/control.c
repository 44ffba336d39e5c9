/* SPDX-License-Identifier: MIT */
/*
 * control: the control domain. It manages the cell's domains for the host,
 * holds the store and hands consoles on; see control/domain0.h. It has no
 * network, and needs the control privilege: `control = yes` in cell.conf.
 *
 * Options: cell=NAME of the cell. Quotas of the store, for each domain:
 * store-nodes=, store-node-size=, store-watches=, store-transactions=,
 * store-transaction-nodes=, store-permissions=, store-path=; in bytes:
 * store-memory=, store-outstanding=; and of all together: store-memory-all=,
 * store-history=. And those of pebble.h.
 */
#include "control/domain0.h"
#include "pebble.h"

PEBBLE_IMAGE(2 * 1024 * 1024);

static struct domain0 *domain0;

static uint64_t pass(uint64_t now)
{
    uint64_t due = domain0_pass(domain0);

    (void)now;
    if (domain0_crash_wanted(domain0))
        pebble_panic("control: crash, as asked for");
    return due;
}

static void limit(const char *name, uint32_t *value, uint32_t most)
{
    *value = (uint32_t)pebble_option(name, *value, 1, most);
}

static void limit_bytes(const char *name, uint64_t *value)
{
    *value = pebble_option(name, *value, 4096, 1ul << 40);
}

static struct store_limits limits(void)
{
    struct store_limits l = store_limits_default;
    uint64_t heap = pebble_heap_size();

    l.memory_all = heap / 2;
    if (l.history > heap / 8)
        l.history = heap / 8;
    limit("store-nodes", &l.nodes, 100000000);
    limit("store-node-size", &l.node_size, 4096);
    limit("store-watches", &l.watches, 1000000);
    limit("store-transactions", &l.transactions, 1000);
    limit("store-transaction-nodes", &l.transaction_nodes, 1000000);
    limit("store-permissions", &l.permissions, 1000);
    limit("store-path", &l.path, 3072);
    limit_bytes("store-memory", &l.memory);
    limit_bytes("store-memory-all", &l.memory_all);
    limit_bytes("store-history", &l.history);
    limit_bytes("store-outstanding", &l.outstanding);
    return l;
}

int main(void)
{
    const struct scree_info *info = env_info();
    char cell[SCREE_NAME_MAX] = "";
    struct domain0_options o = {
        .cell = cell,
        .cell_life = info->wall_clock_ns,
        .life = info->wall_clock_ns + info->created_ns,
        .seed = (uint64_t)pebble_random() << 32 | pebble_random(),
        .limits = limits(),
    };

    pebble_option_text("cell", cell, sizeof(cell));
    domain0 = domain0_create(&calls_pv, &o);
    if (!domain0)
        pebble_panic("control: cannot start");
    pebble_on_pass(pass);
    pebble_log("control: ready");
    pebble_loop();
}
