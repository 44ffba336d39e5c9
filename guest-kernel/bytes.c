/* SPDX-License-Identifier: MIT */
/*
 * memcpy and its family by words of 8 bytes in general registers. libc's own
 * use string instructions and non-temporal stores, which an emulated
 * processor runs one element at a time; and they would touch the FPU.
 * Compiled so that the compiler does not turn a loop into a call of itself.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

static void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
    for (; size >= 32; size -= 32, to += 32, from += 32) {
        word_t a = *(const word_t *)from, b = *(const word_t *)(from + 8);
        word_t c = *(const word_t *)(from + 16);
        word_t d = *(const word_t *)(from + 24);

        *(word_t *)to = a;
        *(word_t *)(to + 8) = b;
        *(word_t *)(to + 16) = c;
        *(word_t *)(to + 24) = d;
    }
    for (; size >= 8; size -= 8, to += 8, from += 8)
        *(word_t *)to = *(const word_t *)from;
    for (; size > 0; size--)
        *to++ = *from++;
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t size)
{
    to += size;
    from += size;
    for (; size >= 8; size -= 8) {
        to -= 8;
        from -= 8;
        *(word_t *)to = *(const word_t *)from;
    }
    for (; size > 0; size--)
        *--to = *--from;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_up(to, from, size);
    return to;
}

/* Upwards is safe when `to` lies below `from`, however near: a batch is read
 * whole before it is written, and what is written was read before. */
void *memmove(void *to, const void *from, size_t size)
{
    uintptr_t distance = (uintptr_t)to - (uintptr_t)from;

    if (distance >= size)
        copy_up(to, from, size);
    else
        copy_down(to, from, size);
    return to;
}

void *memset(void *to, int value, size_t size)
{
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    uint8_t *at = to;

    for (; size >= 8; size -= 8, at += 8)
        *(word_t *)at = word;
    for (; size > 0; size--)
        *at++ = (uint8_t)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size >= 8; size -= 8, x += 8, y += 8) {
        if (*(const word_t *)x != *(const word_t *)y)
            break;
    }
    for (; size > 0; size--, x++, y++) {
        if (*x != *y)
            return *x < *y ? -1 : 1;
    }
    return 0;
}
