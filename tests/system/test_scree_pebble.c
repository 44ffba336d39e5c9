/* SPDX-License-Identifier: MIT */
/*
 * How services on pebble end in a live cell: by themselves, when asked, by
 * their watchdog, or not at all while domain 0 is made anew.
 * tests/pebble/ends.c and store_user.c are the guests.
 */
#include <string.h>
#include <unistd.h>

#include "tests/system/scree.h"
#include "tests/system/suites.h"

static struct user u;

static int start(void)
{
    return scree_up(&u, "--memory 256M") ? 0 : 1;
}

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

static void test_codes(void)
{
    CHECK(user_run(&u, 20, "scree run --rm ends -- code=0") == 0);
    CHECK(user_run(&u, 20, "scree run --rm ends -- code=7") == 7);
    CHECK(user_run(&u, 20, "scree run --rm ends -- code=255") == 255);
}

static void test_asked(void)
{
    CHECK(user_ok(&u, "scree run -d --name asked ends -- asked=9"));
    CHECK(user_ok(&u, "scree run -d --name plain ends"));
    CHECK(scree_logged(&u, "asked", "ends: serves", 5));
    CHECK(scree_logged(&u, "plain", "ends: serves", 5));
    CHECK(user_ok(&u, "scree stop asked plain"));
    CHECK(scree_value(&u, "asked", "code") == 9);
    CHECK(scree_value(&u, "plain", "code") == 0);
    CHECK(scree_is(&u, "plain", "down", 2));
    CHECK(user_match(&u, JSON("reason", "poweroff"), NULL, 0));
    CHECK(scree_logged(&u, "asked", "ends: asked to", 2));
    CHECK(user_ok(&u, "scree rm asked plain"));
}

/* The smallest guest does so too, whatever was typed before. */
static void test_hello(void)
{
    long long wakeups;

    CHECK(user_ok(&u, "scree run -d --name hello hello"));
    CHECK(scree_logged(&u, "hello", "hello, I am hello", 5));
    CHECK(user_ok(&u, "printf abc | timeout 2 scree console hello; true"));
    wakeups = scree_value(&u, "hello", "wakeups");
    sleep(1);
    CHECK(scree_value(&u, "hello", "wakeups") == wakeups);
    CHECK(user_run(&u, 5, "scree stop hello") == 0);
    CHECK(scree_is(&u, "hello", "down", 2));
    CHECK(user_match(&u, JSON("reason", "poweroff"), NULL, 0));
    CHECK(user_ok(&u, "scree rm hello"));
}

/* One that is idle lives on, one that hangs does not. */
static void test_watchdog(void)
{
    CHECK(user_ok(&u, "scree run -d --name idle ends -- watchdog=1"));
    CHECK(user_run(&u, 20, "scree run --name hung ends -- hang=1 watchdog=1") ==
          142);
    CHECK(scree_is(&u, "hung", "down|crashed", 2));
    CHECK(user_match(&u, JSON("reason", "watchdog"), NULL, 0));
    sleep(3);
    CHECK(scree_is(&u, "idle", "ready", 2));
    CHECK(user_ok(&u, "scree rm --force idle hung"));
}

static void test_control_restarts(void)
{
    long long wakeups;

    CHECK(user_ok(&u, "scree run -d --name user store_user -- watch=data/w"));
    CHECK(scree_logged(&u, "user", "nothing there", 5));
    CHECK(user_ok(&u, "XENSTORED_PATH=$D/home/t/store.sock; "
                      "export XENSTORED_PATH; id=$(xenstore-list "
                      "/local/domain | tail -n 1); "
                      "xenstore-write /local/domain/$id/data/w one"));
    CHECK(scree_logged(&u, "user", "'one'", 5));
    CHECK(user_ok(&u, "XENSTORED_PATH=$D/home/t/store.sock "
                      "LD_LIBRARY_PATH=$S/lib $S/tests/libxenstore-client "
                      "control crash"));
    CHECK(user_until(&u, 20, "^written",
                     "XENSTORED_PATH=$D/home/t/store.sock; "
                     "export XENSTORED_PATH; id=$(xenstore-list "
                     "/local/domain | tail -n 1); xenstore-write "
                     "/local/domain/$id/data/w two && echo written"));
    CHECK(scree_logged(&u, "user", "'two'", 5)); /* the watch is set again */
    wakeups = scree_value(&u, "user", "wakeups");
    sleep(2);
    CHECK(scree_value(&u, "user", "wakeups") <= wakeups + 2); /* and sleeps */
    CHECK(user_ok(&u, "scree rm --force user"));
}

void suite_scree_pebble(void)
{
    CU_pSuite s = CU_add_suite("scree_pebble", start, stop);

    CU_add_test(s, "exit codes", test_codes);
    CU_add_test(s, "asked to end", test_asked);
    CU_add_test(s, "hello", test_hello);
    CU_add_test(s, "watchdog", test_watchdog);
    CU_add_test(s, "domain 0 is made anew", test_control_restarts);
}
