/* SPDX-License-Identifier: MIT */
/*
 * Cells described by a file: apply, export, and many domains at once. One cell
 * of 512 MiB for the whole suite.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/scree.h"
#include "tests/system/suites.h"

#define MANY          1000
#define CHURN         10000
#define CHURN_LEAST   2000 /* where time does not allow more */
#define CHURN_BATCH   50
#define CHURN_SECONDS 60
#define CHURN_REST    30 /* of it, for what follows the first third */

static struct user u;
static struct api api;

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

/* $D/NAME with the text; $S is replaced by the shell. */
static void put(const char *name, const char *text)
{
    CHECK(user_ok(&u, "cat >$D/%s <<END\n%sEND\n", name, text));
}

#define HELLO "image = $S/guests/hello.elf\n"
#define LIFE  "image = $S/guests/life.elf\ncmdline = polite\n"
#define WEB   "image = $S/guests/web.elf\nfiles = $S/site\n"

#define FIRST                                                                  \
    "[domain a]\n" LIFE "weight = 100\nlabel = tier=front\n"                   \
    "restart = on-failure:3\n"                                                 \
    "[domain b]\n" HELLO "count = 3\n"                                         \
    "[domain c]\n" WEB "forward = 18933:80\naddress = 10.4.5.6\n"

static int start(void)
{
    if (!scree_up(&u, "--memory 512M --cidr 10.0.0.0/8"))
        return 1;
    put("first.conf", FIRST);
    return 0;
}

/* ---------------------------------------------------------------- apply */

static void test_dry_run(void)
{
    CHECK(user_ok(&u, "scree apply --dry-run $D/first.conf"));
    CHECK(user_says(&u, "a") && user_says(&u, "b-3"));
    CHECK(user_match(&u, "creat|new|\\+", NULL, 0));
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(!user_match(&u, JSON("name", ".*"), NULL, 0));
}

static void test_apply(void)
{
    CHECK(user_ok(&u, "scree apply $D/first.conf"));
    CHECK(scree_is(&u, "a", "ready", 10));
    CHECK(user_number(&u, "weight") == 100);
    CHECK(user_match(&u, JSON("restart", "on-failure:3"), NULL, 0));
    CHECK(user_match(&u, JSON("tier", "front"), NULL, 0));
    for (unsigned i = 1; i <= 3; i++) {
        char name[8];

        snprintf(name, sizeof(name), "b-%u", i);
        CHECK(scree_is(&u, name, "ready", 10));
    }
    CHECK(scree_is(&u, "c", "ready", 10));
    CHECK(user_match(&u, JSON("address", "10.4.5.6"), NULL, 0));
    CHECK(scree_http(18933, 10));
}

static void test_again(void)
{
    long long a = scree_value(&u, "a", "id"), b = scree_value(&u, "b-2", "id");

    CHECK(user_ok(&u, "scree apply $D/first.conf"));
    CHECK(scree_value(&u, "a", "id") == a);
    CHECK(scree_value(&u, "b-2", "id") == b);
    CHECK(scree_http(18933, 5));
}

/* What can change while a domain lives, changes so. */
static void test_change(void)
{
    long long a = scree_value(&u, "a", "id"), c = scree_value(&u, "c", "id");

    CHECK(user_ok(&u, "sed 's/weight = 100/weight = 400/' $D/first.conf "
                      ">$D/second.conf"));
    CHECK(user_ok(&u, "scree apply --dry-run $D/second.conf"));
    CHECK(user_says(&u, "weight"));
    CHECK(scree_value(&u, "a", "weight") == 100);
    CHECK(user_ok(&u, "scree apply $D/second.conf"));
    CHECK(scree_value(&u, "a", "weight") == 400);
    CHECK(scree_value(&u, "a", "id") == a);
    CHECK(scree_value(&u, "c", "id") == c);
}

/* What cannot, is made anew. */
static void test_replace(void)
{
    long long b = scree_value(&u, "b-1", "id"), c = scree_value(&u, "c", "id");

    CHECK(user_ok(&u, "sed 's/hello.elf/typed.elf/' $D/second.conf "
                      ">$D/third.conf"));
    CHECK(user_ok(&u, "scree apply $D/third.conf"));
    CHECK(scree_logged(&u, "b-1", "the other half", 10));
    CHECK(scree_value(&u, "b-1", "id") != b);
    CHECK(scree_value(&u, "c", "id") == c);
}

static void test_removal(void)
{
    put("fourth.conf", "[domain a]\n" LIFE "weight = 400\n"
                       "label = tier=front\nrestart = on-failure:3\n");
    CHECK(user_ok(&u, "scree run -d --name by-hand hello"));
    CHECK(user_ok(&u, "scree apply $D/fourth.conf"));
    CHECK(user_ok(&u, "scree ls by-hand b-1 c"));
    CHECK(user_ok(&u, "scree apply --prune --dry-run $D/fourth.conf"));
    CHECK(user_match(&u, "^- *(b-1|c)", NULL, 0));
    CHECK(user_ok(&u, "scree ls by-hand b-1 c"));
    CHECK(user_ok(&u, "scree apply --prune $D/fourth.conf"));
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(user_match(&u, JSON("name", "a"), NULL, 0));
    CHECK(!user_match(&u, JSON("name", "(b-1|c|by-hand)"), NULL, 0));
    CHECK(user_ok(&u, "scree rm --force '*'"));
}

static void test_round_trip(void)
{
    CHECK(user_ok(&u, "scree apply $D/first.conf"));
    CHECK(user_ok(&u, "scree set a weight=321"));
    CHECK(user_ok(&u, "scree export >$D/export.conf"));
    CHECK(user_ok(&u, "cat $D/export.conf"));
    CHECK(user_match(&u, "^weight *= *321", NULL, 0));
    CHECK(user_ok(&u, "scree apply --dry-run $D/export.conf"));
    CHECK(!user_match(&u, "(create|remove|replace) ", NULL, 0));
    CHECK(user_ok(&u, "scree rm --force '*'"));
    CHECK(user_ok(&u, "scree apply $D/export.conf"));
    CHECK(user_ok(&u, "scree export >$D/export2.conf"));
    CHECK(user_ok(&u, "diff $D/export.conf $D/export2.conf"));
    CHECK(scree_value(&u, "a", "weight") == 321);
    CHECK(scree_http(18933, 10));
}

/* -------------------------------------------------------- bad files */

static void test_bad_files(void)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"[domain x]\n" HELLO "[domain x]\n" HELLO, "x"},
        {"[domain x]\n" HELLO "address = 10.0.0.9\n"
         "[domain y]\n" HELLO "address = 10.0.0.9\n",
         "bad.conf:4"},
        {"[domain x]\n" HELLO "address = 99.0.0.9\n", "bad.conf:1"},
        {"[domain x]\n" HELLO "forward = 18955:80\n"
         "[domain y]\n" HELLO "forward = 18955:80\n",
         "bad.conf:4"},
        {"[domain x]\n" HELLO "colour = red\n", "colour"},
        {"[domain x]\n" HELLO "memory = 2T\n", "2T"},
        {"[domain x]\n" HELLO "restart = sometimes\n", "sometimes"},
        {"[domain x]\nimage = nowhere.elf\n", "nowhere.elf"},
        {"[domain x]\nimage = /etc/passwd\n", "passwd"},
        {"[domain x]\n" HELLO "[domain y\n", ":3"},
        {"[domain x]\n" HELLO "weigh", ":3"},
        {"[domain x]\nweight = 5\n", "image"},
        {"[domain x]\n" HELLO "memory = 64G\n", "memory"},
    };

    CHECK(user_ok(&u, "scree ls --json | grep -c '\"serial\"'"));
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put("bad.conf", bad[i].text);
        CHECK(user_run(&u, 10, "scree apply $D/bad.conf") > 0);
        if (!CHECK(user_says(&u, bad[i].says)))
            printf(" [%u: %s]", i, u.text);
        CHECK(user_ok(&u, "scree ls --json"));
        CHECK(user_match(&u, JSON("name", "a"), NULL, 0));
        CHECK(!user_match(&u, JSON("name", "[xy]"), NULL, 0));
    }
    CHECK(user_run(&u, 10, "scree apply $D/nothing.conf") > 0);
    CHECK(user_says(&u, "nothing.conf"));
    CHECK(user_run(&u, 10,
                   "head -c 3000 /dev/urandom >$D/bad.conf; "
                   "scree apply $D/bad.conf") > 0);
    CHECK(scree_http(18933, 5));
    CHECK(user_ok(&u, "scree rm --force '*'"));
}

/* The file of the boot bundle serves, too. */
static void test_shipped_file(void)
{
    CHECK(user_ok(&u, "scree apply --port 18940 cells/services.conf || "
                      "scree apply --port 18940 "
                      "$S/../cells/services.conf"));
    CHECK(scree_http(18941, 10));
    CHECK(user_ok(&u, "scree rm --force '*'"));
}

/* ------------------------------------------------------------- many */

static void come_and_go(void)
{
    CHECK(user_run(&u, 60, "scree apply $D/many.conf >$D/many.out 2>&1") == 0);
    CHECK(user_ok(&u, "scree ls | grep -c 'm-[0-9]'"));
    CHECK(atoi(u.text) == MANY);
    CHECK(user_until(&u, 20, "^1000$", "scree ls | grep -c 'm-[0-9]*.*ready'"));
    CHECK(user_ok(&u, "scree ls -l kind=many 'm-99?' --json"));
    CHECK(user_match(&u, JSON("name", "m-999"), NULL, 0));
    CHECK(!user_match(&u, JSON("name", "m-99"), NULL, 0));
    CHECK(scree_logged(&u, "m-1000", "hello, I am m-1000", 10));
    CHECK(user_ok(&u, "scree store ls /local/domain | wc -l"));
    CHECK(atoi(u.text) >= MANY);
    CHECK(user_run(&u, 60, "scree rm --force -l kind=many >$D/many.out 2>&1") ==
          0);
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(!user_says(&u, "m-"));
}

/* The first time may leave the hypervisor's heap a frame larger. */
static void test_thousand(void)
{
    long long frames;

    put("many.conf", "[domain m]\n" HELLO "count = 1000\nlabel = kind=many\n");
    CHECK(user_ok(&u, "scree run -d --name seed hello"));
    CHECK(user_ok(&u, "scree rm --force seed"));
    come_and_go();
    frames = scree_cell_value(&u, "frames_available");
    come_and_go();
    CHECK(scree_frames_back(&u, frames));
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CHURN_BATCH domains made and removed, pipelined. */
static bool churn(const char *image, unsigned from)
{
    const char *error = NULL;

    for (unsigned i = 0; i < CHURN_BATCH; i++)
        (void)api_say(&api,
                      "{\"id\":1,\"op\":\"run\",\"domain\":{\"name\":\"c-%u\","
                      "\"image\":\"%s\"}}",
                      from + i, image);
    for (unsigned i = 0; i < CHURN_BATCH; i++)
        (void)api_say(&api,
                      "{\"id\":2,\"op\":\"rm\",\"name\":\"c-%u\","
                      "\"force\":true}",
                      from + i);
    for (unsigned i = 0; i < 2 * CHURN_BATCH && !error; i++)
        error = api_error(&api);
    if (error)
        printf(" [%s]", error);
    return !error;
}

struct held {
    long long available, free; /* frames: free falls when domain 0 grows */
    long rss;
};

static struct held hold(void)
{
    struct held h;

    usleep(500000);
    h.available = scree_cell_value(&u, "frames_available");
    h.free = user_number(&u, "frames_free");
    h.rss = scree_rss(scree_pid(&u, "screed.pid"));
    return h;
}

static void check_held(const struct held *a, const struct held *b)
{
    printf(" [frames %+lld free %+lld, screed %+ld KiB of %ld]",
           b->available - a->available, b->free - a->free, b->rss - a->rss,
           b->rss);
    CHECK(a->rss > 0 && a->free > 0);
    CHECK(b->available == a->available);
    CHECK(b->free >= a->free - 4);
    CHECK(b->rss <= a->rss + 256);
}

/* As many as time allows, in thirds: after the first, nothing grows. */
static void test_churn(void)
{
    struct held first, last;
    char image[128] = "";
    double end = seconds() + CHURN_SECONDS;
    unsigned done = 0, third = CHURN / 3;

    CHECK(user_ok(&u, "scree run -d --name seed hello"));
    CHECK(user_ok(&u, "scree inspect seed --json"));
    CHECK(user_match(&u, JSON("image", "(sha256:[0-9a-f]*)"), image, 128));
    CHECK(user_ok(&u, "scree rm --force seed"));
    if (!api_open(&api, &u))
        return;
    while (done < third && seconds() < end - CHURN_REST) {
        if (!CHECK(churn(image, done)))
            return api_close(&api);
        done += CHURN_BATCH;
    }
    first = hold();
    while (done < CHURN && seconds() < end) {
        if (!CHECK(churn(image, done)))
            return api_close(&api);
        done += CHURN_BATCH;
    }
    last = hold();
    printf(" [%u in %.0f s]", done, seconds() - end + CHURN_SECONDS);
    CHECK(done >= CHURN_LEAST);
    check_held(&first, &last);
    api_close(&api);
    CHECK(user_ok(&u, "ls $D/home/t/logs | wc -l"));
    CHECK(atoi(u.text) < 100);
}

void suite_scree_apply(void)
{
    CU_pSuite s = CU_add_suite("scree_apply", start, stop);

    CU_add_test(s, "--dry-run does nothing", test_dry_run);
    CU_add_test(s, "a file is applied", test_apply);
    CU_add_test(s, "and applied again: nothing changes", test_again);
    CU_add_test(s, "a weight changes in place", test_change);
    CU_add_test(s, "another image makes it anew", test_replace);
    CU_add_test(s, "what is gone from the file goes", test_removal);
    CU_add_test(s, "export and back", test_round_trip);
    CU_add_test(s, "bad files do nothing", test_bad_files);
    CU_add_test(s, "the shipped file", test_shipped_file);
    CU_add_test(s, "1,000 domains", test_thousand);
    CU_add_test(s, "10,000 come and go, nothing grows", test_churn);
}
