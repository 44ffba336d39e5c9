/* SPDX-License-Identifier: MIT */
/*
 * The system tests: real cells in QEMU, used as a user uses them. Without
 * arguments all suites run; with arguments those that are named, SUITE or
 * SUITE:PART-OF-A-TEST'S-NAME.
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

static void (*const suites[])(void) = {
    suite_boot,         suite_services,       suite_console,
    suite_crash,        suite_hostile,        suite_hostile_net,
    suite_capacity,     suite_bundle,         suite_conformance,
    suite_iso,          suite_install,        suite_channel,
    suite_scree_life,   suite_scree_store,    suite_scree_wire,
    suite_scree_faults, suite_scree_recovery, suite_scree_apply,
    suite_scree_net,    suite_scree_top,      suite_scree_pebble,
};

/* An argument is the name of a suite, or SUITE:TEXT for its tests that have
 * the text in their names. NULL: this one is not about the suite. */
static const char *text_of(const char *argument, const char *suite)
{
    size_t n = strlen(suite);

    if (strncmp(argument, suite, n))
        return NULL;
    if (argument[n] == ':')
        return argument + n + 1;
    return argument[n] ? NULL : "";
}

static void select_tests(CU_pSuite s, int argc, char **argv)
{
    for (CU_pTest t = s->pTest; t; t = t->pNext) {
        bool wanted = argc == 1;

        for (int i = 1; i < argc; i++) {
            const char *text = text_of(argv[i], s->pName);

            wanted |= text && strstr(t->pName, text);
        }
        if (!wanted)
            CU_set_test_active(t, CU_FALSE);
    }
}

static void select_suites(int argc, char **argv)
{
    for (CU_pSuite s = CU_get_registry()->pSuite; s; s = s->pNext) {
        bool wanted = argc == 1;

        for (int i = 1; i < argc; i++)
            wanted |= text_of(argv[i], s->pName) != NULL;
        if (wanted)
            select_tests(s, argc, argv);
        else
            CU_set_suite_active(s, CU_FALSE);
    }
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
    unsigned passed, failed;

    if (!http_init() || CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        suites[i]();
    select_suites(argc, argv);
    CU_set_fail_on_inactive(CU_FALSE);
    CU_set_error_action(CUEA_IGNORE);
    CU_set_test_start_handler(begun);
    CU_set_test_complete_handler(done);
    CU_run_all_tests();
    failed = CU_get_number_of_tests_failed();
    passed = CU_get_number_of_tests_run() - failed;
    failed += CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed ? 1 : 0;
}
