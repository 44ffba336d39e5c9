/* SPDX-License-Identifier: MIT */
/*
 * Errors by name, as they travel: the list in xs_wire.h.
 */
#ifndef STORE_ERRORS_H
#define STORE_ERRORS_H

/* EINVAL for what is not in the list. */
const char *store_error_name(int error);

#endif
