/* SPDX-License-Identifier: MIT */
/*
 * A real cell as an operator starts one: writes a cell.conf into a directory of
 * its own, compiles the bundle with scree-bundle, boots QEMU. When a check
 * failed since cell_start(), cell_stop() prints the end of the console.
 *
 * In the text of domains, $B stands for the build directory and $D for the
 * cell's own directory, which holds www/ (see cell.c).
 */
#ifndef SYSTEM_CELL_H
#define SYSTEM_CELL_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/system/qemu.h"

/* Like CU_ASSERT, but says whether it held. In the start and stop of a suite,
 * where CUnit knows no checks, it prints and is counted. */
#define CHECK(x) cell_check(x, #x, __FILE__, __LINE__)
bool cell_check(bool good, const char *what, const char *file, unsigned line);
/* How many failed in the start and stop of suites, since the last call. */
unsigned cell_failed_outside(void);

#define CELL_PATH 512

/* Sections that most cells want. */
#define CELL_WEB                                                               \
    "[domain web]\nimage = $B/guests/web.elf\nfiles = $D/www\n"                \
    "address = 10.0.0.2\n"
#define CELL_WEB_ADDRESS "10.0.0.2"

struct cell_options {
    const char *machine, *cpu; /* as in struct qemu_options */
    unsigned cpus, memory_mib;
    const char *cmdline; /* of the hypervisor, or NULL */
    const char *domains; /* sections of cell.conf; NULL: no bundle */
    struct forward forwards[QEMU_FORWARDS];
    unsigned forward_count;
};

struct cell {
    struct qemu *qemu;
    char dir[CELL_PATH];
    struct qemu_options q; /* q.forwards[i].host: the ports */
    unsigned failures;     /* CUnit's count at the start */
    uint16_t web;          /* the host port of web, or 0 */
    char kernel[CELL_PATH], bundle[CELL_PATH + 16];
};

/* Where the program was built: the directory above its own. */
const char *cell_build(void);

/* Makes c->dir with www/ and, if o->domains, cell.conf and cell.bundle. */
bool cell_prepare(struct cell *c, const struct cell_options *o);
/* Boots what cell_prepare() made. */
bool cell_boot(struct cell *c);
/* Both. With CELL_WEB among the domains, c->web reaches it. */
bool cell_start(struct cell *c, const struct cell_options *o);
/* Ends QEMU and removes the directory. Safe after a failed start. */
void cell_stop(struct cell *c);

/* Waits until web answers. */
bool cell_web_up(struct cell *c);

/* Runs a program with its output in DIR/output; its exit status, or -1 after
 * `seconds`. argv is NULL-terminated. */
int cell_run(struct cell *c, const char *const *argv, unsigned seconds);
/* Does DIR/output contain the text? */
bool cell_output_has(struct cell *c, const char *text);

/* --------------------------------------- what the console says */

/* The start of a line that domain `name` prints. */
#define CELL_SAYS(name) "^\\[" name "\\] "

/* A TAP report of one domain. */
struct tap {
    unsigned ok, failed, points; /* points: as planned, 0: no plan seen */
};
/* Waits for the end of it; prints every "not ok". */
bool cell_tap(struct cell *c, size_t from, const char *name, unsigned seconds,
              struct tap *t);

/* Frames available after domain `name` was created, or was gone, the first
 * time after `from`. False: the cell did not say so in time. */
bool cell_created(struct cell *c, size_t from, const char *name,
                  unsigned seconds, uint64_t *frames);
bool cell_gone(struct cell *c, size_t from, const char *name, unsigned seconds,
               uint64_t *frames);

#endif
