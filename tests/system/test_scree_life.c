/* SPDX-License-Identifier: MIT */
/*
 * The life of domains by the `scree` command, as a user types it: run, look,
 * attach, stop, remove. One cell for the whole suite; tests/guests/life.c is
 * the guest that does as it is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/scree.h"
#include "tests/system/suites.h"

static struct user u;
static struct terminal terminal;

static int start(void)
{
    return scree_up(&u, "--memory 256M") ? 0 : 1;
}

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

/* ------------------------------------------------------------ the cell */

static bool is_private(const char *name, mode_t mode)
{
    char path[2 * USER_PATH];
    struct stat s;

    snprintf(path, sizeof(path), "%s/home/t/%s", u.dir, name);
    return stat(path, &s) == 0 && (s.st_mode & 07777) == mode;
}

static void test_cell(void)
{
    CHECK(user_ok(&u, "scree cells"));
    CHECK(user_match(&u, "(^|[^a-z])t([^a-z]|$)", NULL, 0));
    CHECK(user_ok(&u, "scree version"));
    CHECK(user_match(&u, "[0-9]+\\.[0-9]+", NULL, 0));
    CHECK(user_ok(&u, "scree inspect --cell --json"));
    CHECK(user_match(&u, JSON("store_socket", "[^\"]*/t/store.sock"), NULL, 0));
    CHECK(user_match(&u, JSON("api_socket", "[^\"]*/t/api.sock"), NULL, 0));
    CHECK(user_match(&u, JSON("metrics", "http[^\"]*"), NULL, 0));
    CHECK(user_number(&u, "frames_available") > 1000);
    CHECK(user_ok(&u, "scree inspect --cell"));
    CHECK(user_ok(&u, "scree inspect --cell t --json"));
    CHECK(user_ok(&u, "scree up --name t --memory 256M"));
    CHECK(user_ok(&u, "SCREE_CELL=t scree ls"));
    CHECK(user_ok(&u, "scree ls --cell t"));
}

static void test_private(void)
{
    CHECK(is_private("", 0700));
    CHECK(is_private("api.sock", 0600));
    CHECK(is_private("store.sock", 0600));
    CHECK(is_private("channel.sock", 0600) || is_private("channel.sock", 0700));
}

/* ----------------------------------------------------------- run and look */

static void test_web(void)
{
    uint16_t port = net_free_port(false);
    char address[32] = "";

    CHECK(user_ok(&u,
                  "scree run -d --name web -p %u:80 -l tier=front "
                  "--files $S/site web",
                  port));
    CHECK(scree_http(port, 5));
    CHECK(user_until(&u, 5, "web.*ready", "scree ls"));
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(user_match(&u, JSON("name", "web"), NULL, 0));
    CHECK(scree_is(&u, "web", "ready", 5));
    CHECK(user_match(&u, JSON("address", "([0-9.]+)"), address, 32));
    CHECK(!strncmp(address, "10.0.0.", 7));
    CHECK(user_number(&u, "frames") > 0);
    CHECK(user_number(&u, "hypercalls") > 0);
    CHECK(user_ok(&u, "scree inspect web"));
    CHECK(user_says(&u, address));
    CHECK(user_ok(&u, "scree pause web"));
    CHECK(scree_is(&u, "web", "paused", 2));
    CHECK(http_try(port, "/", 500) == 0);
    CHECK(user_ok(&u, "scree resume web"));
    CHECK(scree_http(port, 10));
    CHECK(user_refused(&u, 1, "web", "scree resume web"));
    CHECK(user_ok(&u, "scree rm --force web"));
    CHECK(http_try(port, "/", 300) == 0);
    CHECK(user_refused(&u, 3, "no domain", "scree inspect web"));
}

static void test_attached(void)
{
    CHECK(user_run(&u, 20, "scree run --rm --name a life -- code=7") == 7);
    CHECK(user_says(&u, "life: begin"));
    CHECK(user_says(&u, "life: ends with 7"));
    CHECK(user_refused(&u, 3, "no domain", "scree inspect a"));
    CHECK(user_ok(&u, "scree run --rm life -- say=200"));
    CHECK(user_says(&u, "life: line 1\n") || user_says(&u, "life: line 1\r\n"));
    CHECK(user_says(&u, "life: line 200"));
    CHECK(user_ok(&u, "scree run --name kept life"));
    CHECK(scree_is(&u, "kept", "down", 2));
    CHECK(user_ok(&u, "scree rm kept"));
}

/* Leaves by Ctrl-]: the domain goes on. */
static void test_terminal(void)
{
    if (!terminal_exists() ||
        !terminal_start(&terminal, &u, "scree run --name talk typed"))
        return;
    CHECK(terminal_shows(&terminal, "the other half", 10));
    CHECK(terminal_type(&terminal, "hello there\r"));
    CHECK(terminal_shows(&terminal, "typed: hello there", 5));
    CHECK(terminal_type(&terminal, "\x1d"));
    CHECK(terminal_end(&terminal, 5) == 0);
    CHECK(scree_is(&u, "talk", "ready", 2));
    if (!terminal_start(&terminal, &u, "scree console talk"))
        return;
    usleep(300000);
    CHECK(terminal_type(&terminal, "again\r"));
    CHECK(terminal_shows(&terminal, "typed: again", 5));
    CHECK(terminal_type(&terminal, "\x1d"));
    CHECK(terminal_end(&terminal, 5) == 0);
    CHECK(user_ok(&u, "scree logs talk"));
    CHECK(user_says(&u, "typed: hello there"));
    CHECK(user_says(&u, "typed: again"));
    CHECK(user_ok(&u, "scree rm --force talk"));
}

/* Are lines and echo the terminal's own again? */
static bool terminal_is_sane(void)
{
    struct termios mode;

    return tcgetattr(terminal.fd, &mode) == 0 && mode.c_lflag & ICANON &&
           mode.c_lflag & ECHO && mode.c_lflag & ISIG;
}

/* Ctrl-C asks; once more kills. */
static void test_terminal_interrupts(void)
{
    if (!terminal_exists())
        return;
    if (!terminal_start(&terminal, &u,
                        "scree run --rm life -- polite code=5; "
                        "echo ended with $?; sleep 5"))
        return;
    CHECK(terminal_shows(&terminal, "life: begin", 10));
    CHECK(terminal_type(&terminal, "\x03"));
    CHECK(terminal_shows(&terminal, "ended with 5", 5));
    CHECK(terminal_is_sane());
    CHECK(terminal_type(&terminal, "\x03"));
    (void)terminal_end(&terminal, 0);
    if (!terminal_start(&terminal, &u,
                        "scree run --rm life -- deaf; "
                        "echo ended with $?; sleep 5"))
        return;
    CHECK(terminal_shows(&terminal, "life: begin", 10));
    CHECK(terminal_type(&terminal, "\x03"));
    CHECK(terminal_shows(&terminal, "asked to stop", 5));
    CHECK(terminal_type(&terminal, "\x03"));
    CHECK(terminal_shows(&terminal, "ended with 137", 5));
    CHECK(terminal_is_sane());
    CHECK(terminal_type(&terminal, "\x03"));
    (void)terminal_end(&terminal, 0);
}

/* What a guest prints does not reach the terminal as it is: it could retitle
 * it, or type. */
static void test_terminal_is_safe(void)
{
    CHECK(user_ok(&u, "scree run -d --name safe typed"));
    CHECK(scree_logged(&u, "safe", "escape: .*mine", 5));
    CHECK(!user_says(&u, "\x1b[2J"));
    CHECK(!user_says(&u, "\x1b]0;"));
    CHECK(user_ok(&u, "scree rm --force safe"));
}

static void test_input_from_a_pipe(void)
{
    CHECK(user_ok(&u, "scree run -d --name pipe typed"));
    CHECK(scree_logged(&u, "pipe", "the other half", 10));
    (void)user_run(&u, 3, "(printf 'piped\\n'; sleep 1) | scree console pipe");
    CHECK(scree_logged(&u, "pipe", "typed: piped", 5));
    CHECK(user_ok(&u, "scree rm --force pipe"));
}

/* ---------------------------------------------------------------- logs */

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; (text = strstr(text, "life: ")); text++)
        n++;
    return n;
}

static void test_logs(void)
{
    pid_t follower;
    long now;

    CHECK(user_ok(&u, "scree run -d --name log life -- say=5 ticks=300"));
    CHECK(scree_logged(&u, "log", "life: tick 2", 10));
    CHECK(user_says(&u, "life: line 5"));
    CHECK(user_ok(&u, "scree logs --tail 2 log"));
    CHECK(count_lines(u.text) == 2);
    follower = user_start(&u, "follow", "scree logs -f --tail 1 log");
    now = (long)time(NULL) + 1;
    sleep(2);
    CHECK(user_ok(&u, "scree logs --since %ld log", now));
    CHECK(user_says(&u, "life: tick"));
    CHECK(!user_says(&u, "life: line 5"));
    CHECK(user_ok(&u, "scree logs --since 1s log"));
    CHECK(!user_says(&u, "life: line 5"));
    CHECK(user_ok(&u, "scree stop log"));
    /* it ends with its domain's life, or stays: both are followed */
    (void)user_join(follower, 2);
    (void)user_file(&u, "follow");
    CHECK(count_lines(u.text) >= 4);
    CHECK(user_says(&u, "life: asked to end"));
    CHECK(!user_says(&u, "life: line 5"));
    CHECK(user_ok(&u, "scree logs log"));
    CHECK(user_ok(&u, "scree rm log"));
    CHECK(user_refused(&u, 3, "no", "scree logs log"));
}

/* ---------------------------------------------------------------- ends */

static void test_stop(void)
{
    time_t from;

    CHECK(user_ok(&u, "scree run -d --name polite life -- polite code=3"));
    CHECK(scree_is(&u, "polite", "ready", 5));
    CHECK(user_refused(&u, 1, "", "scree rm polite"));
    from = time(NULL);
    CHECK(user_ok(&u, "scree stop polite"));
    CHECK(time(NULL) - from < 6);
    CHECK(scree_is(&u, "polite", "down", 2));
    CHECK(user_number(&u, "code") == 3);
    CHECK(user_match(&u, JSON("reason", "poweroff"), NULL, 0));
    CHECK(scree_logged(&u, "polite", "asked to end, 0", 2));
    CHECK(user_ok(&u, "scree rm polite"));
}

static void test_stop_deaf(void)
{
    time_t from;

    CHECK(user_ok(&u, "scree run -d --name deaf life -- deaf"));
    CHECK(scree_is(&u, "deaf", "ready", 5));
    from = time(NULL);
    CHECK(user_ok(&u, "scree stop --time 1 deaf"));
    CHECK(time(NULL) - from >= 1 && time(NULL) - from < 6);
    CHECK(scree_is(&u, "deaf", "down", 2));
    CHECK(user_match(&u, JSON("reason", "killed"), NULL, 0));
    CHECK(user_ok(&u, "scree start deaf"));
    CHECK(scree_is(&u, "deaf", "ready", 5));
    CHECK(user_ok(&u, "scree kill deaf"));
    CHECK(scree_is(&u, "deaf", "down", 5));
    CHECK(user_refused(&u, 1, "deaf", "scree kill deaf"));
    CHECK(user_ok(&u, "scree rm deaf"));
}

/* All at once: it takes as long as the slowest. */
static void test_stop_many(void)
{
    time_t from;

    CHECK(user_ok(&u, "for i in 1 2 3 4 5 6; do scree run -d --name many-$i "
                      "life -- deaf; done"));
    from = time(NULL);
    CHECK(user_ok(&u, "scree stop --time 1 'many-*'"));
    CHECK(time(NULL) - from < 4);
    CHECK(user_ok(&u, "scree rm 'many-*'"));
}

static void test_wait(void)
{
    pid_t waiter;

    CHECK(user_ok(&u, "scree run -d --name w life -- delay=1500 code=9"));
    waiter = user_start(&u, "wait", "scree wait w");
    CHECK(user_join(waiter, 10) == 0);
    (void)user_file(&u, "wait");
    CHECK(user_match(&u, "^9$", NULL, 0));
    CHECK(user_ok(&u, "scree wait w"));
    CHECK(user_match(&u, "^9$", NULL, 0));
    CHECK(user_ok(&u, "scree rm w"));
}

static void test_remove_by_itself(void)
{
    CHECK(user_ok(&u, "scree run -d --rm --name brief life -- delay=200"));
    CHECK(user_until(&u, 10, "no domain", "scree inspect brief"));
    CHECK(user_ok(&u, "scree run -d --rm --name brief life -- polite"));
    CHECK(user_ok(&u, "scree stop brief"));
    CHECK(user_until(&u, 5, "no domain", "scree inspect brief"));
}

static void test_frames_come_back(void)
{
    long long frames;

    CHECK(user_ok(&u, "scree run --rm life"));
    frames = scree_cell_value(&u, "frames_available");
    CHECK(frames > 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK(user_ok(&u, "scree run --rm -m 8M life"));
    CHECK(user_ok(&u, "scree run -d --name f -m 16M life -- deaf"));
    CHECK(scree_cell_value(&u, "frames_available") <= frames - 4096);
    CHECK(user_ok(&u, "scree rm --force f"));
    CHECK(scree_frames_back(&u, frames));
}

/* ------------------------------------------------------ set and choose */

static void test_set(void)
{
    CHECK(user_ok(&u, "scree run -d --name s --weight 100 life -- polite"));
    CHECK(scree_value(&u, "s", "weight") == 100);
    CHECK(user_ok(&u, "scree set s weight=512"));
    CHECK(scree_value(&u, "s", "weight") == 512);
    CHECK(user_ok(&u, "scree set s restart=always"));
    CHECK(user_ok(&u, "scree inspect s --json"));
    CHECK(user_match(&u, JSON("restart", "always"), NULL, 0));
    CHECK(user_refused(&u, 2, "weight", "scree set s weight=0"));
    CHECK(user_refused(&u, 2, "weight", "scree set s weight=70000"));
    CHECK(user_run(&u, 10, "scree set s colour=red") > 0);
    CHECK(user_ok(&u, "scree rm --force s"));
}

static void test_labels_and_globs(void)
{
    for (unsigned i = 1; i <= 3; i++)
        CHECK(user_ok(&u,
                      "scree run -d --name g-%u -l tier=%s -l n=%u life "
                      "-- polite",
                      i, i < 3 ? "front" : "back", i));
    CHECK(user_ok(&u, "scree ls -l tier=front"));
    CHECK(user_says(&u, "g-1") && user_says(&u, "g-2"));
    CHECK(!user_says(&u, "g-3"));
    CHECK(user_ok(&u, "scree ls -l tier=front -l n=2 --json"));
    CHECK(user_says(&u, "g-2") && !user_says(&u, "g-1"));
    CHECK(user_ok(&u, "scree ls 'g-[13]'"));
    CHECK(user_says(&u, "g-3") && !user_says(&u, "g-2"));
    CHECK(user_ok(&u, "scree pause -l tier=front"));
    CHECK(scree_is(&u, "g-1", "paused", 2));
    CHECK(scree_is(&u, "g-2", "paused", 2));
    CHECK(scree_is(&u, "g-3", "ready", 2));
    CHECK(user_ok(&u, "scree resume 'g-?' -l tier=front") ||
          user_ok(&u, "scree resume -l tier=front"));
    CHECK(user_ok(&u, "scree stop g-1 g-2"));
    CHECK(user_refused(&u, 3, "nobody", "scree rm g-1 nobody g-2"));
    CHECK(user_ok(&u, "scree ls"));
    CHECK(!user_says(&u, "g-1") && !user_says(&u, "g-2"));
    CHECK(user_ok(&u, "scree rm --force 'g-*'"));
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(!user_says(&u, "g-3"));
}

/* ------------------------------------------------------------ policies */

static void test_on_failure(void)
{
    CHECK(user_ok(&u, "scree run -d --name r --restart on-failure:2 life -- "
                      "delay=100 code=5"));
    CHECK(scree_is(&u, "r", "down|crashed", 15));
    CHECK(user_number(&u, "restarts") == 2);
    CHECK(user_number(&u, "code") == 5);
    CHECK(user_ok(&u, "scree rm r"));
    CHECK(user_ok(&u, "scree run -d --name r --restart on-failure life -- "
                      "delay=100"));
    CHECK(scree_is(&u, "r", "down", 10));
    CHECK(user_number(&u, "restarts") == 0);
    CHECK(user_ok(&u, "scree rm r"));
}

static void test_always(void)
{
    CHECK(user_ok(&u, "scree run -d --name r --restart always life -- "
                      "delay=50"));
    CHECK(scree_is(&u, "r", "backoff", 15));
    CHECK(user_until(&u, 15, "\"restarts\":[[:space:]]*[3-9]",
                     "scree inspect r --json"));
    CHECK(user_until(&u, 10, "r .*(backing off|backoff).*[0-9]", "scree ls"));
    CHECK(user_ok(&u, "scree stop r"));
    CHECK(scree_is(&u, "r", "down", 2));
    sleep(1);
    CHECK(scree_is(&u, "r", "down", 1));
    CHECK(user_ok(&u, "scree rm r"));
}

static void test_unless_stopped(void)
{
    CHECK(user_ok(&u, "scree run -d --name r --restart unless-stopped life "
                      "-- delay=700 code=1"));
    CHECK(user_until(&u, 15, "\"restarts\":[[:space:]]*[1-9]",
                     "scree inspect r --json"));
    CHECK(user_ok(&u, "scree stop --time 1 r"));
    CHECK(scree_is(&u, "r", "down", 5));
    CHECK(user_ok(&u, "scree rm r"));
}

static void test_watchdog(void)
{
    CHECK(user_ok(&u, "scree run -d --name dog --restart on-failure life -- "
                      "watchdog=3"));
    CHECK(scree_is(&u, "dog", "unhealthy", 10));
    CHECK(user_until(&u, 10, "\"restarts\":[[:space:]]*[1-9]",
                     "scree inspect dog --json"));
    CHECK(user_match(&u, JSON("reason", "watchdog"), NULL, 0));
    CHECK(user_ok(&u, "scree events"));
    CHECK(user_match(&u, "dog.*watchdog|watchdog.*dog", NULL, 0));
    CHECK(user_ok(&u, "scree rm --force dog"));
}

static void test_crash(void)
{
    CHECK(user_ok(&u, "scree run -d --name bad life -- crash"));
    CHECK(scree_is(&u, "bad", "crashed", 10));
    CHECK(user_match(&u, JSON("reason", "crash"), NULL, 0));
    CHECK(user_ok(&u, "scree ls"));
    CHECK(user_match(&u, "bad.*crash", NULL, 0));
    CHECK(user_ok(&u, "scree rm bad"));
    CHECK(user_run(&u, 10, "scree run --rm life -- crash") > 0);
}

static void test_preserve(void)
{
    CHECK(user_ok(&u, "scree run -d --name kept --on-crash preserve "
                      "--restart always life -- crash"));
    CHECK(scree_is(&u, "kept", "crashed", 10));
    CHECK(user_number(&u, "frames") > 0);
    CHECK(user_ok(&u, "scree rm --force kept"));
}

/* -------------------------------------------------------------- events */

static void test_events(void)
{
    pid_t follower = user_start(&u, "events", "scree events -f");

    usleep(500000);
    CHECK(user_ok(&u, "scree run --name ev life -- code=4"
                      " || test $? -eq 4"));
    CHECK(user_ok(&u, "scree rm ev"));
    CHECK(user_ok(&u, "scree events --since 10m"));
    CHECK(user_match(&u, "created.*ev|ev.*created", NULL, 0));
    CHECK(user_match(&u, "removed.*ev|ev.*removed", NULL, 0));
    (void)user_join(follower, 1);
    (void)user_file(&u, "events");
    CHECK(user_match(&u, "created.*ev|ev.*created", NULL, 0));
    CHECK(user_match(&u, "ended.*ev.*4|ev.*ended.*4", NULL, 0));
    CHECK(user_match(&u, "removed.*ev|ev.*removed", NULL, 0));
}

/* -------------------------------------------------------------- images */

static void test_images(void)
{
    char digest[128] = "";

    CHECK(user_ok(&u, "scree run -d --name img hello"));
    CHECK(user_ok(&u, "scree image ls --json"));
    CHECK(user_match(&u, "\"(sha256:[0-9a-f]{64})\"", digest, 128));
    CHECK(user_ok(&u, "scree image ls"));
    CHECK(user_says(&u, "hello"));
    CHECK(user_ok(&u, "scree inspect img --json"));
    CHECK(user_match(&u, JSON("image", "(sha256:[0-9a-f]{64})"), digest, 128));
    CHECK(user_refused(&u, 1, "domain", "scree image rm %s", digest));
    CHECK(user_ok(&u, "scree rm --force img"));
    CHECK(user_ok(&u, "scree image rm %s", digest));
    CHECK(user_ok(&u, "scree image ls --json"));
    CHECK(!user_says(&u, digest));
    CHECK(user_ok(&u, "scree run -d --name img hello"));
    CHECK(scree_is(&u, "img", "ready", 5));
    CHECK(user_ok(&u, "scree rm --force img"));
}

/* ------------------------------------------------------------- metrics */

static bool metrics_have(const char *text)
{
    static struct http_reply reply;
    char port[8] = "0";

    CHECK(user_ok(&u, "scree inspect --cell --json"));
    CHECK(user_match(&u, JSON("metrics", "http://127.0.0.1:([0-9]+)/metrics"),
                     port, sizeof(port)));
    return http_get((uint16_t)atoi(port), "/metrics", &reply) == 200 &&
           strstr(reply.body, "# TYPE scree_") && strstr(reply.body, text);
}

/* Sums of each label; a domain's own only when asked for. */
static void test_metrics(void)
{
    CHECK(user_ok(&u, "scree run -d --name metric -l tier=gold hello"));
    CHECK(scree_is(&u, "metric", "ready", 5));
    CHECK(metrics_have("key=\"tier\",value=\"gold\""));
    CHECK(metrics_have("scree_domains"));
    CHECK(!metrics_have("\"metric\""));
    CHECK(user_ok(&u, "scree rm --force metric"));
}

/* ----------------------------------------------------------- addresses */

static void test_addresses(void)
{
    CHECK(user_ok(&u, "scree run -d --name ip --ip 10.0.0.77 hello"));
    CHECK(user_ok(&u, "scree inspect ip --json"));
    CHECK(user_match(&u, JSON("address", "10.0.0.77"), NULL, 0));
    CHECK(user_ok(&u, "scree run -d --name no-ip --ip none hello"));
    CHECK(user_ok(&u, "scree inspect no-ip --json"));
    CHECK(!user_match(&u, JSON("address", "10.*"), NULL, 0));
    CHECK(user_ok(&u, "scree rm --force ip no-ip"));
}

/* ------------------------------------------------------------ the words */

static void test_words(void)
{
    CHECK(user_refused(&u, 2, "'ls'", "scree lss"));
    CHECK(user_run(&u, 10, "scree exec web sh") > 0);
    CHECK(user_says(&u, "no") && user_says(&u, "console"));
    CHECK(user_ok(&u, "scree --help"));
    CHECK(user_says(&u, "run") && user_says(&u, "exec"));
    CHECK(user_ok(&u, "scree help run || scree run --help"));
    CHECK(user_says(&u, "--restart"));
    CHECK(user_refused(&u, 2, "--colour", "scree ls --colour"));
    CHECK(user_run(&u, 10, "scree") > 0);
    CHECK(user_refused(&u, 3, "no domain", "scree stop wbe"));
    CHECK(user_run(&u, 10, "scree run") == 2);
    CHECK(user_run(&u, 10, "scree run -d --weight heavy hello") > 0);
    CHECK(user_says(&u, "heavy"));
    for (unsigned i = 0; i < 20; i++) {
        static const char *const words[] = {
            "up",   "down",  "cells", "version", "run",    "ls",    "top",
            "logs", "set",   "wait",  "inspect", "pause",  "stop",  "kill",
            "rm",   "image", "store", "apply",   "export", "events"};

        CHECK(user_ok(&u, "scree %s --help", words[i]));
        CHECK(user_says(&u, words[i]));
    }
}

/* --set adds words to what the guest is told. */
static void test_set_words(void)
{
    CHECK(user_run(&u, 10, "scree run --rm --set code=6 life") == 6);
}

void suite_scree_life(void)
{
    CU_pSuite s = CU_add_suite("scree_life", start, stop);

    CU_add_test(s, "a cell is up and says what it is", test_cell);
    CU_add_test(s, "its sockets are its user's own", test_private);
    CU_add_test(s, "web runs, answers, pauses, resumes, goes", test_web);
    CU_add_test(s, "an attached run has the guest's exit code", test_attached);
    CU_add_test(s, "a terminal talks to a guest, Ctrl-] leaves", test_terminal);
    CU_add_test(s, "Ctrl-C asks, then kills", test_terminal_interrupts);
    CU_add_test(s, "a guest's escapes do not reach it", test_terminal_is_safe);
    CU_add_test(s, "a console reads from a pipe", test_input_from_a_pipe);
    CU_add_test(s, "logs: tail, since, follow", test_logs);
    CU_add_test(s, "stop asks, and the guest ends", test_stop);
    CU_add_test(s, "stop kills who does not hear; start, kill", test_stop_deaf);
    CU_add_test(s, "stop of many", test_stop_many);
    CU_add_test(s, "wait says the code", test_wait);
    CU_add_test(s, "--rm removes", test_remove_by_itself);
    CU_add_test(s, "frames come back", test_frames_come_back);
    CU_add_test(s, "set", test_set);
    CU_add_test(s, "labels, globs and several names", test_labels_and_globs);
    CU_add_test(s, "restart on-failure", test_on_failure);
    CU_add_test(s, "restart always backs off", test_always);
    CU_add_test(s, "restart unless-stopped", test_unless_stopped);
    CU_add_test(s, "a watchdog: unhealthy, then restarted", test_watchdog);
    CU_add_test(s, "a crash is shown", test_crash);
    CU_add_test(s, "a crashed one is preserved", test_preserve);
    CU_add_test(s, "events are told and followed", test_events);
    CU_add_test(s, "images: ls, rm", test_images);
    CU_add_test(s, "metrics", test_metrics);
    CU_add_test(s, "addresses", test_addresses);
    CU_add_test(s, "help, wrong words and what was meant", test_words);
    CU_add_test(s, "--set", test_set_words);
}
