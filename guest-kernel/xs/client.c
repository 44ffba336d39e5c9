/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies. See client.h.
 */
#include "xs/client.h"

#include <errno.h> /* before xs_wire.h, which then names the errors */
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "xs/events.h"

/* Input that is being taken. */
struct input {
    const char *at;
    size_t left;
};

_Static_assert(sizeof(struct xsd_sockmsg) ==
                   sizeof(((struct xs_client *)0)->head),
               "a packet's head");

void xs_client_start(struct xs_client *c)
{
    *c = (struct xs_client){0};
    c->last = &c->first;
    c->events_last = &c->events;
}

/* ---------------------------------------------------------- requests */

static size_t body_size(const struct xs_strings *body)
{
    size_t size = body->size;

    for (unsigned i = 0; i < body->count; i++)
        size += strlen(body->at[i]) + 1;
    return size;
}

static void fill_body(char *to, const struct xs_strings *body)
{
    for (unsigned i = 0; i < body->count; i++) {
        size_t size = strlen(body->at[i]) + 1;

        memcpy(to, body->at[i], size);
        to += size;
    }
    if (body->size > 0)
        memcpy(to, body->value, body->size);
}

struct xs_request *xs_client_ask(struct xs_client *c, uint32_t type, uint32_t t,
                                 const struct xs_strings *body)
{
    struct xsd_sockmsg head = {.type = type, .tx_id = t};
    size_t size = body_size(body);
    struct xs_request *r;

    if (size > XENSTORE_PAYLOAD_MAX) {
        errno = E2BIG;
        return NULL;
    }
    r = malloc(sizeof(*r) + sizeof(head) + size);
    if (!r)
        return NULL;
    *r = (struct xs_request){.size = sizeof(head) + size};
    head.len = (uint32_t)size;
    head.req_id = ++c->last_id;
    memcpy(r->bytes, &head, sizeof(head));
    fill_body(r->bytes + sizeof(head), body);
    *c->last = r;
    c->last = &r->next;
    return r;
}

static void free_request(struct xs_request *r)
{
    free(r->reply);
    free(r);
}

/* Takes the first request out of the queue. */
static void finish(struct xs_client *c, int error)
{
    struct xs_request *r = c->first;

    c->first = r->next;
    if (!c->first)
        c->last = &c->first;
    r->done = true;
    r->error = error;
    if (r->abandoned)
        free_request(r);
}

static void unlink_request(struct xs_client *c, struct xs_request *r)
{
    struct xs_request **at = &c->first;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (c->last == &r->next)
        c->last = at;
}

void xs_client_forget(struct xs_client *c, struct xs_request *r)
{
    if (!r->done && r->sent > 0) {
        r->abandoned = true; /* its reply will come, and go nowhere */
        return;
    }
    if (!r->done)
        unlink_request(c, r);
    free_request(r);
}

size_t xs_client_output(struct xs_client *c, const char **bytes)
{
    struct xs_request *r = c->first;

    if (!r)
        return 0;
    *bytes = r->bytes + r->sent;
    return r->size - r->sent;
}

void xs_client_sent(struct xs_client *c, size_t n)
{
    c->first->sent += n;
}

/* ----------------------------------------------------------- replies */

static int error_number(const char *name)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (strcmp(name, xsd_errors[i].errstring) == 0)
            return xsd_errors[i].errnum;
    }
    return EINVAL;
}

/* True: it answers the request on the wire. */
static bool take_reply(struct xs_client *c, const struct xsd_sockmsg *head)
{
    struct xs_request *r = c->first;
    struct xsd_sockmsg asked;

    if (!r || r->sent < r->size)
        return false;
    memcpy(&asked, r->bytes, sizeof(asked));
    if (head->req_id != asked.req_id ||
        (head->type != asked.type && head->type != XS_ERROR))
        return false;
    if (head->type == XS_ERROR) {
        finish(c, error_number(c->body));
        return true;
    }
    r->reply = c->body;
    r->length = head->len;
    c->body = NULL;
    finish(c, 0);
    return true;
}

/* The packet in c->body is whole. False: it makes no sense. */
static bool take_packet(struct xs_client *c, const struct xsd_sockmsg *head)
{
    bool good;

    c->body[head->len] = '\0';
    if (head->type == XS_WATCH_EVENT)
        good = xs_events_take(c, c->body, head->len);
    else
        good = take_reply(c, head);
    free(c->body);
    c->body = NULL;
    c->head_size = c->body_size = 0;
    return good;
}

/* Copies what is missing of a part; moves on in the input. */
static bool fill(void *part, size_t *have, size_t want, struct input *input)
{
    size_t n = want - *have;

    if (n > input->left)
        n = input->left;
    memcpy((char *)part + *have, input->at, n);
    *have += n;
    input->at += n;
    input->left -= n;
    return *have == want;
}

/* Takes at most one packet. False: the stream is broken. */
static bool take_part(struct xs_client *c, struct input *input)
{
    struct xsd_sockmsg head;

    if (!c->body && !fill(c->head, &c->head_size, sizeof(c->head), input))
        return true;
    memcpy(&head, c->head, sizeof(head));
    if (head.len > XENSTORE_PAYLOAD_MAX)
        return false;
    if (!c->body)
        c->body = malloc(head.len + 1);
    if (!c->body)
        return false;
    if (!fill(c->body, &c->body_size, head.len, input))
        return true;
    return take_packet(c, &head);
}

bool xs_client_input(struct xs_client *c, const void *bytes, size_t n)
{
    struct input input = {.at = bytes, .left = n};

    while (input.left > 0) {
        if (!take_part(c, &input))
            return false;
    }
    return true;
}

/* -------------------------------------------------------- connection */

static void drop_state(struct xs_client *c)
{
    free(c->body);
    c->body = NULL;
    c->head_size = c->body_size = 0;
    memset(c->transactions, 0, sizeof(c->transactions));
    xs_events_drop(c);
}

void xs_client_fail(struct xs_client *c)
{
    while (c->first)
        finish(c, EIO);
    drop_state(c);
}

/* Takes the first request out of the queue and puts it at the end to be sent
 * again, unless it makes no sense any more. */
static void begin_again(struct xs_client *c)
{
    struct xs_request *r = c->first;
    struct xsd_sockmsg head;

    memcpy(&head, r->bytes, sizeof(head));
    if (r->abandoned || head.tx_id != 0) {
        finish(c, head.type == XS_TRANSACTION_END ? EAGAIN : EIO);
        return;
    }
    unlink_request(c, r);
    r->sent = 0;
    r->next = NULL;
    *c->last = r;
    c->last = &r->next;
}

void xs_client_reset(struct xs_client *c)
{
    unsigned n = 0;

    for (struct xs_request *r = c->first; r; r = r->next)
        n++;
    while (n-- > 0)
        begin_again(c);
    drop_state(c);
    for (struct xs_watched *w = c->watches; w; w = w->next) {
        struct xs_request *r = xs_client_ask_watch(c, XS_WATCH, w);

        if (r)
            r->abandoned = true;
    }
}

static bool replace(struct xs_client *c, uint32_t from, uint32_t to)
{
    for (unsigned i = 0; i < XS_TRANSACTIONS; i++) {
        if (c->transactions[i] == from) {
            c->transactions[i] = to;
            return true;
        }
    }
    return false;
}

bool xs_client_began(struct xs_client *c, uint32_t t)
{
    return replace(c, 0, t);
}

bool xs_client_knows(const struct xs_client *c, uint32_t t)
{
    for (unsigned i = 0; i < XS_TRANSACTIONS; i++) {
        if (c->transactions[i] == t)
            return true;
    }
    return false;
}

void xs_client_ended(struct xs_client *c, uint32_t t)
{
    replace(c, t, 0);
}
