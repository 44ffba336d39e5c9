/* SPDX-License-Identifier: MIT */
/*
 * A whole control domain on a fake cell, and the host's end of its channel:
 * frames in both directions, taken apart and counted. The cell has one image,
 * digest 0x11..
 */
#ifndef UNIT_HOSTED_H
#define UNIT_HOSTED_H

#include "control/domain0.h"
#include "control/frames.h"
#include "fake_cell.h"

#define HOSTED_CLIENTS 1100

struct hosted {
    struct fake_cell *cell;
    struct domain0 *z;
    struct frame_reader reader;
    /* what came */
    struct scree_sync synced; /* the last SYNCED */
    unsigned synced_count;
    struct {
        struct scree_reply reply;
        uint8_t bytes[SCREE_FRAME_PAYLOAD];
        size_t size;
        uint32_t tag;
    } reply; /* the last one */
    unsigned replies, events[16];
    struct scree_event event; /* the last one */
    char console[4096];       /* all of it */
    size_t console_at_end;    /* bytes of it when ENDED was said last */
    struct queue store[HOSTED_CLIENTS];
    unsigned closed; /* STORE_CLOSE frames */
    uint64_t due;    /* what the last pass said */
};

/* Not yet synced. */
struct hosted *hosted_make(void);
void hosted_free(struct hosted *h);
/* The control domain has gone and comes again. */
void hosted_restart(struct hosted *h);
void hosted_frame(struct hosted *h, uint16_t type, uint32_t tag,
                  const void *payload, size_t n);
/* Passes until there is nothing to do; takes what comes. */
void hosted_settle(struct hosted *h);
void hosted_wait(struct hosted *h, uint64_t ns);
void hosted_sync(struct hosted *h);
/* A request and its answer in h->reply: its error. */
uint32_t hosted_request(struct hosted *h, uint32_t op, const void *record,
                        size_t n);
uint32_t hosted_named(struct hosted *h, uint32_t op, const char *name);
/* Runs an address-less domain; its id, or 0. */
uint32_t hosted_run(struct hosted *h, const char *name);

/* One packet of the store's wire into `to`; its size. */
size_t hosted_packet(uint8_t *to, uint32_t type, const void *body, size_t n);
/* A request of a store client and its answer: the type; *body is 0-terminated;
 * UINT32_MAX: none came. */
uint32_t hosted_store(struct hosted *h, uint32_t client, uint32_t type,
                      const void *body, size_t n, char answer[4200]);
/* The same with one path. */
uint32_t hosted_path(struct hosted *h, uint32_t client, uint32_t type,
                     const char *path, char answer[4200]);
/* The same from a domain's ring, which is open. */
uint32_t hosted_ring(struct hosted *h, uint32_t domain, uint32_t type,
                     const void *body, size_t n, char answer[4200]);

#endif
