/* SPDX-License-Identifier: MIT */
/* Cells that misbehave, disks that are full, places that cannot be used. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/screed/daemon.h"

static bool output_has(const struct daemon *d, const char *text)
{
    char path[128], output[8192] = "";
    bool found;
    FILE *f;

    snprintf(path, sizeof(path), "%s/output", d->home);
    f = fopen(path, "r");
    if (f)
        (void)!fread(output, 1, sizeof(output) - 1, f);
    if (f)
        fclose(f);
    unlink(path);
    found = strstr(output, text) != NULL;
    if (!found)
        printf("no '%s' in: %s\n", text, output);
    return found;
}

static bool wait_up(struct daemon *d)
{
    for (int i = 0; i < 1000; i++) {
        if (daemon_is_up(d))
            return true;
        usleep(10000);
    }
    return false;
}

static void rubbish_between_frames_is_skipped(void)
{
    struct daemon d;

    daemon_begin(&d);
    for (int i = 0; i < 20; i++)
        CU_ASSERT(daemon_ok(&d,
                            "{'op':'run','domain':{'image':'%s','cmdline':"
                            "'noise say=x'}}",
                            d.image));
    daemon_end(&d);
}

static void the_channel_is_lost_in_a_run(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "other", "", ""));
    CU_ASSERT(daemon_refused(&d, "cell-down",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'cmdline':'hangup'}}",
                             d.image));
    CU_ASSERT(wait_up(&d));
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    CU_ASSERT(daemon_is(&d, "other", "phase", "ready"));
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    daemon_end(&d);
}

static void domain_0_begins_anew_in_a_run(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "other", "", ",'restart':'always'"));
    CU_ASSERT(daemon_refused(&d, "cell-down",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'cmdline':'rebirth'}}",
                             d.image));
    CU_ASSERT(wait_up(&d));
    CU_ASSERT(daemon_is(&d, "other", "phase", "ready"));
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    daemon_end(&d);
}

static void no_memory_leaves_nothing(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_refused(&d, "no-memory",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'cmdline':'full','forwards':[{'host':18996,"
                             "'guest':80}]}}",
                             d.image));
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    CU_ASSERT(
        daemon_run(&d, "b", "", ",'forwards':[{'host':18996,'guest':80}]"));
    daemon_end(&d);
}

static void a_cell_that_is_silent_is_a_timeout(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_refused(&d, "timeout",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'cmdline':'silent'}}",
                             d.image));
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    daemon_end(&d);
}

/* What was given up, and is done all the same, is taken back. */
static void a_run_that_is_done_too_late_leaves_nothing(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_refused(&d, "timeout",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'cmdline':'mute'}}",
                             d.image));
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    usleep(100000);
    CU_ASSERT(daemon_run(&d, "a", "", "")); /* the cell has no other 'a' */
    daemon_end(&d);
}

/* The limit on files stands for a disk that is full. */
static void a_full_disk_costs_lines_only(void)
{
    struct rlimit old, r;
    struct daemon d;

    daemon_home(&d);
    getrlimit(RLIMIT_FSIZE, &old);
    r = old;
    r.rlim_cur = 300000; /* the boot bundle fits */
    setrlimit(RLIMIT_FSIZE, &r);
    CU_ASSERT_FATAL(daemon_start(&d));
    setrlimit(RLIMIT_FSIZE, &old);
    daemon_kill(&d, SIGTERM);
    CU_ASSERT_FATAL(daemon_start(&d));
    daemon_end(&d);
}

static void logs_are_bounded(void)
{
    char path[256];
    struct daemon d;
    struct stat st;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "loud", "flood=60000", ""));
    usleep(500000);
    daemon_path(&d, "logs/loud.log", path);
    CU_ASSERT(!stat(path, &st) && st.st_size < 1200000);
    daemon_path(&d, "logs/loud.log.1", path);
    CU_ASSERT(!stat(path, &st) && st.st_size < 1200000);
    CU_ASSERT(daemon_ok(&d, "{'op':'logs','name':'loud','tail':10}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'loud','force':true}"));
    CU_ASSERT(stat(path, &st) != 0);
    daemon_end(&d);
}

static void a_log_that_cannot_be_written_is_said_once(void)
{
    char path[256], *text;
    struct daemon d;

    daemon_begin(&d);
    daemon_path(&d, "logs/full.log", path);
    CU_ASSERT(!symlink("/dev/full", path));
    CU_ASSERT(daemon_run(&d, "full", "flood=5000", ""));
    CU_ASSERT(daemon_run(&d, "other", "say=hello", ""));
    usleep(300000);
    CU_ASSERT(daemon_ok(&d, "{'op':'logs','name':'full','tail':1}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    text = daemon_file(&d, "screed.log");
    CU_ASSERT(strstr(text, "cannot write logs/full.log") != NULL);
    free(text);
    daemon_end(&d);
}

static void refused(struct daemon *d, const char *text)
{
    daemon_spawn(d);
    CU_ASSERT_EQUAL(daemon_wait(d), 1);
    CU_ASSERT(output_has(d, text));
}

static void bad_places_are_refused(void)
{
    char deep[200];
    struct daemon d;

    daemon_home(&d);
    setenv("SCREE_HOME", "/proc/nothing", 1);
    refused(&d, "cannot make the directory");
    snprintf(deep, sizeof(deep), "%s/%0100d", d.home, 7);
    setenv("SCREE_HOME", deep, 1);
    refused(&d, "too long for sockets");
    setenv("SCREE_HOME", d.home, 1);
    setenv("SCREE_LIB", "/nowhere", 1);
    refused(&d, "SCREE_LIB");
    daemon_end(&d);
}

static void put_file(struct daemon *d, const char *name, const char *text)
{
    char path[256];
    FILE *f;

    daemon_path(d, "", path);
    mkdir(path, 0700);
    daemon_path(d, name, path);
    f = fopen(path, "w");
    CU_ASSERT_FATAL(f != NULL);
    fputs(text, f);
    fclose(f);
}

static void bad_options_are_refused(void)
{
    static const char *const options[][2] = {
        {"{", "not a JSON object"},
        {"{\"cpus\":0}", "at least 1 CPU"},
        {"{\"cpus\":\"1\"}", "whole number"},
        {"{\"memory\":1}", "at least 1 CPU, 64M"},
        {"{\"net\":\"wire\"}", "it wants user, tap:INTERFACE"},
        {"{\"net\":\"tap:\"}", "it wants user, tap:INTERFACE"},
        {"{\"net\":\"tap:nosuch0\"}", "ip tuntap add dev nosuch0 mode tap"},
        {"{\"net\":\"bridge:nosuch1\"}", "ip link add nosuch1 type bridge"},
        {"{\"cidr\":\"10.0.0.1/8\"}", "host part 0"},
        {"{\"cidr\":\"10.0.0.0/24\",\"gateway\":\"10.0.1.1\"}", "not a host"},
        {"{\"accel\":\"warp\"}", "auto, kvm or tcg"},
        {"{\"metrics\":\"here\"}", "ADDRESS:PORT"},
        {"{\"store\":{\"colour\":1}}", "unknown field"},
        {"{\"colour\":1}", "unknown field"},
    };
    struct daemon d;

    daemon_home(&d);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        put_file(&d, "cell.json", options[i][0]);
        refused(&d, options[i][1]);
    }
    daemon_end(&d);
}

static void damaged_definitions_are_refused(void)
{
    struct daemon d;

    daemon_home(&d);
    put_file(&d, "state.conf", "[domain a]\nimage = x\nweight = heavy\n");
    refused(&d, "state.conf:3");
    put_file(&d, "state.conf", "");
    put_file(&d, "state.7",
             "[domain a]\nimage = sha256:x\n# end\n[domain b]\n");
    CU_ASSERT(daemon_start(&d)); /* what was being written is left out */
    daemon_end(&d);
}

/* More than a cell.conf may have. */
static void many_definitions_are_read(void)
{
    char path[256];
    struct daemon d;
    FILE *f;

    daemon_home(&d);
    put_file(&d, "state.conf", "");
    daemon_path(&d, "state.conf", path);
    f = fopen(path, "w");
    for (int i = 0; i < 60000; i++)
        fprintf(f,
                "[domain d-%d]\nimage = sha256:%064d\naddress = none\n"
                "source-image = /a/long/path/that/makes/the/file/long/enough/"
                "to/have/more/than/sixteen/megabytes/of/text/in/all/%0120d\n\n",
                i, 1, i);
    fclose(f);
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_is(&d, "d-59999", "phase", "down"));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'d-59999'}"));
    daemon_end(&d);
}

static void a_cell_that_does_not_start_says_why(void)
{
    struct daemon d;

    daemon_home(&d);
    setenv("FAKE_CELL_REFUSES", "1", 1);
    refused(&d, "refuses, as asked for");
    unsetenv("FAKE_CELL_REFUSES");
    setenv("SCREE_QEMU", "/nowhere/qemu", 1);
    refused(&d, "install qemu-system-x86");
    daemon_end(&d);
}

static void there_is_one_screed(void)
{
    struct daemon d, other;

    daemon_begin(&d);
    other = d;
    refused(&other, "has its screed already");
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    daemon_end(&d);
}

void suite_faults(void)
{
    CU_pSuite s = CU_add_suite("faults", NULL, NULL);

    CU_ADD_TEST(s, rubbish_between_frames_is_skipped);
    CU_ADD_TEST(s, the_channel_is_lost_in_a_run);
    CU_ADD_TEST(s, domain_0_begins_anew_in_a_run);
    CU_ADD_TEST(s, no_memory_leaves_nothing);
    CU_ADD_TEST(s, a_cell_that_is_silent_is_a_timeout);
    CU_ADD_TEST(s, a_run_that_is_done_too_late_leaves_nothing);
    CU_ADD_TEST(s, a_full_disk_costs_lines_only);
    CU_ADD_TEST(s, logs_are_bounded);
    CU_ADD_TEST(s, a_log_that_cannot_be_written_is_said_once);
    CU_ADD_TEST(s, bad_places_are_refused);
    CU_ADD_TEST(s, bad_options_are_refused);
    CU_ADD_TEST(s, damaged_definitions_are_refused);
    CU_ADD_TEST(s, many_definitions_are_read);
    CU_ADD_TEST(s, a_cell_that_does_not_start_says_why);
    CU_ADD_TEST(s, there_is_one_screed);
}
