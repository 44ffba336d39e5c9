/* SPDX-License-Identifier: MIT */
/*
 * The control channel as screed speaks it (scree/channel.h), for tests that
 * want the cell without screed. Every wait is bounded.
 */
#ifndef SYSTEM_CHANNEL_CLIENT_H
#define SYSTEM_CHANNEL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/channel.h"

#define CHANNEL_SECONDS 20 /* an answer takes at most */
#define CHANNEL_EVENTS  256

struct channel_client {
    int fd;
    uint8_t *in; /* what is no whole frame yet */
    size_t in_size;
    uint32_t tag; /* of the last request */
    uint64_t nonce;
    struct scree_sync synced;
    bool hello; /* SYNCED with nonce 0 has come */
    /* the answer to the request that was waited for last */
    struct scree_reply reply;
    uint8_t answer[SCREE_FRAME_PAYLOAD];
    size_t answer_size;
    uint32_t answer_tag;
    unsigned answers, refused; /* so far; refused: with an error */
    struct scree_event events[CHANNEL_EVENTS]; /* a ring, the last ones */
    unsigned event_count;
    char *console; /* all of it, 0-terminated */
    size_t console_size;
    char *store; /* of store client 1 */
    size_t store_size;
};

/* Connects to the socket, which may come into being meanwhile. */
bool channel_open(struct channel_client *c, const char *path);
void channel_close(struct channel_client *c);
bool channel_sync(struct channel_client *c);

bool channel_frame(struct channel_client *c, uint16_t type, uint32_t tag,
                   const void *payload, size_t n);
/* Takes what comes within ms; false: the end. */
bool channel_poll(struct channel_client *c, int ms);
/* A request, without waiting. */
bool channel_ask(struct channel_client *c, uint32_t op, const void *record,
                 size_t n);
/* The same and its answer: its error, or UINT32_MAX: none came. */
uint32_t channel_request(struct channel_client *c, uint32_t op,
                         const void *record, size_t n);
uint32_t channel_named(struct channel_client *c, uint32_t op, const char *name,
                       uint64_t value);
/* Waits until so many answers have come in all. */
bool channel_answers(struct channel_client *c, unsigned count);

/* Puts an ELF image into the cell. */
bool channel_upload(struct channel_client *c, const char *path,
                    uint8_t digest[SCREE_DIGEST_SIZE]);
/* 1 MiB, no address, weight 256. */
struct scree_manage_run channel_run(const char *name,
                                    const uint8_t digest[SCREE_DIGEST_SIZE],
                                    const char *cmdline);
/* The state of one; false: it is not known. */
bool channel_state(struct channel_client *c, const char *name,
                   struct scree_manage_state *s);
bool channel_cell(struct channel_client *c, struct scree_control_cell *cell);

/* Waits for an event that came after `from`, a value of c->event_count. */
bool channel_event(struct channel_client *c, unsigned from, uint32_t event,
                   const char *name);
/* Waits until the consoles' text after `from` has this. */
bool channel_says(struct channel_client *c, size_t from, const char *text);

/* A request of store client 1 with its answer's body in `answer`, which has
 * room for 4097 bytes: its type, or UINT32_MAX. */
uint32_t channel_store(struct channel_client *c, uint32_t type,
                       const void *body, size_t n, char *answer);

#endif
