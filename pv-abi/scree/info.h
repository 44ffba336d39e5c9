/* SPDX-License-Identifier: MIT */
/*
 * The read-only virtual registers: info page (one per domain) and clock page
 * (one per cell). Written by the hypervisor only; a guest's store faults.
 *
 * Multi-byte fields are little endian in memory, IPv4 addresses included:
 * 10.0.0.2 is 0x0a000002. MAC is in wire order. Reserved fields read 0.
 */
#ifndef SCREE_INFO_H
#define SCREE_INFO_H

#include <stdint.h>

#define SCREE_INFO_MAGIC      0x4565657263537663ull

#define SCREE_ABI_MAJOR       1
#define SCREE_ABI_MINOR       1

/* scree_info.features */
#define SCREE_FEATURE_TSC     (1ull << 0) /* rdtsc + clock page is exact */
#define SCREE_FEATURE_NET     (1ull << 1) /* the domain has a net device */
#define SCREE_FEATURE_FILES   (1ull << 2) /* a file module is mapped */
#define SCREE_FEATURE_CONTROL (1ull << 3) /* the control privilege */
#define SCREE_FEATURE_STORE   (1ull << 4) /* there is a store device (1.1) */

#define SCREE_NAME_MAX        32  /* with the final 0 */
#define SCREE_CMDLINE_MAX     512 /* with the final 0 */

struct scree_info {
    uint64_t magic;     /* SCREE_INFO_MAGIC */
    uint16_t abi_major; /* SCREE_ABI_MAJOR of the hypervisor */
    uint16_t abi_minor; /* grows with compatible additions */
    uint32_t domain;    /* domain id, 1.. (0: the control domain) */
    uint64_t features;  /* SCREE_FEATURE_* */
    /*
     * Changes whenever this domain was cloned or restored: re-read this
     * page, reseed, re-make dynamic ports and grants.
     */
    uint64_t generation;
    uint64_t memory_start; /* first byte of RAM: SCREE_IMAGE_BASE */
    uint64_t memory_end;   /* first byte after RAM; the first rsp */
    uint64_t image_end;    /* first free byte after bss, page aligned */
    uint64_t files_start;  /* file module (struct scree_files), or 0 */
    uint64_t files_size;   /* bytes */
    /* Unix time, in nanoseconds, at which the clock page reads 0. */
    uint64_t wall_clock_ns;
    /* System time at which the creation of this domain began: its uptime, and
     * at the first instruction the price of its creation. */
    uint64_t created_ns;
    uint64_t seed[4]; /* random bytes, this generation's own */
    uint8_t mac[6];
    uint8_t prefix; /* IPv4 prefix length, 0..32 */
    uint8_t reserved0;
    uint32_t ipv4;     /* this domain, or 0: no network */
    uint32_t gateway;  /* or 0 */
    uint32_t resolver; /* DNS server, or 0 */
    uint32_t mtu;      /* bytes of IP packet, 1500 */
    uint8_t ipv6[16];  /* reserved, 0 */
    uint8_t ipv6_gateway[16];
    uint8_t ipv6_prefix;
    uint8_t reserved1[7];
    char name[SCREE_NAME_MAX];       /* host name, 0-terminated */
    char cmdline[SCREE_CMDLINE_MAX]; /* 0-terminated */
    /* 1.1: 0, or SHUTDOWN_* + 1: the guest is asked to end so (see
     * SCREE_PORT_CONTROL). It changes while the guest runs. */
    uint32_t shutdown;
    uint32_t reserved2;
};

/*
 * System time in nanoseconds since the cell started:
 *
 *   do {
 *       v = version; (acquire)            odd: being written, try again
 *       delta = rdtsc (after lfence) - tsc_base;
 *       ns = ns_base + ((delta * (unsigned __int128)tsc_mul) >> tsc_shift);
 *       (acquire fence)
 *   } while (v & 1 || v != version);
 *
 * Usable only with SCREE_FEATURE_TSC; without it, ask hypercall time.
 */
struct scree_clock {
    uint32_t version;
    uint32_t tsc_shift; /* bits, 0..63 */
    uint64_t tsc_base;
    uint64_t ns_base;
    uint64_t tsc_mul;
    uint64_t tsc_hz; /* for people; the formula does not use it */
};

#endif
