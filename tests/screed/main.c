/* SPDX-License-Identifier: MIT */
/*
 * The tests of screed: its parts by themselves, then the daemon with a fake
 * cell.
 */
#include <signal.h>

#include "tests/runner.h"
#include "tests/screed/daemon.h"

static void add_suites(void)
{
    suite_parts();
    suite_life();
    suite_api();
    suite_store();
    suite_faults();
    suite_hostile();
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    return runner_main(argc, argv, add_suites);
}
