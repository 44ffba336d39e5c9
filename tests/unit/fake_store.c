/* SPDX-License-Identifier: MIT */
/*
 * A XenStore server of a test's own. See fake_store.h.
 */
#include "fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

static void *run(void *fake)
{
    struct fake_store *f = fake;
    int fd = accept(f->listener, NULL, NULL);

    if (fd >= 0) {
        f->serve(fd, f->user);
        close(fd);
    }
    return NULL;
}

void fake_store_listen(struct fake_store *f, void (*serve)(int fd, void *user),
                       void *user)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(f->directory, "/tmp/fake-store-XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(f->directory) != NULL);
    snprintf(f->path, sizeof(f->path), "%s/socket", f->directory);
    strcpy(address.sun_path, f->path);
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CU_ASSERT_FATAL(
        bind(f->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    CU_ASSERT_FATAL(listen(f->listener, 1) == 0);
    f->serve = serve;
    f->user = user;
    CU_ASSERT_FATAL(pthread_create(&f->thread, NULL, run, f) == 0);
    setenv("XENSTORED_PATH", f->path, 1);
}

struct xs_handle *fake_store_start(struct fake_store *f,
                                   void (*serve)(int fd, void *user),
                                   void *user)
{
    fake_store_listen(f, serve, user);
    return xs_open(0);
}

void fake_store_end(struct fake_store *f, struct xs_handle *h)
{
    xs_close(h);
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
    unlink(f->path);
    rmdir(f->directory);
    unsetenv("XENSTORED_PATH");
}

static bool take_exactly(int fd, void *bytes, size_t size)
{
    char *at = bytes;

    while (size > 0) {
        ssize_t n = read(fd, at, size);

        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

bool fake_store_take(int fd, struct fake_store_request *r)
{
    if (!take_exactly(fd, &r->head, sizeof(r->head)) ||
        r->head.len > XENSTORE_PAYLOAD_MAX ||
        !take_exactly(fd, r->body, r->head.len))
        return false;
    r->body[r->head.len] = '\0';
    return true;
}

void fake_store_bytes(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        size -= (size_t)n;
    }
}

static void send_packet(int fd, struct xsd_sockmsg head, const void *body,
                        size_t size)
{
    char packet[sizeof(head) + XENSTORE_PAYLOAD_MAX];

    head.len = (uint32_t)size;
    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, size);
    fake_store_bytes(fd, packet, sizeof(head) + size);
}

void fake_store_answer(int fd, const struct fake_store_request *r,
                       uint32_t type, const void *body, size_t size)
{
    struct xsd_sockmsg head = r->head;

    head.type = type;
    send_packet(fd, head, body, size);
}

void fake_store_event(int fd, const char *path, const char *token)
{
    struct xsd_sockmsg head = {.type = XS_WATCH_EVENT};
    char body[256];
    int n = snprintf(body, sizeof(body), "%s%c%s", path, 0, token);

    send_packet(fd, head, body, (size_t)n + 1);
}
