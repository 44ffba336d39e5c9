/* SPDX-License-Identifier: MIT */
/* See http.h. */
#define _GNU_SOURCE
#include "tests/system/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/system/net.h"

#define POLL_MS 100
#define PACE_US 5000 /* QEMU's forwarded ports have a backlog of 1 */

bool http_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t keep_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_reply *r = arg;
    size_t room = r->length < HTTP_BODY ? HTTP_BODY - r->length : 0;

    n *= size;
    memcpy(r->body + (HTTP_BODY - room), bytes, n < room ? n : room);
    r->length += n;
    return n;
}

static size_t drop_body(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes;
    (void)arg;
    return size * n;
}

static CURL *new_handle(uint16_t port, const char *path)
{
    CURL *c = curl_easy_init();
    char url[512];

    if (!c)
        abort();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)HTTP_SECONDS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop_body);
    return c;
}

static long request(uint16_t port, const char *path, bool head,
                    struct http_reply *r)
{
    CURL *c = new_handle(port, path);
    curl_off_t declared = -1;
    char *type = NULL;

    memset(r, 0, sizeof(*r));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(c, CURLOPT_NOBODY, head ? 1L : 0L);
    if (curl_easy_perform(c) == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_getinfo(c, CURLINFO_NUM_CONNECTS, &r->connections);
    curl_easy_getinfo(c, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &declared);
    curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
    r->declared = (double)declared;
    snprintf(r->type, sizeof(r->type), "%s", type ? type : "");
    curl_easy_cleanup(c);
    return r->status;
}

long http_get(uint16_t port, const char *path, struct http_reply *r)
{
    return request(port, path, false, r);
}

long http_try(uint16_t port, const char *path, long ms)
{
    CURL *c = new_handle(port, path);
    long status = 0;

    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
    if (curl_easy_perform(c) == CURLE_OK)
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    return status;
}

long http_head(uint16_t port, const char *path, struct http_reply *r)
{
    return request(port, path, true, r);
}

unsigned http_keep_alive(uint16_t port, const char *path, unsigned count,
                         long *connections)
{
    CURL *c = new_handle(port, path);
    unsigned good = 0;

    *connections = 0;
    while (count--) {
        long status = 0, opened = 0;

        if (curl_easy_perform(c) == CURLE_OK)
            curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(c, CURLINFO_NUM_CONNECTS, &opened);
        *connections += opened;
        good += status == 200;
    }
    curl_easy_cleanup(c);
    return good;
}

/* Reads a whole reply; true: status 200 and as many bytes as were declared. */
static bool read_reply(int fd)
{
    char head[4096];
    size_t n = 0, total = 0, declared;
    const char *body, *length;
    ssize_t k;

    while (n < sizeof(head) - 1 &&
           (k = recv(fd, head + n, sizeof(head) - 1 - n, 0)) > 0)
        n += (size_t)k;
    head[n] = '\0';
    total = n;
    while ((k = recv(fd, head + n, sizeof(head) - n, 0)) > 0)
        total += (size_t)k;
    body = strstr(head, "\r\n\r\n");
    length = strcasestr(head, "\r\nContent-Length:");
    if (!body || !length || strncmp(head, "HTTP/1.1 200 ", 13))
        return false;
    declared = strtoul(length + 17, NULL, 10);
    return total == (size_t)(body + 4 - head) + declared;
}

unsigned http_concurrent(uint16_t port, const char *path, unsigned count)
{
    char request[256];
    int *fds = calloc(count, sizeof(int));
    unsigned good = 0;
    int n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: test\r\n"
                     "Connection: close\r\n\r\n",
                     path);

    if (!fds)
        abort();
    for (unsigned i = 0; i < count; i++) {
        fds[i] = tcp_connect(port, HTTP_SECONDS * 1000);
        usleep(PACE_US);
    }
    for (unsigned i = 0; i < count; i++)
        (void)!send(fds[i], request, (size_t)n, MSG_NOSIGNAL);
    for (unsigned i = 0; i < count; i++) {
        good += read_reply(fds[i]);
        close(fds[i]);
    }
    free(fds);
    return good;
}

/* ------------------------------------------------------------- poller */

struct http_poller {
    pthread_t thread;
    uint16_t port;
    char path[128];
    atomic_bool stop;
    unsigned good, bad; /* the thread's, until joined */
};

static void *poll_loop(void *arg)
{
    struct http_poller *p = arg;
    struct http_reply *r = malloc(sizeof(*r));

    if (!r)
        abort();
    while (!p->stop) {
        if (http_get(p->port, p->path, r) == 200)
            p->good++;
        else
            p->bad++;
        usleep(POLL_MS * 1000);
    }
    free(r);
    return NULL;
}

struct http_poller *http_poll_start(uint16_t port, const char *path)
{
    struct http_poller *p = calloc(1, sizeof(*p));

    if (!p)
        abort();
    p->port = port;
    snprintf(p->path, sizeof(p->path), "%s", path);
    if (pthread_create(&p->thread, NULL, poll_loop, p))
        abort();
    return p;
}

void http_poll_stop(struct http_poller *p, unsigned *good, unsigned *bad)
{
    p->stop = true;
    pthread_join(p->thread, NULL);
    *good = p->good;
    *bad = p->bad;
    free(p);
}
