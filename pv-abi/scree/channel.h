/* SPDX-License-Identifier: MIT */
/*
 * The control channel: frames on the byte stream between the host (screed)
 * and the control domain (guest-kernel/control), over a virtio console.
 * Little endian. No guest but the control domain ever sees it.
 *
 * Either end may vanish and come back in the middle of a frame. The host
 * begins each connection with SCREE_FRAME_MAX zero bytes and SYNC; the cell
 * answers SYNCED and forgets the host's store clients. Until then the host
 * drops all it gets; later each end drops bytes up to the next frame whose
 * head and check are good. A frame that is lost so shows as a request without
 * a reply: who asks bounds the wait.
 *
 * The cell puts SCREE_FRAME_MAX zero bytes before SYNCED, too. It sends SYNCED
 * with nonce 0 and by itself when the control domain has started, and in answer
 * to anything else that comes before a SYNC: then the host begins again with
 * SYNC. A SYNC also drops objects that were begun and not sealed.
 *
 * Frames of one tag keep their order. The host has at most
 * SCREE_CHANNEL_REQUESTS requests under way; more are refused with EBUSY.
 */
#ifndef SCREE_CHANNEL_H
#define SCREE_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "scree/control.h"

#define SCREE_FRAME_MAGIC      0x65726373u /* "scre" */
#define SCREE_FRAME_MAX        4096        /* with the head */
#define SCREE_CHANNEL_VERSION  1
#define SCREE_CHANNEL_REQUESTS 64

struct scree_frame_head {
    uint32_t magic;
    uint16_t type;   /* SCREE_FRAME_* */
    uint16_t length; /* of the payload, 0..SCREE_FRAME_PAYLOAD */
    uint32_t tag;
    uint32_t check; /* scree_frame_check() with this field 0 */
};

#define SCREE_FRAME_PAYLOAD (SCREE_FRAME_MAX - sizeof(struct scree_frame_head))

/* FNV-1a (32 bits) over head and payload. */
static inline uint32_t scree_frame_check(const void *frame, size_t size)
{
    const uint8_t *p = (const uint8_t *)frame;
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

/*
 * type           tag        from  payload
 * SYNC           0          host  struct scree_sync
 * SYNCED         0          cell  struct scree_sync, the nonce as it came
 * REQUEST        request    host  u32 op (SCREE_MANAGE_*), u32 0, its struct
 * REPLY          request    cell  struct scree_reply, then the op's answer
 * EVENT          domain id  cell  struct scree_event
 * CONSOLE        domain id  cell  u64 time, then bytes as printed; the tag may
 *                                 be SCREE_CONSOLE_HYPERVISOR
 * INPUT          domain id  host  bytes as typed
 * STORE_OPEN     client     host  nothing: a client of the store's socket
 * STORE          client     both  a part of its byte stream (xs_wire.h)
 * STORE_CLOSE    client     both  nothing: it is gone, or is thrown out
 *
 * Store clients are numbered by the host, 1..SCREE_STORE_CLIENTS, and have the
 * rights of the control domain.
 */
#define SCREE_FRAME_SYNC        1
#define SCREE_FRAME_SYNCED      2
#define SCREE_FRAME_REQUEST     3
#define SCREE_FRAME_REPLY       4
#define SCREE_FRAME_EVENT       5
#define SCREE_FRAME_CONSOLE     6
#define SCREE_FRAME_INPUT       7
#define SCREE_FRAME_STORE_OPEN  8
#define SCREE_FRAME_STORE       9
#define SCREE_FRAME_STORE_CLOSE 10

#define SCREE_STORE_CLIENTS     4096

struct scree_sync {
    uint64_t nonce;   /* the host's, random */
    uint32_t version; /* SCREE_CHANNEL_VERSION */
    uint32_t reserved;
    uint64_t life;      /* SYNCED: changes whenever the control domain starts */
    uint64_t cell_life; /* SYNCED: Unix time in ns when the cell started */
};

/* ------------------------------------------------------------ requests */

/*
 * The domain manager. Domains are known by name; at most one lives under a
 * name. A definition (MANAGE_RUN) stays until MANAGE_REMOVE, also while its
 * domain is down. Errors are Xen's numbers, positive; `text` says it for
 * people.
 */
struct scree_reply {
    uint32_t error;
    uint32_t reserved;
    char text[112]; /* 0-terminated; empty when error is 0 */
};

/*  op           struct                  answer
 *  CELL         -                       struct scree_control_cell
 *  RUN          scree_manage_run        struct scree_manage_state
 *  LIST         scree_manage_list       struct scree_manage_state[], at most
 *                                       SCREE_LIST_MAX, in the order of
 *                                       serial numbers; none: the end
 *  STOP         scree_manage_name       - ; asks the guest; value: ms after
 *                                       which it is killed
 *  KILL         scree_manage_name       -
 *  PAUSE RESUME scree_manage_name       -
 *  START        scree_manage_name       struct scree_manage_state: a defined
 *                                       domain that is down is made again
 *  REMOVE       scree_manage_name       - ; EBUSY: it is not down
 *  SET          scree_manage_set        -
 *  OBJECT_BEGIN scree_control_object    the same, with its handle
 *  OBJECT_WRITE scree_manage_write,     -
 *               then the bytes
 *  OBJECT_SEAL OBJECT_DROP OBJECT_GET   as in scree/control.h
 *               scree_control_object    the same
 */
#define SCREE_MANAGE_CELL            1
#define SCREE_MANAGE_RUN             2
#define SCREE_MANAGE_LIST            3
#define SCREE_MANAGE_STOP            4
#define SCREE_MANAGE_KILL            5
#define SCREE_MANAGE_PAUSE           6
#define SCREE_MANAGE_RESUME          7
#define SCREE_MANAGE_START           8
#define SCREE_MANAGE_REMOVE          9
#define SCREE_MANAGE_SET             10
#define SCREE_MANAGE_OBJECT_BEGIN    11
#define SCREE_MANAGE_OBJECT_WRITE    12
#define SCREE_MANAGE_OBJECT_SEAL     13
#define SCREE_MANAGE_OBJECT_DROP     14
#define SCREE_MANAGE_OBJECT_GET      15

/* After which ends a domain comes back. Back-off: 100 ms, doubling to 30 s;
 * starts over after a life of a minute. A stop or kill by request is never
 * followed by a restart. */
#define SCREE_RESTART_NO             0
#define SCREE_RESTART_ON_FAILURE     1 /* crash, watchdog, code not 0 */
#define SCREE_RESTART_ALWAYS         2
#define SCREE_RESTART_UNLESS_STOPPED 3 /* the same in one life of the cell */

struct scree_manage_run {
    struct scree_domain_config config; /* image and module are ignored; ipv4:
                                        * see address */
    uint8_t image[SCREE_DIGEST_SIZE];  /* digests of sealed objects */
    uint8_t files[SCREE_DIGEST_SIZE];  /* all 0: none */
    uint32_t address;                  /* SCREE_ADDRESS_* */
    uint32_t restart;                  /* SCREE_RESTART_* */
    uint32_t retries;                  /* on failure, at most; 0: no limit */
    uint32_t flags;                    /* SCREE_RUN_* */
};

#define SCREE_ADDRESS_NONE  0
#define SCREE_ADDRESS_FIXED 1 /* config.ipv4 */
#define SCREE_ADDRESS_NEXT  2 /* the next free one */

#define SCREE_RUN_DEFINE    1 /* only define it: it is down until START */
#define SCREE_RUN_REMOVE    2 /* REMOVE it by itself when it is down for good */
/* If the name is defined already, with the same image, files, memory, group,
 * command line, on_crash and address (if FIXED): not an error; it takes
 * restart, retries and REMOVE from here, nothing else happens, and the answer
 * is its state. Else as without. For a host that finds a new life after SYNC:
 * RUN everything it knows with ADOPT, what is down with DEFINE, too. */
#define SCREE_RUN_ADOPT     4

struct scree_manage_name {
    char name[SCREE_NAME_MAX];
    uint64_t value;
};

#define SCREE_SET_RESTART 0x100 /* restart and retries */

struct scree_manage_set {
    char name[SCREE_NAME_MAX];
    uint32_t what; /* SCREE_SET_*, or-ed */
    uint32_t weight;
    uint64_t net_rate;
    uint32_t restart, retries;
};

struct scree_manage_list {
    uint32_t from; /* serial number */
    uint32_t reserved;
    char name[SCREE_NAME_MAX]; /* only this one; empty: all */
};

struct scree_manage_write {
    uint32_t handle;
    uint32_t reserved;
    uint64_t offset;
};

/* scree_manage_state.phase; UNHEALTHY: less than a quarter of its watchdog's
 * time is left, or it is back after the watchdog and not ready yet. */
#define SCREE_PHASE_DOWN      0 /* not running, and will not by itself */
#define SCREE_PHASE_STARTING  1 /* runs, but has not slept yet */
#define SCREE_PHASE_READY     2
#define SCREE_PHASE_UNHEALTHY 3
#define SCREE_PHASE_PAUSED    4
#define SCREE_PHASE_STOPPING  5
#define SCREE_PHASE_BACKOFF   6 /* comes back at next_ns */
#define SCREE_PHASE_CRASHED   7 /* preserved, or down after a crash */

struct scree_manage_state {
    uint32_t serial; /* of the definition, growing */
    uint32_t phase;  /* SCREE_PHASE_* */
    uint32_t restart, retries;
    uint32_t restarts; /* so far */
    uint32_t ended;   /* how often it has ended: 0: reason, code mean nothing */
    uint32_t reason;  /* of the last end: SHUTDOWN_*, SCREE_END_KILLED */
    uint32_t code;    /* of the last end */
    uint64_t next_ns; /* BACKOFF: system time of the next try */
    uint64_t defined_ns;              /* system time */
    struct scree_domain_state domain; /* now, or as it last was; id 0: never */
    uint8_t image[SCREE_DIGEST_SIZE];
    uint8_t files[SCREE_DIGEST_SIZE];
};

#define SCREE_LIST_MAX      10

/* ------------------------------------------------------------- events */

#define SCREE_EVENT_CREATED 1
#define SCREE_EVENT_READY   2
#define SCREE_EVENT_ENDED   3 /* reason, code */
#define SCREE_EVENT_BACKOFF 4 /* value: ns until the next try */
#define SCREE_EVENT_DOWN    5 /* it will not come back by itself */
#define SCREE_EVENT_REMOVED 6
#define SCREE_EVENT_PAUSED  7
#define SCREE_EVENT_RESUMED 8
#define SCREE_EVENT_REFUSED 9  /* could not be made again; value: error */
#define SCREE_EVENT_LOST    10 /* value: so many events did not fit: LIST */

struct scree_event {
    uint32_t event; /* SCREE_EVENT_* */
    uint32_t domain;
    uint32_t reason, code;
    uint64_t time; /* system time, ns */
    uint64_t value;
    uint32_t ipv4;
    uint32_t serial;
    char name[SCREE_NAME_MAX];
};

#define SCREE_CHANNEL_FITS(type)                                               \
    _Static_assert(sizeof(type) + 8 <= SCREE_FRAME_PAYLOAD &&                  \
                       sizeof(type) % 8 == 0,                                  \
                   #type)
SCREE_CHANNEL_FITS(struct scree_sync);
SCREE_CHANNEL_FITS(struct scree_reply);
SCREE_CHANNEL_FITS(struct scree_manage_run);
SCREE_CHANNEL_FITS(struct scree_manage_set);
SCREE_CHANNEL_FITS(struct scree_event);
_Static_assert(sizeof(struct scree_reply) +
                       SCREE_LIST_MAX * sizeof(struct scree_manage_state) <=
                   SCREE_FRAME_PAYLOAD,
               "an answer to LIST");

#endif
