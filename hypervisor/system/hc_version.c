/* SPDX-License-Identifier: MIT */
/*
 * xen_version: which interface this is. ABI-VER in docs/abi.md.
 */
#include "base/string.h"
#include "system/hypercall.h"

static int64_t extraversion(struct vcpu *v, uint64_t to)
{
    static const xen_extraversion_t text = ".scree";

    return copy_out(v, to, text, sizeof(text));
}

/* 1,024 bytes in Xen's struct: written in pieces. */
static int64_t capabilities(struct vcpu *v, uint64_t to)
{
    char piece[128] = "scree-1.0-flat";
    int result = check_out(v, to, sizeof(xen_capabilities_info_t));

    for (size_t at = 0; !result && at < sizeof(xen_capabilities_info_t);
         at += sizeof(piece)) {
        result = copy_out(v, to + at, piece, sizeof(piece));
        memset(piece, 0, sizeof(piece));
    }
    return result;
}

/* No bit of Xen's means anything here: info.features has scree's. */
static int64_t features(struct vcpu *v, uint64_t at)
{
    struct xen_feature_info info;
    int result = copy_in(v, &info, at, sizeof(info));

    if (result)
        return result;
    info.submap = 0;
    return copy_out(v, at, &info, sizeof(info));
}

int64_t hc_xen_version(struct vcpu *v, const struct hypercall *call)
{
    switch ((uint32_t)call->a[0]) {
    case XENVER_version:
        return SCREE_XEN_VERSION;
    case XENVER_extraversion:
        return extraversion(v, call->a[1]);
    case XENVER_capabilities:
        return capabilities(v, call->a[1]);
    case XENVER_get_features:
        return features(v, call->a[1]);
    case XENVER_pagesize:
        return PAGE_SIZE;
    default:
        return -XEN_ENOSYS;
    }
}
