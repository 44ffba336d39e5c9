/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: words separated by blanks, `name=value`.
 *
 *   panic=halt|reboot|poweroff  after a panic; reboot is the default
 *   end=stay|poweroff           when no domain is left; stay is the default
 *   domains=N                   room for N domains; by default one for every
 *                               128 KiB of memory, at most 65,536
 *   virtio_mmio=0xADDRESS:GSI   a virtio-mmio window to look for a NIC in; also
 *                               Linux's virtio_mmio.device=SIZE@ADDRESS:GSI
 *   spec=off                    no barriers between domains (machine/x86)
 *   unsafe=meltdown             start on a processor that leaks (machine/x86)
 *   test=panic                  panic at the end of start-up
 *
 * What is not understood is reported and ignored.
 */
#ifndef SYSTEM_OPTIONS_H
#define SYSTEM_OPTIONS_H

#include "io/uplink.h"
#include "machine/machine.h"

struct cell;

#define OPTION_WORD_MAX 96

struct options {
    enum machine_stop_kind panic;
    bool poweroff_at_end;
    bool test_panic;
    uint32_t domains; /* 0: by memory */
    struct uplink_options uplink;
    /* words that nobody understood, for the report */
    char unknown[4][OPTION_WORD_MAX];
    unsigned unknown_count; /* may be larger than the array */
};

void options_parse(struct options *o, const char *cmdline);
/* A line for each word that was not understood. */
void options_report(const struct options *o, struct cell *cell);

#endif
