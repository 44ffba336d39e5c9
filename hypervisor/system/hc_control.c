/* SPDX-License-Identifier: MIT */
/*
 * scree_control: the control domain's hypercall (pv-abi/scree/control.h).
 */
#include "scree/control.h"
#include "system/hypercall.h"

int64_t hc_scree_control(struct vcpu *v, const struct hypercall *call)
{
    (void)call;
    return v->domain->id == 0 ? -XEN_ENOSYS : -XEN_EPERM;
}
