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
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/http.h"
#include "tests/system/suites.h"

struct suite {
    const char *name;
    void (*add)(void);
};

static const struct suite suites[] = {
    {"boot", suite_boot},
    {"services", suite_services},
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

int main(int argc, char **argv)
{
    unsigned run, failed;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!http_init() || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        if (wanted(suites[i].name, argc, argv))
            suites[i].add();
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    run = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    printf("system: %u passed, %u failed\n", run - failed, failed);
    return failed || !run ? 1 : 0;
}
