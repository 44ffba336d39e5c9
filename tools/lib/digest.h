/* SPDX-License-Identifier: MIT */
/* SHA-256, and its names as the API has them: "sha256:" and 64 hex digits. */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_ROOM (7 + 2 * DIGEST_SIZE + 1)

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

struct digest digest_of(const void *bytes, size_t n);
void digest_text(const struct digest *d, char text[DIGEST_ROOM]);
bool digest_parse(const char *text, struct digest *d);
bool digest_same(const struct digest *a, const struct digest *b);
bool digest_is_none(const struct digest *d); /* all 0 */

#endif
