/* SPDX-License-Identifier: MIT */
/*
 * The tests of screed: its parts by themselves, then the daemon with a fake
 * cell. Runs every suite, or those that are named; prints each failure, and
 * each test with -v; the last line is "N passed, N failed".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/screed/daemon.h"

#define LONGEST 120 /* seconds a test may take */

static bool verbose;
static const char *current;

static void too_long(int number)
{
    (void)number;
    (void)!write(1, current, strlen(current));
    (void)!write(1, ": takes too long\n0 passed, 1 failed\n", 36);
    _exit(3);
}

static void begun(const CU_pTest test, const CU_pSuite suite)
{
    if (verbose)
        printf("%s: %s\n", suite->pName, test->pName);
    fflush(stdout);
    current = test->pName;
    alarm(LONGEST);
}

static void done(const CU_pTest test, const CU_pSuite suite,
                 const CU_pFailureRecord failure)
{
    if (failure)
        printf("FAILED %s: %s\n", suite->pName, test->pName);
    for (CU_pFailureRecord f = failure; f; f = f->pNext)
        printf("    %s:%u: %s\n", f->strFileName, f->uiLineNumber,
               f->strCondition);
    fflush(stdout);
}

static void select_suites(int argc, char **argv)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            verbose = true;
        else
            any = true;
    }
    for (CU_pSuite s = CU_get_registry()->pSuite; any && s; s = s->pNext) {
        bool wanted = false;

        for (int i = 1; i < argc; i++)
            wanted |= !strcmp(argv[i], s->pName);
        CU_set_suite_active(s, wanted ? CU_TRUE : CU_FALSE);
    }
}

int main(int argc, char **argv)
{
    unsigned run, failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    suite_parts();
    suite_life();
    suite_api();
    suite_store();
    suite_faults();
    suite_hostile();
    select_suites(argc, argv);
    signal(SIGALRM, too_long);
    signal(SIGPIPE, SIG_IGN);
    CU_set_error_action(CUEA_IGNORE);
    CU_set_fail_on_inactive(CU_FALSE);
    CU_set_test_start_handler(begun);
    CU_set_test_complete_handler(done);
    CU_run_all_tests();
    run = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    printf("%u passed, %u failed\n", run - failed, failed);
    return failed ? 1 : 0;
}
