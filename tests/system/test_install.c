/* SPDX-License-Identifier: MIT */
/*
 * make install DESTDIR=: everything lands below it, and what was installed
 * runs from there without the source tree.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
    char destdir[CELL_PATH + 16], build[CELL_PATH + 16],
        run[3 * CELL_PATH + 128];
    struct cell c;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    snprintf(destdir, sizeof(destdir), "DESTDIR=%s/root", c.dir);
    snprintf(build, sizeof(build), "BUILD=%s", cell_build());
    snprintf(run, sizeof(run),
             "cd / && SCREE_HOME=%s/home RUN_SECONDS=6 PORT=20080 "
             "%s/root/opt/scree/bin/scree-run && ! ls %s/home/*",
             c.dir, c.dir, c.dir);
    CHECK(
        cell_run(&c,
                 (const char *[]){"make", "install", destdir,
                                  "PREFIX=/opt/scree", build, "SETUP=no", NULL},
                 120) == 0);
    CHECK(cell_run(&c, (const char *[]){"sh", "-c", run, NULL}, 40) == 0);
    CHECK(cell_output_has(&c, "[web] web: 3 files on"));
    if (CU_get_number_of_failures() > c.failures)
        (void)cell_output_has(&c, NULL);
    cell_stop(&c);
}

/* Starts scree-run from the build, as leader of a group of its own, with its
 * output in DIR/output. */
static pid_t start_run(const struct cell *c)
{
    char output[CELL_PATH + 16];
    pid_t pid;

    snprintf(output, sizeof(output), "%s/output", c->dir);
    pid = fork();
    if (pid)
        return pid;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL); /* ignored where the tests run in the background */
    if (!freopen(output, "w", stdout) || dup2(1, 2) < 0)
        _exit(127);
    setenv("SCREE_LIB", cell_build(), 1);
    snprintf(output, sizeof(output), "%s/bin", cell_build());
    setenv("SCREE_BIN", output, 1);
    snprintf(output, sizeof(output), "%s/home", c->dir);
    setenv("SCREE_HOME", output, 1);
    setenv("CELL", "cells/services.conf", 1);
    setenv("PORT", "20180", 1);
    execl("tools/run/scree-run", "scree-run", (char *)NULL);
    _exit(127);
}

static bool output_within(struct cell *c, const char *text, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 10; i++) {
        if (cell_output_has(c, text))
            return true;
        usleep(100000);
    }
    return false;
}

static bool ends_within(pid_t pid, unsigned seconds)
{
    int status;

    for (unsigned i = 0; i < seconds * 10; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return true;
        usleep(100000);
    }
    return false;
}

/* Is there anything below the cells' directory? */
static bool cells_left(struct cell *c)
{
    char command[CELL_PATH + 32];

    snprintf(command, sizeof(command), "ls %s/home/*", c->dir);
    return cell_run(c, (const char *[]){"sh", "-c", command, NULL}, 5) == 0;
}

/* A terminal's Ctrl-C goes to the whole group; the cell is not in it, and is
 * ended all the same. */
static void test_interrupt(void)
{
    struct cell_options o = {.domains = NULL};
    struct cell c;
    pid_t pid;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    pid = start_run(&c);
    CHECK(output_within(&c, "[web] web: 3 files on", 20));
    CHECK(kill(-pid, 0) == 0);
    kill(-pid, SIGINT);
    CHECK(ends_within(pid, 10));
    usleep(300000);
    CHECK(kill(-pid, 0) < 0);
    kill(-pid, SIGKILL);
    CHECK(!cells_left(&c));
    if (CU_get_number_of_failures() > c.failures)
        (void)cell_output_has(&c, NULL);
    cell_stop(&c);
}

void suite_install(void)
{
    CU_pSuite s = CU_add_suite("install", NULL, NULL);

    CU_add_test(s, "make install puts everything below DESTDIR", test_install);
    CU_add_test(s, "what was installed runs", test_run_installed);
    CU_add_test(s, "Ctrl-C leaves nothing behind", test_interrupt);
}
