/* SPDX-License-Identifier: MIT */
/*
 * The suites of the system tests; each adds itself to CUnit's registry. One
 * file each: test_NAME.c.
 */
#ifndef SYSTEM_SUITES_H
#define SYSTEM_SUITES_H

void suite_boot(void);
void suite_services(void);
void suite_conformance(void);
void suite_console(void);
void suite_crash(void);
void suite_hostile(void);
void suite_hostile_net(void);
void suite_capacity(void);
void suite_bundle(void);
void suite_iso(void);
void suite_install(void);
void suite_channel(void);
void suite_scree_life(void);
void suite_scree_store(void);
void suite_scree_wire(void);
void suite_scree_faults(void);
void suite_scree_recovery(void);
void suite_scree_apply(void);
void suite_scree_net(void);
void suite_scree_top(void);
void suite_scree_pebble(void);

#endif
