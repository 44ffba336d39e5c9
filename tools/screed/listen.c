/* SPDX-License-Identifier: MIT */
/* See listen.h. */
#include "tools/screed/listen.h"

#include "tools/lib/socket.h"

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    evconnlistener_enable(context);
}

/* Nothing runs the loop after a listener was freed. */
static void on_error(struct evconnlistener *listener, void *context)
{
    static const struct timeval pause = {.tv_usec = 200000};

    (void)context;
    evconnlistener_disable(listener);
    event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT,
                    on_pause_over, listener, &pause);
}

void listen_with_pause(struct evconnlistener *listener)
{
    evconnlistener_set_error_cb(listener, on_error);
}

struct evconnlistener *listen_on_file(struct screed *s, const char *file,
                                      evconnlistener_cb accepted, void *context,
                                      struct error *e)
{
    struct path p = screed_path(s, "%s", file);
    int fd = socket_listen(p.text, e);
    struct evconnlistener *listener;

    if (fd < 0)
        return NULL;
    listener = evconnlistener_new(s->base, accepted, context,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                  0, fd);
    listen_with_pause(listener);
    return listener;
}
