/* SPDX-License-Identifier: MIT */
/* FNV-1a for names, a multiplication for addresses. See key.h. */
#include "dns/key.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

uint32_t dns_hash_name(const char *name, size_t length)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < length; i++)
        h = (h ^ (uint8_t)lower(name[i])) * 16777619u;
    return h ^ h >> 15;
}

uint32_t dns_hash_address(uint32_t address)
{
    uint32_t h = address * 2654435761u;

    return h ^ h >> 16;
}

bool dns_same_name(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}
