/* SPDX-License-Identifier: MIT */
/*
 * The one door to Xen's public headers.
 *
 * scree takes numbers, structs and names from Xen 4.17's public headers
 * (Debian: libxen-dev) and never retypes them. This file sets the interface
 * version they are read at and includes those that a flat guest may meet.
 */
#ifndef SCREE_XEN_H
#define SCREE_XEN_H

#include <stddef.h>
#include <stdint.h>

#define __XEN_INTERFACE_VERSION__ 0x00040e00

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* Xen's errno values as XEN_EPERM, XEN_EFAULT, ...: results are negative. */
#include <xen/errno.h>

#endif
