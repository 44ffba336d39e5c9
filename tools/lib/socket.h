/* SPDX-License-Identifier: MIT */
/* Unix sockets, made so that an error says what to do. */
#ifndef LIB_SOCKET_H
#define LIB_SOCKET_H

#include <stdbool.h>

#include "tools/lib/error.h"

/* A listening socket of mode 0600, not blocking, closed on exec. A file that
 * stands there is replaced, so the caller holds the cell's lock. -1: see e. */
int socket_listen(const char *path, struct error *e);

/* A connected socket, blocking, closed on exec; -1: code "cell-down". */
int socket_connect(const char *path, struct error *e);

#endif
