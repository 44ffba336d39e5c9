/* SPDX-License-Identifier: MIT */
/*
 * Shared by all fuzz targets: see fuzz.h. Also takes the place of CUnit for
 * the unit tests' worlds, whose checks end the target when they do not hold.
 */
#include "fuzz.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

CU_BOOL CU_assertImplementation(CU_BOOL value, unsigned int line,
                                const char *condition, const char *file,
                                const char *function, CU_BOOL fatal)
{
    (void)function;
    (void)fatal;
    if (!value)
        fuzz_fail(file, (int)line, condition);
    return value;
}

void fuzz_bytes(struct fuzz_input *in, void *to, size_t n)
{
    size_t have = n < in->left ? n : in->left;

    memset(to, 0, n);
    if (have)
        memcpy(to, in->at, have);
    in->at += have;
    in->left -= have;
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
    uint8_t n;

    fuzz_bytes(in, &n, 1);
    return n;
}

uint16_t fuzz_u16(struct fuzz_input *in)
{
    uint16_t n;

    fuzz_bytes(in, &n, 2);
    return n;
}

uint32_t fuzz_u32(struct fuzz_input *in)
{
    uint32_t n;

    fuzz_bytes(in, &n, 4);
    return n;
}

uint64_t fuzz_u64(struct fuzz_input *in)
{
    uint64_t n;

    fuzz_bytes(in, &n, 8);
    return n;
}
