/* SPDX-License-Identifier: MIT */
/*
 * Which answer a request gets: pages of the service, files of the module,
 * redirects and errors. Pure: host tests link it.
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

struct http_answer {
    uint64_t unix_time;  /* in: seconds, for the Date line */
    struct text head;    /* in: an empty buffer of HTTP_REPLY_HEAD_MAX */
    struct text made;    /* in: an empty buffer; a body made for the request */
    const uint8_t *body; /* or a body in the file module */
    uint64_t size;       /* of body */
    int status;
    bool keep_alive;
};

/* Fills the answer. error: the request could not be parsed and gets this
 * status; r is not read then and may be NULL. */
void http_answer(const struct http_server *s, const struct http_request *r,
                 int error, struct http_answer *a);

#endif
