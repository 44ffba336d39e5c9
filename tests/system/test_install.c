/* SPDX-License-Identifier: MIT */
/*
 * make install DESTDIR=: everything lands below it, and what was installed
 * runs from there without the source tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/suites.h"

static bool installed(struct cell *c, const char *path)
{
    char full[CELL_PATH * 2];

    snprintf(full, sizeof(full), "%s/root/opt/scree/%s", c->dir, path);
    return access(full, R_OK) == 0;
}

static void test_install(void)
{
    struct cell_options o = {.domains = NULL};
    char destdir[CELL_PATH + 16], build[CELL_PATH + 16];
    struct cell c;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    snprintf(destdir, sizeof(destdir), "DESTDIR=%s/root", c.dir);
    snprintf(build, sizeof(build), "BUILD=%s", cell_build());
    unsetenv("MAKEFLAGS");
    unsetenv("MAKELEVEL");
    CHECK(
        cell_run(&c,
                 (const char *[]){"make", "install", destdir,
                                  "PREFIX=/opt/scree", build, "SETUP=no", NULL},
                 120) == 0);
    CHECK(installed(&c, "bin/scree-bundle"));
    CHECK(installed(&c, "bin/scree-run"));
    CHECK(installed(&c, "lib/scree/hypervisor/scree.elf"));
    CHECK(installed(&c, "lib/scree/guests/web.elf"));
    CHECK(installed(&c, "include/scree/hypercall.h"));
    if (CU_get_number_of_failures() > c.failures)
        (void)cell_output_has(&c, NULL);
    cell_stop(&c);
}

/* The installed scree-run boots the installed cell and ends by itself. */
static void test_run_installed(void)
{
    struct cell_options o = {.domains = NULL};
    char destdir[CELL_PATH + 16], build[CELL_PATH + 16], run[CELL_PATH + 64];
    struct cell c;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    snprintf(destdir, sizeof(destdir), "DESTDIR=%s/root", c.dir);
    snprintf(build, sizeof(build), "BUILD=%s", cell_build());
    snprintf(run, sizeof(run),
             "cd / && RUN_SECONDS=12 PORT=20080 "
             "%s/root/opt/scree/bin/scree-run",
             c.dir);
    CHECK(
        cell_run(&c,
                 (const char *[]){"make", "install", destdir,
                                  "PREFIX=/opt/scree", build, "SETUP=no", NULL},
                 120) == 0);
    (void)cell_run(&c, (const char *[]){"sh", "-c", run, NULL}, 40);
    CHECK(cell_output_has(&c, "domains running"));
    cell_stop(&c);
}

void suite_install(void)
{
    CU_pSuite s = CU_add_suite("install", NULL, NULL);

    CU_add_test(s, "make install puts everything below DESTDIR", test_install);
    CU_add_test(s, "what was installed runs", test_run_installed);
}
