/* SPDX-License-Identifier: MIT */
/*
 * Upcalls: how events and faults enter a flat guest.
 *
 * Both push one struct scree_frame and jump to a registered handler. No other
 * register is touched: handlers save what they use (rflags are in the frame;
 * on entry DF, TF, AC and NT are clear). FPU state is the interrupted code's.
 *
 * Events  (callback_op, CALLBACKTYPE_event): when evtchn_upcall_pending is set
 *   and evtchn_upcall_mask is 0, the hypervisor sets the mask to 1 and pushes
 *   the frame below the 128-byte red zone of the interrupted stack:
 *   frame address = frame.rsp - 128 - sizeof(struct scree_frame).
 * Faults  (set_trap_table, one handler per vector): the frame is pushed at the
 *   top of the stack given to stack_switch(size, top). If rsp already lies in
 *   [top - size, top], or no stack was given, below the red zone of the
 *   interrupted stack, so that faults nest. trap_info.flags bit 2 sets
 *   evtchn_upcall_mask to 1 on entry. Without a handler the domain crashes.
 * A frame that cannot be written crashes the domain.
 *
 * To return, restore every register, point rsp at the frame and jump to
 * SCREE_RETURN (unmasks events) or SCREE_RETURN_KEEP. Both write the 24 bytes
 * below the frame, frame.rip, and the 16 bytes just below frame.rsp - 128,
 * which are inside the frame when it was pushed there. A frame that the guest
 * made itself must not overlap those 16 with its first 24 bytes or the 24
 * bytes below it.
 * Thread switching is returning through another frame.
 */
#ifndef SCREE_UPCALL_H
#define SCREE_UPCALL_H

#include <stdint.h>

#define SCREE_RED_ZONE 128

struct scree_frame {
    uint64_t rip;
    uint64_t rflags;
    uint64_t rsp;
    /* bits 0..31: the processor's error code or 0; 32..63: SCREE_VECTOR() */
    uint64_t error;
    uint64_t cr2; /* #PF: the address; #DB: what DR6 said; else 0 */
};

#define SCREE_FRAME_VECTOR(error) ((uint32_t)((error) >> 32))
#define SCREE_VECTOR_EVENT        0xf3 /* frame of an event upcall */
#define SCREE_TRAPS               32   /* vectors 0..31 can have a handler */
#define SCREE_TRAP_MASK_EVENTS    4    /* trap_info.flags */

#endif
