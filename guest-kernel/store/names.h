/* SPDX-License-Identifier: MIT */
/*
 * Paths: what xenstored takes for one, relative ones, and their components.
 * A path here is bytes with a length; the root is "/".
 */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_HOME     "/local/domain/"
#define NAMES_HOME_MAX 32 /* of a domain, with the last slash */

/* "/local/domain/N/"; returns its length. */
size_t names_home(uint32_t domid, char home[NAMES_HOME_MAX]);

/* Absolute, of the right characters, without empty components. */
bool names_valid(const char *path, size_t length);

/* How long a path may be for a domain with this limit: what stands below
 * /local/domain/N/ counts from there. */
bool names_short(const char *path, size_t length, size_t limit);

/* The component of path that begins at `at` (behind a slash): its length. */
size_t names_component(const char *path, size_t length, size_t at);

/* Length of the parent's path; the root is its own parent. */
size_t names_parent(const char *path, size_t length);

/* Decimal digits at the front, as atoi() reads them, and nothing behind; false
 * also when it does not fit. */
bool names_number(const char *text, uint64_t *number);

#endif
