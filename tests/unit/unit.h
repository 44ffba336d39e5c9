/* SPDX-License-Identifier: MIT */
/*
 * What every unit test includes: CUnit, and how a file declares its suite.
 *
 *     static void counts_up(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *
 *     void suite_example(void)
 *     {
 *         static const struct unit_test tests[] = {
 *             {"counts up", counts_up},
 *         };
 *         UNIT_SUITE("example", tests);
 *     }
 *
 * and adds X(example) to the list in suites.h. A test that needs a cell makes
 * a world (world.h) and ends it.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <CUnit/CUnit.h>

#include "base/types.h"
#include "suites.h"

struct unit_test {
    const char *name;
    void (*run)(void);
};

void unit_suite(const char *name, const struct unit_test *tests, size_t n);

#define UNIT_SUITE(name, tests) unit_suite(name, tests, ARRAY_SIZE(tests))

/* A small generator of test data, the same in every run. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

#endif
