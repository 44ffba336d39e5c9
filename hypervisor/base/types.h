/* SPDX-License-Identifier: MIT */
/*
 * The words of the hypervisor: addresses and frame numbers that never mix,
 * must-check results, small arithmetic. Layer: base.
 *
 *   mfn_t    number of a 4 KiB machine frame      maddr_t  machine address
 *   gfn_t    a guest's own page number            gva_t    guest address
 *
 * In a flat domain guest-virtual equals guest-physical. Only core/guestmem
 * turns a gva_t into bytes.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/layout.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u
#define PAGE_MASK  4095u

typedef struct {
    uint64_t n;
} mfn_t;

typedef struct {
    uint64_t n;
} gfn_t;

typedef struct {
    uint64_t a;
} maddr_t;

typedef struct {
    uint64_t a;
} gva_t;

#define MFN_NONE      ((mfn_t){UINT64_MAX})

#define must_check    __attribute__((warn_unused_result))
#define unused        __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(p, type, member)                                          \
    ((type *)(void *)((char *)(p)-offsetof(type, member)))

static inline mfn_t mfn(uint64_t n)
{
    return (mfn_t){n};
}

static inline gfn_t gfn(uint64_t n)
{
    return (gfn_t){n};
}

static inline gva_t gva(uint64_t a)
{
    return (gva_t){a};
}

static inline maddr_t maddr(uint64_t a)
{
    return (maddr_t){a};
}

static inline bool mfn_valid(mfn_t m)
{
    return m.n != UINT64_MAX;
}

static inline gfn_t gva_gfn(gva_t a)
{
    return (gfn_t){a.a >> PAGE_SHIFT};
}

static inline maddr_t mfn_maddr(mfn_t m)
{
    return (maddr_t){m.n << PAGE_SHIFT};
}

static inline mfn_t maddr_mfn(maddr_t a)
{
    return (mfn_t){a.a >> PAGE_SHIFT};
}

/* Pages needed for n bytes; n <= UINT64_MAX - 4095. */
static inline uint64_t pages(uint64_t n)
{
    return (n + PAGE_MASK) >> PAGE_SHIFT;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
