/* SPDX-License-Identifier: MIT */
/*
 * The list of suites: one line for each tests/unit/test_NAME.c, which defines
 * suite_NAME().
 */
#ifndef UNIT_SUITES_H
#define UNIT_SUITES_H

/* clang-format off */
#define SUITES(X) \
    X(heap) \
    X(bitmap) \
    X(string) \
    X(siphash) \
    X(format) \
    X(host) \
    X(host_guest) \
    X(lock) \
    X(lock_plain) \
    X(frame) \
    X(frame_model) \
    X(space) \
    X(guestmem) \
    X(image) \
    X(threads) \
    X(create_failure) \
    X(conf) \
    X(elf64) \
    X(files) \
    X(switch) \
    X(vio) \
    X(event) \
    X(sched) \
    X(upcall) \
    X(random) \
    X(options) \
    X(bundle) \
    X(grant) \
    X(life) \
    X(teardown) \
    X(restart) \
    X(hypercall) \
    X(hc_wait) \
    X(ratelimit) \
    X(console) \
    X(uplink) \
    X(virtio) \
    X(channel) \
    X(journal) \
    X(store_ring) \
    X(io_threads) \
    X(control) \
    X(control_domain) \
    X(control_object) \
    X(control_transfer) \
    X(control_threads) \
    X(net_threads) \
    X(http) \
    X(dns) \
    X(dns_names) \
    X(segments) \
    X(checksum) \
    X(tcp_options) \
    X(frames) \
    X(manager) \
    X(manager_restart) \
    X(arena) \
    X(domain0) \
    X(peers) \
    X(libxenstore) \
    X(xs_client) \
    X(object) \
    X(store_pool) \
    X(store_wire) \
    X(store_node) \
    X(store_watch) \
    X(store_transaction) \
    X(store_quota) \
    X(store_memory) \
    X(store_model) \
    X(scree_args) \
    X(scree_text) \
    X(scree_apply)
/* clang-format on */

#define SUITE_DECLARE(name) void suite_##name(void);
SUITES(SUITE_DECLARE)

#endif
