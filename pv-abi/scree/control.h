/* SPDX-License-Identifier: MIT */
/*
 * The control hypercall: what the control domain (domain 0) asks of the
 * hypervisor. ABI 1.1; everybody else gets -XEN_EPERM and nothing is looked at.
 *
 *   scree_control(struct scree_control *record)
 *
 * A record is one of the structs below. Each begins with struct scree_control;
 * its size must be that of its op's struct. It is copied in once and, where
 * fields are marked (out), copied back as a whole before the call returns. All
 * fields that are not described, and all padding, must be 0.
 *
 *   -XEN_EFAULT  the record, or an address in it, is no memory of the caller
 *   -XEN_EPERM   the caller is not the control domain
 *   -XEN_ENOSYS  unknown op
 *   -XEN_EINVAL  wrong version or size; a field out of its range
 *   -XEN_ESRCH   no such domain
 *
 * Further errors stand with the op. A call that fails has changed nothing.
 * Times are ns of system time, sizes are bytes, addresses are the caller's.
 * Modelled on Xen's domctl (public/domctl.h), whose structs are bound to
 * toolstack and Xen version; these are fixed-size and versioned.
 */
#ifndef SCREE_CONTROL_H
#define SCREE_CONTROL_H

#include <stdint.h>

#include "scree/bundle.h"

#define SCREE_CONTROL_VERSION 1

struct scree_control {
    uint32_t version; /* SCREE_CONTROL_VERSION */
    uint32_t op;      /* SCREE_CONTROL_* */
    uint32_t size;    /* of the whole record */
    uint32_t domain;  /* whom it is about, or 0 */
};

/*  X(number, NAME, struct) : the one list of operations */
/* clang-format off */
#define SCREE_CONTROL_LIST(X)                       \
    X(1,  cell,          scree_control_cell)        \
    X(2,  create,        scree_control_create)      \
    X(3,  resume,        scree_control)             \
    X(4,  pause,         scree_control)             \
    X(5,  kill,          scree_control)             \
    X(6,  shutdown,      scree_control_shutdown)    \
    X(7,  get,           scree_control_get)         \
    X(8,  collect,       scree_control)             \
    X(9,  set,           scree_control_set)         \
    X(10, next,          scree_control_next)        \
    X(11, object_begin,  scree_control_object)      \
    X(12, object_write,  scree_control_transfer)    \
    X(13, object_seal,   scree_control_object)      \
    X(14, object_drop,   scree_control_object)      \
    X(15, object_get,    scree_control_object)      \
    X(16, store_take,    scree_control_transfer)    \
    X(17, store_put,     scree_control_transfer)    \
    X(18, store_reset,   scree_control)             \
    X(19, console_take,  scree_control_transfer)    \
    X(20, console_put,   scree_control_transfer)    \
    X(21, channel_take,  scree_control_transfer)    \
    X(22, channel_put,   scree_control_transfer)    \
    X(23, config,        scree_control_create)
/* clang-format on */

#define SCREE_CONTROL_NUMBER(number, name, record)                             \
    SCREE_CONTROL_##name = (number),
enum scree_control_op { SCREE_CONTROL_LIST(SCREE_CONTROL_NUMBER) };
#undef SCREE_CONTROL_NUMBER

/* ------------------------------------------------------------- the cell */

/* cell: (out) all but the head. */
struct scree_control_cell {
    struct scree_control head;
    uint32_t cpus;
    uint32_t domains;      /* that exist now, the caller and the ended too */
    uint32_t domain_limit; /* ids are below */
    uint32_t network, prefix, gateway, resolver;
    uint32_t reserved;
    uint64_t now;
    uint64_t frames_total, frames_free;
    uint64_t frames_available; /* free and not promised to a domain */
    uint64_t idle_ns;          /* of all CPUs */
    uint64_t console_lost;     /* bytes that nobody took in time */
    char version[32];          /* of the hypervisor, 0-terminated */
};

/* ------------------------------------------------------------- a domain */

#define SCREE_TAG_MAX 64

/* config.flags must be 0. A created domain exists,
 * paused, until resume. */

/*
 * create: makes a domain of a config whose image and module are handles of
 * sealed objects (module may be SCREE_NO_MODULE) and whose name is not empty.
 * on_crash is DESTROY or PRESERVE: what shall come back, the caller makes anew.
 * `tag` is kept and given back by get: the caller's own.
 * The domain is paused. Everything it may ever need is promised to it now, out
 * of frames_available. When it ends, everything is given back at once but its
 * id, two frames and what get and config say, which stay until collect; so with
 * a domain of the boot bundle that ends for good.
 * (out) head.domain: its id, 1.. Ids are given out in turn, so that one that
 * was collected is not used again soon; those of the boot bundle's domains (as
 * many as it has records) never are.
 * -XEN_ENOMEM: not enough memory; -XEN_ENOSPC: no free id; -XEN_EADDRINUSE: its
 * address is in use; -XEN_EADDRNOTAVAIL: its address is not of the cell's
 * network; -XEN_ENOENT: no such image or module; -XEN_E2BIG: the image does not
 * fit into its memory.
 */
struct scree_control_create {
    struct scree_control head;
    struct scree_domain_config config;
    uint8_t tag[SCREE_TAG_MAX];
};

/*
 * resume, pause: nest not; -XEN_EINVAL: it is not paused, or is already, or
 *   has ended. A paused domain keeps its events and gets its timer late.
 * kill: ends it, as SCREE_END_KILLED, whatever it does. -XEN_EINVAL: it has
 *   ended already, or ends. A domain of the boot bundle stays away then.
 * shutdown: sets info.shutdown to reason + 1 and raises SCREE_PORT_CONTROL:
 *   the guest is asked to end by itself. reason: SHUTDOWN_poweroff or _reboot.
 * collect: forgets an ended domain; its id is free. -XEN_EBUSY: it is not
 *   ended yet, or is one of the boot bundle that will be made again: it is
 *   ENDED until then.
 * None of them can name the control domain itself: -XEN_EINVAL.
 */
struct scree_control_shutdown {
    struct scree_control head;
    uint32_t reason;
    uint32_t reserved;
};

/* scree_domain_state.state */
#define SCREE_DOMAIN_RUNNING  1 /* runs, or sleeps */
#define SCREE_DOMAIN_PAUSED   2
#define SCREE_DOMAIN_CRASHED  3 /* preserved: kill lets it go */
#define SCREE_DOMAIN_DYING    4 /* being taken apart */
#define SCREE_DOMAIN_ENDED    5 /* gone; waits for collect */

/* scree_domain_state.flags */
#define SCREE_DOMAIN_READY    1 /* has slept at least once: it is up */
#define SCREE_DOMAIN_WATCHDOG 2 /* a watchdog runs */
#define SCREE_DOMAIN_STORE    4 /* its store ring is open */
#define SCREE_DOMAIN_BOOT     8 /* of the boot bundle */

/* scree_domain_state.reason: SHUTDOWN_* of Xen's sched.h, or */
#define SCREE_END_KILLED      255

struct scree_domain_state {
    uint32_t id;
    uint32_t state;  /* SCREE_DOMAIN_* */
    uint32_t flags;  /* SCREE_DOMAIN_* */
    uint32_t reason; /* CRASHED, DYING, ENDED: why */
    uint32_t code;   /* its exit code, 0..255: see SCHEDOP_shutdown */
    uint32_t image;  /* handles */
    uint32_t module; /* or SCREE_NO_MODULE */
    uint32_t ipv4;   /* or 0 */
    uint32_t weight;
    uint32_t group;
    uint64_t net_rate;
    uint64_t memory; /* of RAM, bytes */
    uint64_t frames; /* it has now */
    uint64_t created_ns;
    uint64_t ended_ns;    /* or 0 */
    uint64_t cpu_ns;      /* it ran */
    uint64_t wakeups;     /* from sleep */
    uint64_t hypercalls;  /* it made, of those that exist */
    uint64_t watchdog_ns; /* when it expires, or 0 */
    uint64_t sent_frames, sent_bytes;
    uint64_t received_frames, received_bytes;
    uint64_t net_drops;    /* both ways */
    uint64_t console_lost; /* bytes dropped by its limit */
    uint8_t mac[6];
    uint16_t watchdog_s; /* s that the watchdog was last set to, or 0 */
    char name[SCREE_NAME_MAX];
    uint8_t tag[SCREE_TAG_MAX];
};

/* get: (out) the first domain with an id of at least head.domain (the caller
 * included). -XEN_ESRCH: there is none. To walk: head.domain = state.id + 1. */
struct scree_control_get {
    struct scree_control head;
    struct scree_domain_state state;
};

/* config: (out) what domain head.domain was made with: config and tag, until it
 * is collected; those of the boot bundle have an empty tag. */

/* set: changes what `what` names. */
#define SCREE_SET_WEIGHT   1
#define SCREE_SET_NET_RATE 2
struct scree_control_set {
    struct scree_control head;
    uint32_t what;   /* SCREE_SET_*, or-ed; not 0 */
    uint32_t weight; /* 1..65535 */
    uint64_t net_rate;
};

/*
 * next: the next domain that something happened to. Each stands in the queue
 * once; what happened is or-ed and cleared by the call. The caller's port
 * SCREE_PORT_CONTROL is raised when the queue gets its first entry, and also
 * when channel_take or console_take have something new or channel_put has room
 * again. -XEN_ENOENT: the queue is empty. When the control domain starts (for
 * the first time or again) every domain is queued, with both bits. It is never
 * told of itself, nor of those that it has collected.
 * (out) head.domain and happened.
 */
#define SCREE_HAPPENED_STATE 1 /* its state or a flag has changed */
#define SCREE_HAPPENED_STORE 2 /* its store ring wants attention */
struct scree_control_next {
    struct scree_control head;
    uint32_t happened; /* SCREE_HAPPENED_*, or-ed */
    uint32_t reserved;
};

/* ------------------------------------------------------------- objects */

/*
 * An object is an image or a file module that domains can be made of: a small
 * bundle (scree/bundle.h) with exactly one image and no module, or the reverse,
 * and no domain. Those of the boot bundle are there from the start: handles
 * 0.. are its images, those behind them its modules. Objects belong to the
 * cell: frames for their bytes and for an index of them are taken from
 * frames_available, none from the control domain's memory, and they outlive it.
 *
 *   object_begin  size, digest; (out) handle. Room for all of it is taken.
 *                 -XEN_ENOMEM; -XEN_ENOSPC: there are 4,096 already.
 *   object_write  puts `length` bytes at `offset` of an object that is not yet
 *                 sealed: all of it or, with an error, nothing. head.domain is
 *                 the handle. -XEN_EINVAL: it is sealed, or is shorter.
 *   object_seal   checks it. -XEN_EINVAL: a page was never written, or it is
 *                 not what it should be (said on the console); it stays as it
 *                 was.
 *   object_drop   -XEN_EBUSY: domains that have not ended use it, or it is of
 *                 the boot bundle.
 *   object_get    (out) the first object with a handle of at least `handle`.
 * -XEN_ENOENT: no such object.
 */
#define SCREE_OBJECT_IMAGE    1
#define SCREE_OBJECT_MODULE   2

#define SCREE_OBJECT_SEALED   1
#define SCREE_OBJECT_BOOT     2 /* of the boot bundle: digest is 0 */

#define SCREE_OBJECT_SIZE_MAX (256u << 20)
#define SCREE_DIGEST_SIZE     32

struct scree_control_object {
    struct scree_control head;
    uint32_t handle; /* (out) of begin and get */
    uint32_t kind;   /* (out) of get: SCREE_OBJECT_*, 0: not sealed */
    uint32_t flags;  /* (out) of get */
    uint32_t users;  /* (out) of get: domains made of it */
    uint64_t size;   /* of begin, 4096..SCREE_OBJECT_SIZE_MAX; (out) of get */
    uint64_t min_memory;               /* (out) of get: images; bytes */
    uint8_t digest[SCREE_DIGEST_SIZE]; /* the caller's name for it */
    char name[SCREE_NAME_MAX];         /* (out) of get: from its record */
};

/* --------------------------------------------------- bytes to and fro */

/*
 * object_write: see above.
 * store_take: bytes that domain head.domain has put into its store ring (Xen's
 *   public/io/xs_wire.h, xenstore_domain_interface), at most `length`.
 *   `offset` (out): the ring's epoch: how often it was opened.
 * store_put: bytes into it, as many as fit; raises its SCREE_PORT_STORE.
 *   `offset`: the epoch they are meant for.
 *   Both: (out) done. -XEN_ENODEV: it is not open (or anew, in another epoch).
 * store_reset (struct scree_control): what is in the ring is lost, its `error`
 *   becomes 1 (XENSTORE_ERROR_COMM) and its owner is woken: it opens it anew.
 * console_take: whole records (below) of what domains have printed; from the
 *   first call on they print here, until the control domain ends, and only the
 *   hypervisor's own lines stay on the machine's console (and come here, too).
 * console_put: typed bytes for domain head.domain; (out) done: taken.
 * channel_take, channel_put: the byte stream to the host (scree/channel.h).
 *   -XEN_ENODEV: the cell has no channel.
 * length: 1..65536. (out) done, bytes; 0: nothing there, or no room.
 */
#define SCREE_TRANSFER_MAX 65536

struct scree_control_transfer {
    struct scree_control head;
    uint64_t address;
    uint64_t offset;
    uint32_t length;
    uint32_t done; /* (out) */
};

/* What console_take gives: a head and `length` bytes, padded with zeros to a
 * multiple of 8. */
#define SCREE_CONSOLE_HYPERVISOR UINT32_MAX
struct scree_console_record {
    uint32_t domain; /* or SCREE_CONSOLE_HYPERVISOR */
    uint32_t length; /* 1..1024 */
    uint64_t time;
};

_Static_assert(sizeof(struct scree_control) == 16, "head");
_Static_assert(sizeof(struct scree_control_transfer) == 40, "transfer");
_Static_assert(sizeof(struct scree_domain_state) == 264, "no holes");

#endif
