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
    s->ds = read_ds();
    s->es = read_es();
    s->fs = read_fs();
    s->gs = read_gs();
    s->fs_base = read_msr(MSR_FS_BASE);
    s->gs_base = read_msr(MSR_KERNEL_GS);
}

/* Selectors first: loading one sets its base, on some processors. */
void segments_load(const struct segments *s)
{
    if (s->ds | read_ds())
        write_ds(s->ds);
    if (s->es | read_es())
        write_es(s->es);
    if (s->fs | read_fs())
        write_fs(s->fs);
    if (s->gs | read_gs()) {
        swap_gs();
        write_gs(s->gs);
        swap_gs();
    }
    write_msr(MSR_FS_BASE, s->fs_base);
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
        own->fs = 0;
        own->fs_base = base.a;
    } else {
        own->gs = 0;
        own->gs_base = base.a;
    }
    if (loaded)
        segments_load(own);
    return 0;
}
