/* SPDX-License-Identifier: MIT */
/*
 * Sockets that clients connect to. When the process has no file left for one
 * more client, clients wait: the listener pauses instead of asking again and
 * again.
 */
#ifndef SCREED_LISTEN_H
#define SCREED_LISTEN_H

#include <event2/listener.h>

#include "tools/screed/screed.h"

/* A socket of the cell's directory; evconnlistener_free() it. NULL and e: it
 * cannot be made. */
struct evconnlistener *listen_on_file(struct screed *s, const char *file,
                                      evconnlistener_cb accepted, void *context,
                                      struct error *e);
/* Gives a listener that was made elsewhere the pause. */
void listen_with_pause(struct evconnlistener *listener);

#endif
