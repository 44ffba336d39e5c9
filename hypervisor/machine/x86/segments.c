/* SPDX-License-Identifier: MIT */
/*
 * Data selectors and FS/GS bases of a vcpu. A guest may load selectors itself,
 * which changes bases, so both are read back. In the hypervisor the guest's
 * GS base is in MSR_KERNEL_GS. CS and SS are always the same two.
 */
#include "machine/x86/vcpu_state.h"

#include "scree/xen.h"

#include "machine/x86/asm.h"
#include "machine/x86/percpu.h"

void segments_save(struct segments *s)
{
    s->selectors.ds = read_ds();
    s->selectors.es = read_es();
    s->selectors.fs = read_fs();
    s->selectors.gs = read_gs();
    s->fs_base = read_msr(MSR_FS_BASE);
    s->gs_base = read_msr(MSR_KERNEL_GS);
}

static void load_selectors(const struct segments *s)
{
    write_ds(s->selectors.ds);
    write_es(s->selectors.es);
    write_fs(s->selectors.fs);
    swap_gs();
    write_gs(s->selectors.gs);
    swap_gs();
}

/* Selectors first: loading one sets its base, on some processors. */
void segments_load(const struct segments *before, const struct segments *s)
{
    bool null = before && (before->all_selectors | s->all_selectors) == 0;

    if (!null)
        load_selectors(s);
    if (!null || before->fs_base != s->fs_base)
        write_msr(MSR_FS_BASE, s->fs_base);
    if (!null || before->gs_base != s->gs_base)
        write_msr(MSR_KERNEL_GS, s->gs_base);
}

int machine_set_segment_base(struct machine_vcpu *mv, enum machine_segment s,
                             gva_t base)
{
    struct segments *own = &vcpu_private(mv)->segments;
    bool loaded = this_cpu()->loaded == mv;

    if (base.a >= SCREE_GUEST_END)
        return -XEN_EINVAL;
    if (loaded)
        segments_save(own);
    if (s == SEGMENT_FS) {
        own->selectors.fs = 0;
        own->fs_base = base.a;
    } else {
        own->selectors.gs = 0;
        own->gs_base = base.a;
    }
    if (loaded)
        segments_load(NULL, own);
    return 0;
}
