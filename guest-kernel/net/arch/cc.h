/* SPDX-License-Identifier: MIT */
/*
 * lwIP's view of compiler and platform. lwIP fixes the names.
 */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdint.h>
#include <stdlib.h>

#define LWIP_NO_CTYPE_H       0
#define LWIP_NO_UNISTD_H      1

#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(text)                                             \
    pebble_panic("lwip: %s (%s:%d)", text, __FILE__, __LINE__)

/* libpebble; declared here so that lwIP needs no include path into it. */
_Noreturn void pebble_panic(const char *format, ...);
uint32_t pebble_random(void);
uint16_t net_checksum(const void *bytes, int size);

#define LWIP_RAND()       pebble_random()
#define LWIP_CHKSUM(b, n) net_checksum(b, n)

#endif
