/* SPDX-License-Identifier: MIT */
/*
 * A blocking client of the API socket (docs/api.md): lines of JSON each way.
 * For use with poll(): c.fd is readable, or client_has_line() is true.
 */
#ifndef LIB_CLIENT_H
#define LIB_CLIENT_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/lib/error.h"

#define CLIENT_LINE_MAX (64u << 10) /* of one line, with its end */

struct client {
    int fd; /* -1: not open */
    uint64_t next_id;
    char *bytes; /* what came and was not yet given out */
    size_t start, end, room;
};

/* client_close() is due if it succeeds. */
bool client_open(struct client *c, const char *socket_path, struct error *e);
void client_close(struct client *c);

/* Sends `request` with an id, which is returned in *id; takes the request. */
bool client_send(struct client *c, cJSON *request, uint64_t *id,
                 struct error *e);

/* Raw bytes, after an image-put. */
bool client_send_bytes(struct client *c, const void *bytes, size_t n,
                       struct error *e);

bool client_has_line(const struct client *c);

/* The next line; cJSON_Delete() it. Waits at most ms (-1: for ever): true with
 * *line NULL is the time over. */
bool client_receive(struct client *c, int ms, cJSON **line, struct error *e);

/* Takes the last line of an answer: it goes to *answer (if not NULL;
 * cJSON_Delete() it). One that is not ok fills e and is false. */
bool client_finish(cJSON *line, cJSON **answer, struct error *e);

typedef void client_each(void *context, const cJSON *line);

/* Where the lines with "more" go. */
struct client_lines {
    client_each *each;
    void *context;
};

/* One request to its end, on a connection without open streams: lines may be
 * NULL; the last one as above. */
bool client_call(struct client *c, cJSON *request,
                 const struct client_lines *lines, cJSON **answer,
                 struct error *e);

#endif
