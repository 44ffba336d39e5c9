/* SPDX-License-Identifier: MIT */
/* Base64 of RFC 4648 with padding; what is not exactly that is refused. */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of n bytes, with the final 0. */
#define BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1)

/* text has BASE64_ROOM(n) bytes. */
void base64_encode(const void *bytes, size_t n, char *text);

/* *n: room in bytes, then how many there are. */
bool base64_decode(const char *text, void *bytes, size_t *n);

#endif
