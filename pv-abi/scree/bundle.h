/* SPDX-License-Identifier: MIT */
/*
 * The boot bundle: what the bundle tool makes of cell.conf and images, and
 * what the hypervisor gets as its one boot module. Fixed-size, versioned
 * records; no text to parse, no ELF. Little endian. All offsets are bytes
 * from the start of the bundle; tables are 8-byte aligned; segment, symbol
 * and file-module contents are page aligned.
 *
 *   header | images[] | modules[] | domains[] | contents
 */
#ifndef SCREE_BUNDLE_H
#define SCREE_BUNDLE_H

#include <stdint.h>

#include "scree/info.h"

#define SCREE_BUNDLE_MAGIC   0x4c444e4245524353ull
#define SCREE_BUNDLE_VERSION 2

struct scree_bundle {
    uint64_t magic;
    uint32_t version;
    uint32_t header_size; /* sizeof(struct scree_bundle) */
    uint64_t size;        /* of the whole bundle */
    uint64_t images;      /* offset of struct scree_bundle_image[] */
    uint64_t modules;     /* offset of struct scree_bundle_module[] */
    uint64_t domains;     /* offset of struct scree_domain_config[] */
    uint32_t image_count;
    uint32_t module_count;
    uint32_t domain_count;
    uint32_t reserved;
    uint64_t seed[4]; /* entropy for cells without RDRAND; or 0 */
    /* the cell's network */
    uint32_t network; /* first address of the prefix */
    uint32_t prefix;  /* 0..30 */
    uint32_t gateway; /* the uplink's router, or 0 */
    uint32_t resolver;
};

#define SCREE_SEGMENTS      8
#define SCREE_SEGMENT_WRITE 1
#define SCREE_SEGMENT_EXEC  2

/* [address, address + memory_size) of the guest; the first file_size bytes
 * from the bundle (zero-padded to a page), the rest zero. */
struct scree_segment {
    uint64_t address; /* page aligned, >= SCREE_IMAGE_BASE, ascending */
    uint64_t offset;  /* page aligned; 0 if file_size is 0 */
    uint64_t file_size;
    uint64_t memory_size;
    uint32_t flags; /* SCREE_SEGMENT_*; never write and exec */
    uint32_t reserved;
};

struct scree_bundle_image {
    char name[SCREE_NAME_MAX];
    uint64_t entry;
    uint64_t min_memory;
    uint64_t stack_bytes;
    uint32_t abi_major, abi_minor;
    uint32_t segment_count;
    uint32_t symbol_count;
    uint64_t symbols;      /* offset of struct scree_symbol[], by address */
    uint64_t strings;      /* offset of their names */
    uint64_t strings_size; /* the last byte is 0 */
    struct scree_segment segments[SCREE_SEGMENTS];
};

struct scree_symbol {
    uint64_t address;
    uint32_t size;
    uint32_t name; /* offset within strings */
};

struct scree_bundle_module {
    char name[SCREE_NAME_MAX];
    uint64_t offset;
    uint64_t size;
};

/* What becomes of a domain that crashed or shut down with reason crash. */
#define SCREE_ON_CRASH_DESTROY  0
#define SCREE_ON_CRASH_RESTART  1 /* after 100 ms, doubling to 30 s */
#define SCREE_ON_CRASH_PRESERVE 2 /* keep its memory, never run it */

/* scree_domain_config.flags */
#define SCREE_CONFIG_CONTROL    1 /* the control domain, id 0; one at most */

#define SCREE_NO_MODULE         UINT32_MAX
#define SCREE_WEIGHT_DEFAULT    256

/* One domain to create. */
struct scree_domain_config {
    uint32_t size; /* sizeof(struct scree_domain_config) */
    uint32_t image;
    uint32_t module; /* or SCREE_NO_MODULE */
    uint32_t on_crash;
    char name[SCREE_NAME_MAX];
    uint64_t memory;   /* bytes of RAM, a multiple of 4096 */
    uint32_t weight;   /* 1..65535 */
    uint32_t group;    /* network group, 0..65535 */
    uint64_t net_rate; /* bytes per second each way; 0: no limit */
    uint32_t ipv4;     /* 0: no network */
    uint32_t flags;    /* SCREE_CONFIG_CONTROL; only in the boot bundle */
    char cmdline[SCREE_CMDLINE_MAX];
};

#endif
