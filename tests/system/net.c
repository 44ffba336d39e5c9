/* SPDX-License-Identifier: MIT */
/* See net.h. */
#include "tests/system/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static void set_timeout(int fd, unsigned ms)
{
    struct timeval t = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

uint16_t net_free_port(bool udp)
{
    int fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof(a);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) ||
        getsockname(fd, (struct sockaddr *)&a, &n))
        a.sin_port = 0;
    if (fd >= 0)
        close(fd);
    return ntohs(a.sin_port);
}

long udp_exchange(uint16_t port, const void *data, size_t n, void *reply,
                  size_t size, unsigned ms)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = loopback(port);
    long got = -1;

    if (fd < 0)
        return -1;
    set_timeout(fd, 500);
    if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
        for (unsigned waited = 0; got < 0 && waited < ms; waited += 500) {
            if (send(fd, data, n, 0) < 0)
                usleep(500000);
            else
                got = recv(fd, reply, size, 0);
        }
    close(fd);
    return got;
}

int tcp_connect(uint16_t port, unsigned ms)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = loopback(port);

    if (fd < 0)
        return -1;
    set_timeout(fd, ms);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
        close(fd);
        return -1;
    }
    return fd;
}

bool tcp_exchange(int fd, const void *data, void *reply, size_t n)
{
    size_t sent = 0, got = 0;
    ssize_t k;

    /* in turns, so that neither side's window can fill up for ever */
    while (got < n) {
        size_t piece = n - sent < 4096 ? n - sent : 4096;

        if (piece) {
            k = send(fd, (const char *)data + sent, piece, MSG_NOSIGNAL);
            if (k <= 0)
                return false;
            sent += (size_t)k;
        }
        k = recv(fd, (char *)reply + got, n - got, 0);
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

/* ---------------------------------------------------------------- DNS */

#define DNS_HEADER 12

static size_t put_name(uint8_t *to, const char *name)
{
    size_t used = 0;

    while (*name) {
        size_t n = strcspn(name, ".");

        to[used++] = (uint8_t)n;
        memcpy(to + used, name, n);
        used += n;
        name += n + (name[n] == '.');
    }
    to[used++] = 0;
    return used;
}

static size_t make_query(uint8_t *q, const char *name, unsigned type)
{
    static const uint8_t header[DNS_HEADER] = {0x5c, 0x4e, 0x01, 0x00, 0, 1};
    size_t n = DNS_HEADER;

    memcpy(q, header, DNS_HEADER);
    n += put_name(q + n, name);
    q[n++] = 0;
    q[n++] = (uint8_t)type;
    q[n++] = 0;
    q[n++] = 1;
    return n;
}

static size_t skip_name(const uint8_t *r, size_t at, size_t n)
{
    while (at < n && r[at]) {
        if (r[at] >= 0xc0)
            return at + 2;
        at += r[at] + 1u;
    }
    return at + 1;
}

static void get_name(const uint8_t *r, size_t at, size_t n, char *to,
                     size_t size)
{
    size_t used = 0;
    unsigned hops = 0;

    while (at < n && r[at] && hops < 16) {
        if (r[at] >= 0xc0 && at + 1 < n) {
            at = (size_t)(r[at] & 0x3f) << 8 | r[at + 1];
            hops++;
            continue;
        }
        for (unsigned i = 1; i <= r[at] && at + i < n && used + 2 < size; i++)
            to[used++] = (char)r[at + i];
        if (used + 1 < size)
            to[used++] = '.';
        at += r[at] + 1u;
    }
    to[used ? used - 1 : 0] = '\0';
}

bool dns_ask(uint16_t port, const char *name, unsigned type, char *answer,
             size_t size, int *rcode)
{
    uint8_t q[512], r[512];
    size_t qn = make_query(q, name, type), at;
    long n = udp_exchange(port, q, qn, r, sizeof(r), 5000);

    *rcode = -1;
    if (n < DNS_HEADER || memcmp(q, r, 2) || !(r[2] & 0x80))
        return false;
    *rcode = r[3] & 15;
    if (*rcode || !r[7])
        return false;
    at = skip_name(r, DNS_HEADER, (size_t)n) + 4; /* the question again */
    at = skip_name(r, at, (size_t)n);
    if (at + 10 > (size_t)n || r[at + 1] != type)
        return false;
    at += 10;
    if (type == DNS_A && at + 4 <= (size_t)n)
        snprintf(answer, size, "%u.%u.%u.%u", r[at], r[at + 1], r[at + 2],
                 r[at + 3]);
    else
        get_name(r, at, (size_t)n, answer, size);
    return true;
}
