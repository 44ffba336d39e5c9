/* SPDX-License-Identifier: MIT */
/*
 * The store's ring under the hypervisor: vio device 3, event port 5. Our
 * indices live in struct store_device; the ring's copies are for the other
 * side.
 *
 * The other side must hear of requests at once, but of room only where it may
 * have met a full ring. Then all its 1024 bytes are taken after it last looked,
 * so a wake-up after each half of that is enough.
 */
#include "store.h"

#include "scree/hypercall.h"
#include "scree/vio.h"

#define HALF (XENSTORE_RING_SIZE / 2)

static void wake_server(struct store_device *d)
{
    struct evtchn_send send = {.port = SCREE_PORT_STORE};

    d->unsaid = 0;
    HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
}

int store_open(struct store_device *d)
{
    int64_t n;

    store_close(d);
    n = HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_STORE, 0);
    if (n < 0)
        return (int)n;
    *d = (struct store_device){
        .ring = (struct xenstore_domain_interface *)SCREE_STORE_PAGE,
    };
    return 0;
}

void store_close(struct store_device *d)
{
    if (!d->ring)
        return;
    HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_STORE, 0);
    d->ring = NULL;
}

static uint32_t requests(const struct store_device *d)
{
    return d->req_prod - __atomic_load_n(&d->ring->req_cons, __ATOMIC_ACQUIRE);
}

static uint32_t responses(const struct store_device *d)
{
    return __atomic_load_n(&d->ring->rsp_prod, __ATOMIC_ACQUIRE) - d->rsp_cons;
}

size_t store_put(struct store_device *d, const void *bytes, size_t size)
{
    const char *from = bytes;
    uint32_t used = requests(d);
    size_t n = used < XENSTORE_RING_SIZE ? XENSTORE_RING_SIZE - used : 0;

    if (n > size)
        n = size;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        d->ring->req[MASK_XENSTORE_IDX(d->req_prod + i)] = from[i];
    d->req_prod += (uint32_t)n;
    __atomic_store_n(&d->ring->req_prod, d->req_prod, __ATOMIC_SEQ_CST);
    wake_server(d);
    return n;
}

size_t store_take(struct store_device *d, void *bytes, size_t size)
{
    char *to = bytes;
    size_t n = responses(d);

    if (n > XENSTORE_RING_SIZE)
        return 0;
    if (n > size)
        n = size;
    for (size_t i = 0; i < n; i++)
        to[i] = d->ring->rsp[MASK_XENSTORE_IDX(d->rsp_cons + i)];
    d->rsp_cons += (uint32_t)n;
    __atomic_store_n(&d->ring->rsp_cons, d->rsp_cons, __ATOMIC_SEQ_CST);
    d->unsaid += (uint32_t)n;
    if (d->unsaid >= HALF)
        wake_server(d);
    return n;
}

bool store_lost(const struct store_device *d)
{
    return __atomic_load_n(&d->ring->error, __ATOMIC_ACQUIRE) !=
               XENSTORE_ERROR_NONE ||
           responses(d) > XENSTORE_RING_SIZE ||
           requests(d) > XENSTORE_RING_SIZE;
}
