/* SPDX-License-Identifier: MIT */
/*
 * Text from values, freestanding: the subset of printf that the hypervisor
 * needs. Conversions d i u x X c s p %; flags 0 and -; width and precision as
 * numbers or *; lengths hh h l ll z. Precision is for s only. Anything else is
 * printed as it stands. Never writes beyond `size`, always ends with 0.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>

#include "base/types.h"

/* Bytes the text needs without the 0; the text was cut when >= size. A size
 * of 0 writes nothing. */
size_t format_text(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_text_v(char *to, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#define FORMAT_IPV4_MAX 16

/* "10.0.0.2" for 0x0a000002. Returns `to`. */
char *format_ipv4(char to[FORMAT_IPV4_MAX], uint32_t address);

#define FORMAT_MAC_MAX 18

/* "02:00:00:00:00:01". Returns `to`. */
char *format_mac(char to[FORMAT_MAC_MAX], const uint8_t mac[6]);

#endif
