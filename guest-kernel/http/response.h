/* SPDX-License-Identifier: MIT */
/*
 * Writing an HTTP/1.1 response head. Pure: host tests link it.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

#define HTTP_REPLY_HEAD_MAX 1024 /* longest head http_head() writes */
#define HTTP_TAG_MAX        40   /* an entity tag with quotes and final 0 */

struct http_head {
    int status;
    bool keep_alive;
    const char *date;     /* from http_date(), or NULL: no clock */
    const char *type;     /* or NULL */
    const char *tag;      /* entity tag, or NULL */
    const char *location; /* or NULL */
    uint64_t length;      /* of the body */
};

/* Reason phrase; never NULL. */
const char *http_reason(int status);

/* The whole head, with the empty line. */
void http_head(struct text *t, const struct http_head *h);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void http_date(uint64_t unix_time, char date[30]);

/* A strong tag from time and size: the module never changes in place. */
void http_tag(uint64_t mtime, uint64_t size, char tag[HTTP_TAG_MAX]);

#endif
