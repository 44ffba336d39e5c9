/* SPDX-License-Identifier: MIT */
/*
 * The machine's private part of a vcpu, and the three modules that move it
 * into and out of the processor when a CPU changes its vcpu.
 */
#ifndef X86_VCPU_STATE_H
#define X86_VCPU_STATE_H

#include "machine/machine.h"

#define FPU_AREA_SIZE 832 /* FXSAVE image, XSAVE header, AVX */

struct segments {
    uint64_t fs_base, gs_base;
    union {
        struct {
            uint16_t ds, es, fs, gs;
        } selectors;
        uint64_t all_selectors;
    };
};

struct debug_state {
    uint64_t address[4];
    uint64_t dr6, dr7;
};

struct vcpu_private {
    uint8_t fpu[FPU_AREA_SIZE] __attribute__((aligned(64)));
    struct segments segments;
    struct debug_state debug;
    bool syscall_exit; /* the last exit lost RCX and R11 */
};

_Static_assert(sizeof(struct vcpu_private) <= MACHINE_VCPU_PRIVATE, "size");

static inline struct vcpu_private *vcpu_private(struct machine_vcpu *mv)
{
    return (struct vcpu_private *)(void *)mv->private_state;
}

/* A fresh FPU: FCW 0x37f, MXCSR 0x1f80, everything else initial. */
void fpu_init(uint8_t area[FPU_AREA_SIZE]);
void fpu_save(uint8_t area[FPU_AREA_SIZE]);
void fpu_load(uint8_t area[FPU_AREA_SIZE]);

void segments_save(struct segments *s);
/* `before` is what the processor has now; NULL: unknown. */
void segments_load(const struct segments *before, const struct segments *s);

#define DR7_ENABLES 0xffull /* L0, G0, ... */

void debug_init(struct debug_state *d);
void debug_arm(const struct debug_state *d);
void debug_disarm(void);

/* Nothing of a guest's is armed; then d is, if it has something to arm. */
static inline void debug_load(const struct debug_state *d)
{
    if (d->dr7 & DR7_ENABLES)
        debug_arm(d);
}
/* The reverse. */
static inline void debug_unload(const struct debug_state *d)
{
    if (d->dr7 & DR7_ENABLES)
        debug_disarm();
}
/* After a guest's #DB: moves DR6 to d and returns it. */
uint64_t debug_take_status(struct debug_state *d);

/* A context inside the return stub after the unmask is moved to where the
 * stub returns to (hypercall_page.S). */
void return_stub_finish(struct machine_vcpu *mv);
/* The fault is one the ABI wants reported otherwise (fault_fix.c). */
void fault_normalise(struct machine_vcpu *mv, struct vcpu_exit *e);
/* Reads present guest bytes; false: not all are mapped. */
must_check bool guest_peek(const struct machine_space *s, uint64_t address,
                           void *to, size_t n);

#endif
