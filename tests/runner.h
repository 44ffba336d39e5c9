/* SPDX-License-Identifier: MIT */
/*
 * What the programs of tests on the host have for main(): runs the CUnit
 * suites that were added, or those whose name contains an argument. Prints each
 * failure, and each test with -v; the last line is "N passed, N failed". A test
 * that takes longer than two minutes ends the program.
 */
#ifndef TESTS_RUNNER_H
#define TESTS_RUNNER_H

/* `add` adds the suites. Returns the program's exit status. */
int runner_main(int argc, char **argv, void (*add)(void));

#endif
