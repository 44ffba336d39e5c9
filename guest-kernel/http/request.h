/* SPDX-License-Identifier: MIT */
/*
 * One HTTP/1.x request head, parsed. Pure: host tests and fuzzing link it.
 * Strict where it matters (RFC 9112): no folded lines, no blanks before a
 * colon, one Host in HTTP/1.1, no control characters; lenient in taking a
 * bare LF for a line's end.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 3072 /* bytes of a request head */
#define HTTP_PATH_MAX 512  /* bytes of a decoded path, with the final 0 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
    enum http_method method;
    bool version_1_1;
    bool keep_alive; /* what version and Connection ask for */
    bool has_body;   /* Content-Length above 0 or Transfer-Encoding */
    bool has_host;
    uint16_t path_length;
    const char *if_none_match; /* within the head, not terminated; or NULL */
    size_t if_none_match_length;
    char path[HTTP_PATH_MAX]; /* decoded, begins with '/', without query */
};

/*
 * Parses the head at the start of text. Returns its length in bytes, with the
 * empty line; 0: it is not complete yet; -status: answer with this HTTP status
 * (400, 414, 431, 505) and close.
 */
int http_parse(const char *text, size_t size, struct http_request *r);

/* Whether an If-None-Match value names this entity tag ("*" names any). */
bool http_tag_matches(const char *value, size_t length, const char *tag);

#endif
