/* SPDX-License-Identifier: MIT */
/*
 * From a request to its answer. See answer.h.
 */
#include "http/answer.h"

#include <string.h>

#define INDEX "index.html"

/* What is known about the answer before its head is written. */
struct found {
    struct http_head head;
    char tag[HTTP_TAG_MAX];
    char location[HTTP_PATH_MAX + 2];
};

/* The date line changes once a second only. */
static const char *date_of(uint64_t now)
{
    static char date[30];
    static uint64_t of;

    if (of != now || date[0] == '\0') {
        http_date(now, date);
        of = now;
    }
    return date;
}

static void set_error(struct http_answer *a, struct found *f, int status)
{
    a->made.size = 0;
    a->made.overflow = false;
    a->body = NULL;
    a->size = 0;
    f->head.status = status;
    f->head.type = "text/plain; charset=utf-8";
    text_decimal(&a->made, (uint64_t)status);
    text_string(&a->made, " ");
    text_string(&a->made, http_reason(status));
    text_string(&a->made, "\n");
}

static void set_file(const struct http_request *r, const struct file *file,
                     struct http_answer *a, struct found *f)
{
    http_tag(file->mtime, file->size, f->tag);
    f->head.tag = f->tag;
    if (r->if_none_match &&
        http_tag_matches(r->if_none_match, r->if_none_match_length, f->tag)) {
        f->head.status = 304;
        return;
    }
    f->head.status = 200;
    f->head.type = files_type(file->path);
    a->body = file->data;
    a->size = file->size;
}

/* path + suffix, looked up. */
static bool find_below(const struct file_tree *tree, const char *path,
                       const char *suffix, struct file *file)
{
    char whole[HTTP_PATH_MAX + sizeof("/" INDEX)];
    struct text t = text_in(whole, sizeof(whole));

    text_string(&t, path);
    text_string(&t, suffix);
    return files_find(tree, whole, t.size, file);
}

/* A directory asked for without its slash: relative links need the slash. */
static bool set_redirect(const struct http_request *r, struct found *f)
{
    struct text t = text_in(f->location, sizeof(f->location) - 1);

    for (const char *at = r->path; *at; at++) {
        unsigned char c = (unsigned char)*at;

        /* no header or host can be smuggled in: encode what is unusual */
        if (c <= ' ' || c >= 0x7f || c == '%' || c == '?' || c == '#' ||
            c == '\\' || (c == '/' && t.size == 1)) {
            text_string(&t, "%");
            text_bytes(&t, &"0123456789ABCDEF"[c >> 4], 1);
            text_bytes(&t, &"0123456789ABCDEF"[c & 15], 1);
        } else {
            text_bytes(&t, at, 1);
        }
    }
    text_string(&t, "/");
    f->location[t.size] = '\0';
    f->head.location = f->location;
    return !t.overflow;
}

static void find_file(const struct http_server *s, const struct http_request *r,
                      struct http_answer *a, struct found *f)
{
    const char *path = r->path + 1;
    size_t length = r->path_length - 1u;
    bool directory = length == 0 || path[length - 1] == '/';
    struct file file;

    if (!s->tree) {
        set_error(a, f, 404);
    } else if (directory ? find_below(s->tree, path, INDEX, &file)
                         : files_find(s->tree, path, length, &file)) {
        set_file(r, &file, a, f);
    } else if (!directory && find_below(s->tree, path, "/" INDEX, &file)) {
        set_error(a, f, set_redirect(r, f) ? 301 : 404);
    } else {
        set_error(a, f, 404);
    }
}

static void find(const struct http_server *s, const struct http_request *r,
                 int error, struct http_answer *a, struct found *f)
{
    if (error) {
        set_error(a, f, error);
    } else if (r->method == HTTP_OTHER) {
        set_error(a, f, 405);
    } else if (s->page && s->page(r->path, &a->made, &f->head.type)) {
        f->head.status = 200;
        if (a->made.overflow)
            set_error(a, f, 500);
    } else {
        find_file(s, r, a, f);
    }
}

void http_answer(const struct http_server *s, const struct http_request *r,
                 int error, struct http_answer *a)
{
    struct found f = {.head = {.date = date_of(a->unix_time)}};

    find(s, r, error, a, &f);
    a->status = f.head.status;
    a->keep_alive = !error && r->keep_alive && !r->has_body;
    f.head.keep_alive = a->keep_alive;
    f.head.length = a->size + a->made.size;
    http_head(&a->head, &f.head);
    if (!error && r->method == HTTP_HEAD) {
        a->size = 0;
        a->made.size = 0;
    }
}
