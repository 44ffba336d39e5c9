/* SPDX-License-Identifier: MIT */
/* See client.h. */
#define _GNU_SOURCE
#include "tools/lib/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/lib/json.h"
#include "tools/lib/socket.h"

bool client_open(struct client *c, const char *socket_path, struct error *e)
{
    *c = (struct client){.fd = socket_connect(socket_path, e), .next_id = 1};
    return c->fd >= 0;
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->bytes);
    *c = (struct client){.fd = -1};
}

bool client_send_bytes(struct client *c, const void *bytes, size_t n,
                       struct error *e)
{
    const char *at = bytes;

    while (n) {
        ssize_t done = send(c->fd, at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_set(e, "cell-down",
                             "screed has closed the connection: %s",
                             strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return true;
}

bool client_send(struct client *c, cJSON *request, uint64_t *id,
                 struct error *e)
{
    char *text;
    bool good;

    *id = c->next_id++;
    cJSON_DeleteItemFromObjectCaseSensitive(request, "id");
    json_put_number(request, "id", *id);
    text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (!text)
        return error_set(e, "no-memory", "out of memory");
    if (strlen(text) + 1 > CLIENT_LINE_MAX)
        good = error_set(e, "bad-request",
                         "a request of %zu bytes; at most %u can be sent",
                         strlen(text) + 1, CLIENT_LINE_MAX);
    else
        good = client_send_bytes(c, text, strlen(text), e) &&
               client_send_bytes(c, "\n", 1, e);
    free(text);
    return good;
}

static char *line_end(const struct client *c)
{
    if (c->start == c->end)
        return NULL;
    return memchr(c->bytes + c->start, '\n', c->end - c->start);
}

bool client_has_line(const struct client *c)
{
    return line_end(c) != NULL;
}

static bool make_room(struct client *c, struct error *e)
{
    size_t held = c->end - c->start;
    char *grown;

    if (held)
        memmove(c->bytes, c->bytes + c->start, held);
    c->start = 0;
    c->end = held;
    if (held < c->room)
        return true;
    if (c->room > 4 * CLIENT_LINE_MAX)
        return error_set(e, "bad-request", "an answer without an end");
    grown = realloc(c->bytes, c->room * 2 + CLIENT_LINE_MAX);
    if (!grown)
        return error_set(e, "no-memory", "out of memory");
    c->bytes = grown;
    c->room = c->room * 2 + CLIENT_LINE_MAX;
    return true;
}

/* Reads once. *waiting: the time was over. */
static bool fill(struct client *c, int ms, bool *waiting, struct error *e)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t n;
    int ready;

    if (!make_room(c, e))
        return false;
    ready = poll(&p, 1, ms);
    *waiting = ready == 0;
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return true;
    n = recv(c->fd, c->bytes + c->end, c->room - c->end, 0);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return error_set(e, "cell-down", "screed has closed the connection");
    c->end += (size_t)n;
    return true;
}

bool client_receive(struct client *c, int ms, cJSON **line, struct error *e)
{
    bool waiting = false;
    char *end;

    *line = NULL;
    while (!(end = line_end(c))) {
        if (!fill(c, ms, &waiting, e))
            return false;
        if (waiting)
            return true;
    }
    *end = '\0';
    *line = cJSON_Parse(c->bytes + c->start);
    c->start = (size_t)(end - c->bytes) + 1;
    return *line || error_set(e, "bad-request", "an answer that is not JSON");
}

bool client_finish(cJSON *line, cJSON **answer, struct error *e)
{
    bool good = json_true(line, "ok");

    if (!good)
        json_take_error(line, e);
    if (good && answer)
        *answer = line;
    else
        cJSON_Delete(line);
    return good;
}

bool client_call(struct client *c, cJSON *request,
                 const struct client_lines *lines, cJSON **answer,
                 struct error *e)
{
    uint64_t id;
    cJSON *line;

    if (answer)
        *answer = NULL;
    if (!client_send(c, request, &id, e))
        return false;
    for (;;) {
        if (!client_receive(c, -1, &line, e))
            return false;
        if (!json_true(line, "more"))
            return client_finish(line, answer, e);
        if (lines)
            lines->each(lines->context, line);
        cJSON_Delete(line);
    }
}
