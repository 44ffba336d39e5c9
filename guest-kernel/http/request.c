/* SPDX-License-Identifier: MIT */
/*
 * Parsing a request head: line by line, each byte looked at a bounded number
 * of times, nothing written outside struct http_request. See request.h.
 */
#include "http/request.h"

#include <string.h>

/* A piece of the head. */
struct span {
    const char *at;
    size_t size;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool span_is(struct span s, const char *lowercase)
{
    size_t i;

    for (i = 0; i < s.size; i++) {
        if (lowercase[i] == '\0' || lower(s.at[i]) != lowercase[i])
            return false;
    }
    return lowercase[i] == '\0';
}

static struct span trim(struct span s)
{
    while (s.size > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.size--;
    }
    while (s.size > 0 && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* Takes a line off `rest`; false: there is no whole line. */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = memchr(rest->at, '\n', rest->size);

    if (!end)
        return false;
    line->at = rest->at;
    line->size = (size_t)(end - rest->at);
    rest->at = end + 1;
    rest->size -= line->size + 1;
    if (line->size > 0 && line->at[line->size - 1] == '\r')
        line->size--;
    return true;
}

/* Takes what stands before the separator off `rest`; all of it if none. */
static struct span take_until(struct span *rest, char separator)
{
    const char *end = memchr(rest->at, separator, rest->size);
    struct span s = *rest;

    if (end) {
        s.size = (size_t)(end - rest->at);
        rest->at = end + 1;
        rest->size -= s.size + 1;
    } else {
        rest->at += rest->size;
        rest->size = 0;
    }
    return s;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX; refuses control characters. 0 or -status. */
static int decode_path(struct span s, struct http_request *r)
{
    size_t out = 0;

    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c == '%') {
            int high = i + 2 < s.size ? hex_digit(s.at[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(s.at[i + 2]) : -1;

            if (low < 0)
                return -400;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        }
        if (c < ' ' || c == 0x7f)
            return -400;
        if (out >= HTTP_PATH_MAX - 1)
            return -414;
        r->path[out++] = (char)c;
    }
    r->path[out] = '\0';
    r->path_length = (uint16_t)out;
    return 0;
}

/* origin-form, or absolute-form without its scheme and authority. */
static int parse_target(struct span target, struct http_request *r)
{
    if (target.size >= 7 && span_is((struct span){target.at, 7}, "http://")) {
        const char *slash;

        target.at += 7;
        target.size -= 7;
        slash = memchr(target.at, '/', target.size);
        if (!slash)
            return decode_path((struct span){"/", 1}, r);
        target.size -= (size_t)(slash - target.at);
        target.at = slash;
    }
    if (target.size == 0 || target.at[0] != '/')
        return -400;
    return decode_path(take_until(&target, '?'), r);
}

/* RFC 9110's token characters below 128, one bit each. */
static const uint64_t token_bits[2] = {
    0x03ff6cfa00000000ull,
    0x57ffffffc7fffffeull,
};

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (c >= 128 || !(token_bits[c >> 6] >> (c & 63) & 1))
            return false;
    }
    return s.size > 0;
}

static int parse_version(struct span version, struct http_request *r)
{
    if (version.size != 8 || memcmp(version.at, "HTTP/", 5) != 0 ||
        version.at[6] != '.')
        return -400;
    if (version.at[5] != '1')
        return -505;
    r->version_1_1 = version.at[7] != '0';
    r->keep_alive = r->version_1_1;
    return 0;
}

static int parse_request_line(struct span line, struct http_request *r)
{
    struct span method = take_until(&line, ' ');
    struct span target = take_until(&line, ' ');
    int error;

    if (!is_token(method) || line.size == 0)
        return -400;
    error = parse_version(line, r);
    if (error)
        return error;
    if (method.size == 3 && memcmp(method.at, "GET", 3) == 0)
        r->method = HTTP_GET;
    else if (method.size == 4 && memcmp(method.at, "HEAD", 4) == 0)
        r->method = HTTP_HEAD;
    else
        r->method = HTTP_OTHER;
    if (r->method == HTTP_OTHER && target.size == 1 && target.at[0] == '*')
        return decode_path((struct span){"/", 1}, r);
    return parse_target(target, r);
}

static void parse_connection(struct span value, struct http_request *r)
{
    while (value.size > 0) {
        struct span option = trim(take_until(&value, ','));

        if (span_is(option, "close")) {
            r->keep_alive = false;
            return;
        }
        if (span_is(option, "keep-alive"))
            r->keep_alive = true;
    }
}

static int parse_length(struct span value, struct http_request *r)
{
    if (value.size == 0)
        return -400;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return -400;
        if (value.at[i] != '0')
            r->has_body = true;
    }
    return 0;
}

static int parse_field(struct span line, struct http_request *r)
{
    struct span value = line;
    struct span name = take_until(&value, ':');

    if (name.size == line.size || !is_token(name))
        return -400; /* no colon, a folded line, a blank before the colon */
    value = trim(value);
    if (span_is(name, "host")) {
        if (r->has_host)
            return -400;
        r->has_host = true;
    } else if (span_is(name, "connection")) {
        parse_connection(value, r);
    } else if (span_is(name, "content-length")) {
        return parse_length(value, r);
    } else if (span_is(name, "transfer-encoding")) {
        r->has_body = true;
    } else if (span_is(name, "if-none-match")) {
        r->if_none_match = value.at;
        r->if_none_match_length = value.size;
    }
    return 0;
}

/* 1: the head ended; 0: it goes on beyond what is there; or -status. */
static int parse_fields(struct span *rest, struct http_request *r)
{
    struct span line;

    while (take_line(rest, &line)) {
        int error;

        if (line.size == 0)
            return r->version_1_1 && !r->has_host ? -400 : 1;
        if (memchr(line.at, '\0', line.size))
            return -400;
        error = parse_field(line, r);
        if (error)
            return error;
    }
    return 0;
}

int http_parse(const char *text, size_t size, struct http_request *r)
{
    struct span rest = {text, size < HTTP_HEAD_MAX ? size : HTTP_HEAD_MAX};
    struct span line = {text, 0};
    int status = 0;

    memset(r, 0, offsetof(struct http_request, path));
    r->path[0] = '\0';
    while (take_line(&rest, &line) && line.size == 0)
        ; /* RFC 9112, 2.2: empty lines before a request are skipped */
    if (line.size > 0)
        status = parse_request_line(line, r);
    if (status == 0 && line.size > 0)
        status = parse_fields(&rest, r);
    if (status > 0)
        return (int)(rest.at - text);
    if (status == 0 && size >= HTTP_HEAD_MAX)
        return -431;
    return status;
}

bool http_tag_matches(const char *value, size_t length, const char *tag)
{
    struct span rest = {value, length};
    size_t size = strlen(tag);

    while (rest.size > 0) {
        struct span one = trim(take_until(&rest, ','));

        if (one.size == 1 && one.at[0] == '*')
            return true;
        if (one.size > 2 && one.at[0] == 'W' && one.at[1] == '/') {
            one.at += 2;
            one.size -= 2;
        }
        if (one.size == size && memcmp(one.at, tag, size) == 0)
            return true;
    }
    return false;
}
