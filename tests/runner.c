/* SPDX-License-Identifier: MIT */
/* One run of CUnit, and what is printed of it. See runner.h. */
#include "tests/runner.h"

#include <CUnit/CUnit.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONGEST 120 /* seconds a test may take */

static bool verbose;
static const char *current;

/* A test that hangs must not hang whoever runs the tests. */
static void too_long(int signal)
{
    (void)signal;
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

/* Keeps only the suites whose name contains one of the arguments. */
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
            wanted |= argv[i][0] != '-' && strstr(s->pName, argv[i]);
        if (!wanted)
            CU_set_suite_active(s, CU_FALSE);
    }
}

static int run(int argc, char **argv)
{
    unsigned failed;

    select_suites(argc, argv);
    signal(SIGALRM, too_long);
    CU_set_error_action(CUEA_IGNORE);
    CU_set_fail_on_inactive(CU_FALSE);
    CU_set_test_start_handler(begun);
    CU_set_test_complete_handler(done);
    CU_run_all_tests();
    failed = CU_get_number_of_tests_failed();
    printf("%u passed, %u failed\n", CU_get_number_of_tests_run() - failed,
           failed);
    return failed ? 1 : 0;
}

int runner_main(int argc, char **argv, void (*add)(void))
{
    int status;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    add();
    status = run(argc, argv);
    CU_cleanup_registry();
    return status;
}
