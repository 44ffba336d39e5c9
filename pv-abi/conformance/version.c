/* SPDX-License-Identifier: MIT */
/*
 * Conformance: versions (chapter 1) and the info page (chapter 5).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static uint64_t buffer[512];

static bool contains(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (; *text != 0; text++)
        if (strncmp(text, word, n) == 0)
            return true;
    return false;
}

static void versions(void)
{
    struct xen_feature_info features = {.submap_idx = 1, .submap = 0xffffffff};

    tap_is(rt_info()->abi_major, scree_image_note.note.abi_major,
           "ABI-VER-01 major version");
    tap_ok(rt_info()->abi_minor >= scree_image_note.note.abi_minor,
           "ABI-VER-01 minor version");
    tap_is(HYPERVISOR_xen_version(XENVER_version, NULL), 0x40011,
           "ABI-VER-02 Xen's interface 4.17");
    tap_is(HYPERVISOR_xen_version(XENVER_extraversion, buffer), 0,
           "ABI-VER-03 extraversion");
    tap_ok(strcmp((char *)buffer, ".scree") == 0, "ABI-VER-03 is .scree");
    tap_is(HYPERVISOR_xen_version(XENVER_capabilities, buffer), 0,
           "ABI-VER-04 capabilities");
    tap_ok(contains((char *)buffer, "scree-1.0-flat"),
           "ABI-VER-04 contain scree-1.0-flat");
    tap_is(HYPERVISOR_xen_version(XENVER_pagesize, NULL), SCREE_PAGE_SIZE,
           "ABI-VER-05 page size");
    tap_is(HYPERVISOR_xen_version(XENVER_get_features, &features), 0,
           "ABI-VER-06 get_features");
    tap_is(features.submap, 0, "ABI-VER-06 no features in submap 1");
    tap_is(HYPERVISOR_xen_version(XENVER_build_id, NULL), -XEN_ENOSYS,
           "ABI-VER-07 unknown command");
    tap_is(HYPERVISOR_xen_version(XENVER_extraversion, (void *)0x7000),
           -XEN_EFAULT, "ABI-VER-07 bad pointer");
}

static void identity(void)
{
    const struct scree_info *i = (const struct scree_info *)SCREE_INFO_PAGE;
    uint64_t known = SCREE_FEATURE_TSC | SCREE_FEATURE_NET |
                     SCREE_FEATURE_FILES | SCREE_FEATURE_CONTROL;
    bool files = i->features & SCREE_FEATURE_FILES;

    tap_ok(i->magic == SCREE_INFO_MAGIC, "ABI-INFO-01 magic");
    tap_ok(i->domain >= 1, "ABI-INFO-02 domain id");
    tap_ok((i->features & ~known) == 0 || i->abi_minor > 0,
           "ABI-INFO-03 features of 1.0");
    tap_ok(i->generation != 0, "ABI-INFO-04 generation");
    tap_is((int64_t)i->memory_start, SCREE_IMAGE_BASE,
           "ABI-INFO-05 memory_start");
    tap_ok(i->memory_end > i->image_end && i->memory_end % 4096 == 0,
           "ABI-INFO-05 memory_end");
    tap_ok(i->image_end % 4096 == 0, "ABI-INFO-06 image_end");
    tap_ok(files ? i->files_size > 0 && i->files_start >= i->memory_end
                 : i->files_start == 0 && i->files_size == 0,
           "ABI-INFO-07 files");
    tap_ok(i->wall_clock_ns > 1577836800ull * RT_SECOND,
           "ABI-INFO-08 the clock is later than 2020");
    tap_ok(i->created_ns > 0 && i->created_ns < rt_now(),
           "ABI-INFO-09 created before now");
    tap_ok(strlen(i->name) > 0 && strlen(i->name) < SCREE_NAME_MAX,
           "ABI-INFO-12 name");
    tap_ok(strlen(i->cmdline) < SCREE_CMDLINE_MAX, "ABI-INFO-12 cmdline");
}

static void seeds(void)
{
    const volatile uint64_t *s = rt_info()->seed;
    bool none = (s[0] | s[1] | s[2] | s[3]) == 0;

    tap_ok(none || (s[0] != s[1] && s[1] != s[2] && s[2] != s[3]),
           "ABI-INFO-10 seed");
}

static void network(void)
{
    const struct scree_info *i = (const struct scree_info *)SCREE_INFO_PAGE;

    if (!(i->features & SCREE_FEATURE_NET)) {
        tap_is(i->ipv4, 0, "ABI-INFO-11 no network, no address");
        return;
    }
    tap_ok(i->ipv4 != 0 && i->prefix <= 32 && i->mtu == 1500,
           "ABI-INFO-11 addresses");
    tap_ok((i->mac[0] & 3) == 2, "ABI-INFO-11 a local unicast MAC");
}

static void reserved(void)
{
    const struct scree_info *i = (const struct scree_info *)SCREE_INFO_PAGE;
    const char *rest = (const char *)(i + 1);
    bool zero = i->reserved0 == 0 && i->ipv6_prefix == 0;

    for (unsigned n = 0; n < sizeof(i->ipv6); n++)
        zero = zero && i->ipv6[n] == 0 && i->ipv6_gateway[n] == 0;
    for (unsigned n = 0; n < sizeof(i->reserved1); n++)
        zero = zero && i->reserved1[n] == 0;
    tap_ok(zero, "ABI-INFO-13 reserved fields read 0");
    for (; rest < (const char *)SCREE_INFO_PAGE + SCREE_PAGE_SIZE; rest++)
        zero = zero && *rest == 0;
    tap_ok(zero, "ABI-INFO-13 the rest of the page reads 0");
}

int guest_main(void)
{
    versions();
    identity();
    seeds();
    network();
    reserved();
    return tap_done();
}
