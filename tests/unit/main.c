/* SPDX-License-Identifier: MIT */
/* The unit tests; the list of suites is suites.h. */
#include "tests/runner.h"
#include "unit.h"

void unit_suite(const char *name, const struct unit_test *tests, size_t n)
{
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);

    for (size_t i = 0; i < n; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
}

static void add_suites(void)
{
#define ADD(name) suite_##name();
    SUITES(ADD)
}

int main(int argc, char **argv)
{
    return runner_main(argc, argv, add_suites);
}
