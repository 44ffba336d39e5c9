/* SPDX-License-Identifier: MIT */
/*
 * The store as a guest reaches it (ABI 1.1): XenStore's protocol and ring, from
 * Xen's public/io/xs_wire.h and nowhere else.
 *
 * Where info.features has SCREE_FEATURE_STORE, scree_vio(SCREE_VIO_OPEN,
 * SCREE_VIO_STORE, 0) maps a page with struct xenstore_domain_interface at
 * SCREE_STORE_PAGE, zeroed but for server_features
 * (XENSTORE_SERVER_FEATURE_ERROR), and returns XENSTORE_RING_SIZE;
 * SCREE_VIO_CLOSE unmaps it; SCREE_VIO_KICK is -XEN_EINVAL.
 *
 * The guest puts requests into req[], advances req_prod and sends to
 * SCREE_PORT_STORE (EVTCHNOP_send); so it does when it has taken responses out
 * of a full ring. The same port is raised when rsp_prod or req_cons has
 * advanced, or `error` has changed. The hypervisor keeps its own req_cons and
 * rsp_prod and never reads them back.
 *
 * When `error` becomes XENSTORE_ERROR_COMM the server has lost the connection's
 * state (requests, transactions, watches); XENSTORE_ERROR_RINGIDX: an index of
 * the guest's was nonsense. Either way: close, open and begin anew.
 */
#ifndef SCREE_STORE_H
#define SCREE_STORE_H

#include "scree/xen.h"

#include <xen/io/xs_wire.h>

#endif
