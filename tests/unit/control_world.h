/* SPDX-License-Identifier: MIT */
/*
 * A cell with a control domain, booted from life_bundle by the system itself,
 * and that domain's calls. Change the bundle between control_prepare() and
 * control_start(); control_stop() ends everything and checks that not a frame
 * is missing.
 */
#ifndef UNIT_CONTROL_WORLD_H
#define UNIT_CONTROL_WORLD_H

#include "life.h"
#include "scree/control.h"

#define CONTROL_PAGES  64
#define CONTROL_RECORD 0x104000ull /* where its records lie */
#define CONTROL_BUFFER 0x110000ull /* 32 pages of its RAM */

struct control_world {
    struct world w;
    struct domain *d0;
    uint64_t free; /* frames, with the boot bundle's domains alone */
};

/* A bundle of the control domain "one" alone; then of `count` records. */
void control_prepare(void);
void control_start(struct control_world *x);
void control_stop(struct control_world *x);
/* After its restart. */
void control_find(struct control_world *x);

/* A call with this record, which is written back. `size` bytes lie at `at`. */
int64_t control_call_at(struct control_world *x, uint64_t at, void *record,
                        uint32_t size);

/* Fills in the head of r and calls op `name`; r->head.domain stays. */
#define CONTROL(x, name, r)                                                    \
    ({                                                                         \
        struct scree_control *head_ = (void *)(r);                             \
        head_->version = SCREE_CONTROL_VERSION;                                \
        head_->op = SCREE_CONTROL_##name;                                      \
        head_->size = sizeof(*(r));                                            \
        control_call_at(x, CONTROL_RECORD, r, sizeof(*(r)));                   \
    })
/* The same for an op that has nothing but a domain. */
#define CONTROL_DOMAIN(x, name, id)                                            \
    ({                                                                         \
        struct scree_control r_ = {.domain = (id)};                            \
        CONTROL(x, name, &r_);                                                 \
    })

/* Good records. */
struct scree_control_create control_new(uint32_t image, const char *name);
/* A new domain of image 0, paused; its id. */
uint32_t control_make(struct control_world *x, const char *name);
/* What get says of id, which exists. */
struct scree_domain_state control_state(struct control_world *x, uint32_t id);
/* Lets the loop go on, until nobody is dying. */
void control_settle(struct control_world *x);
/* Kills, waits and collects. */
void control_remove(struct control_world *x, uint32_t id);

/* Uploads n bytes as an object, not sealed; its handle. */
uint32_t control_upload(struct control_world *x, const void *bytes, size_t n);
int64_t control_seal(struct control_world *x, uint32_t handle);
int64_t control_drop(struct control_world *x, uint32_t handle);
/* small_bundle as an object: its image alone, or its module. */
void control_object_image(struct small_bundle *b);
void control_object_module(struct small_bundle *b);

/* What a call that fails must leave as it was. */
struct control_picture {
    uint64_t hash;
};
struct control_picture control_look(struct control_world *x);
bool control_same(struct control_world *x, const struct control_picture *p);

#endif
