/* SPDX-License-Identifier: MIT */
/*
 * What every fuzz target includes. A target is fuzz_NAME.c with one
 * LLVMFuzzerTestOneInput(); its seeds stand in corpus/NAME. A broken promise
 * ends it: FUZZ_CHECK, the sanitizers, and our own assertions (panic).
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((noreturn)) void fuzz_fail(const char *file, int line,
                                         const char *what);
#define FUZZ_CHECK(x)                                                          \
    do {                                                                       \
        if (!(x))                                                              \
            fuzz_fail(__FILE__, __LINE__, #x);                                 \
    } while (0)

/* The input as a stream; behind its end everything reads 0. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

uint8_t fuzz_byte(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint32_t fuzz_u32(struct fuzz_input *in);
uint64_t fuzz_u64(struct fuzz_input *in);
/* Copies n bytes. */
void fuzz_bytes(struct fuzz_input *in, void *to, size_t n);

#endif
