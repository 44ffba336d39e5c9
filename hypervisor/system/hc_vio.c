/* SPDX-License-Identifier: MIT */
/*
 * scree_vio: the arguments of io/vio. ABI-VIO in docs/abi.md.
 */
#include "io/vio.h"
#include "system/hypercall.h"

int64_t hc_scree_vio(struct vcpu *v, const struct hypercall *call)
{
    return vio_op(v->domain, (uint32_t)call->a[0], (uint32_t)call->a[1],
                  call->a[2]);
}
