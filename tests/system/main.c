/* SPDX-License-Identifier: MIT */
/*
 * The system tests: real cells in QEMU, used as a user uses them. Without
 * arguments all suites run; with arguments those whose names are given.
 *
 *   SYSTEM_VERBOSE=1  prints QEMU's command lines
 *   SYSTEM_KEEP=1     keeps the cells' directories
 *
 * Exit status 0: every check held.
 */
#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/system/http.h"
#include "tests/system/suites.h"

struct suite {
    const char *name;
    void (*add)(void);
};

static const struct suite suites[] = {
    {"boot", suite_boot},
    {"services", suite_services},
    {"conformance", suite_conformance},
    {"crash", suite_crash},
    {"hostile", suite_hostile},
    {"hostile_net", suite_hostile_net},
    {"capacity", suite_capacity},
    {"bundle", suite_bundle},
    {"iso", suite_iso},
    {"install", suite_install},
};

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc == 1;
}

static struct timespec test_started;

static void begun(const CU_pTest test, const CU_pSuite suite)
{
    clock_gettime(CLOCK_MONOTONIC, &test_started);
    printf("%s: %s ...", suite->pName, test->pName);
    fflush(stdout);
}

static void done(const CU_pTest test, const CU_pSuite suite,
                 const CU_pFailureRecord failure)
{
    struct timespec now;

    (void)test;
    (void)suite;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf(" %s (%ld s)\n", failure ? "FAILED" : "ok",
           now.tv_sec - test_started.tv_sec);
    for (CU_pFailureRecord f = failure; f; f = f->pNext)
        printf("    %s:%u: %s\n", f->strFileName, f->uiLineNumber,
               f->strCondition);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    unsigned run, failed;

    if (!http_init() || CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        if (wanted(suites[i].name, argc, argv))
            suites[i].add();
    CU_set_error_action(CUEA_IGNORE);
    CU_set_test_start_handler(begun);
    CU_set_test_complete_handler(done);
    CU_run_all_tests();
    run = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    printf("%u passed, %u failed\n", run - failed, failed);
    return failed || !run ? 1 : 0;
}
