/* SPDX-License-Identifier: MIT */
/*
 * Every part of a cell dies, and what becomes of the others: screed, domain 0,
 * QEMU, all of them. One cell for the whole suite, with a web server, a guest
 * that prints for ever, and a guest that watches the store.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/scree.h"
#include "tests/system/suites.h"
#include "tests/system/wire.h"

#define DEBIAN "XENSTORED_PATH=$D/home/t/store.sock "
#define SOON   20

static struct user u;
static uint16_t port;

static int start(void)
{
    if (!scree_up(&u, "--memory 256M"))
        return 1;
    port = net_free_port(false);
    CHECK(user_ok(&u,
                  "scree run -d --name web -p %u:80 --restart always "
                  "-l tier=front --weight 300 --files $S/site web",
                  port));
    CHECK(user_ok(&u, "scree run -d --name talker --restart unless-stopped "
                      "life -- ticks=100"));
    CHECK(user_ok(&u, "scree run -d --name once life -- polite"));
    CHECK(user_ok(&u, "scree run -d --name watcher --restart always "
                      "store_user -- watch=data/in"));
    CHECK(user_ok(&u, "scree run -d --name halted --restart unless-stopped "
                      "life -- polite"));
    CHECK(user_ok(&u, "scree stop halted"));
    CHECK(scree_http(port, 10));
    return 0;
}

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

static unsigned last_tick(void)
{
    char text[32] = "0";

    (void)user_run(&u, 10, "scree logs --tail 1 talker");
    (void)user_match(&u, "tick ([0-9]+)", text, sizeof(text));
    return (unsigned)atoi(text);
}

/* The talker's log grows. */
static bool log_goes_on(void)
{
    unsigned n = last_tick();

    for (unsigned i = 0; i < 50; i++) {
        unsigned now = last_tick();

        if (now && now != n)
            return true;
        usleep(100000);
    }
    return false;
}

/* What the host writes reaches the watcher. */
static bool watch_works(const char *text)
{
    char regex[64];
    long long id = scree_value(&u, "watcher", "id");

    snprintf(regex, sizeof(regex), "^%s$", text);
    return user_until(
        &u, SOON, regex,
        DEBIAN
        "xenstore-write /local/domain/%lld/data/in %s; sleep 0.3; " DEBIAN
        "xenstore-read /local/domain/%lld/data/echo",
        id, text, id);
}

/* Takes over what runs without a screed. */
static bool adopt(void)
{
    return user_run(&u, 30, "scree up --name t") == 0;
}

/* All of it, as it was before. */
static void check_all(const char *word)
{
    CHECK(user_until(&u, SOON, JSON("phase", "ready"),
                     "scree inspect web --json"));
    CHECK(user_number(&u, "weight") == 300);
    CHECK(user_match(&u, JSON("tier", "front"), NULL, 0));
    CHECK(user_match(&u, JSON("restart", "always"), NULL, 0));
    CHECK(scree_http(port, SOON));
    CHECK(log_goes_on());
    CHECK(watch_works(word));
    CHECK(scree_is(&u, "halted", "down", 5));
    CHECK(user_ok(&u, "scree ls -l tier=front"));
    CHECK(user_says(&u, "web"));
    CHECK(user_ok(&u, "scree run --rm life"));
}

static void test_screed_killed(void)
{
    pid_t screed = scree_pid(&u, "screed.pid"),
          qemu = scree_pid(&u, "qemu.pid");
    long long id = scree_value(&u, "web", "id");
    unsigned tick = last_tick();

    CHECK(tick > 0);
    CHECK(screed > 0 && kill(screed, SIGKILL) == 0);
    CHECK(scree_gone(screed, 5));
    CHECK(scree_http(port, 5));
    CHECK(scree_alive(qemu));
    CHECK(user_refused(&u, 4, "scree up", "scree ls"));
    CHECK(adopt());
    CHECK(user_ok(&u, "scree ls"));
    CHECK(user_says(&u, "web") && user_says(&u, "halted"));
    CHECK(scree_pid(&u, "screed.pid") != screed);
    CHECK(scree_pid(&u, "qemu.pid") == qemu);
    CHECK(scree_value(&u, "web", "id") == id);
    CHECK(last_tick() + 20 >= tick); /* what was not yet on disk is lost */
    check_all("screed");
    CHECK(scree_is(&u, "once", "ready", 5));
    CHECK(scree_pid(&u, "qemu.pid") == qemu);
}

/* By a signal, as systemd does it; `run` adopts, too. */
static void test_screed_ended(void)
{
    pid_t screed = scree_pid(&u, "screed.pid"),
          qemu = scree_pid(&u, "qemu.pid");

    CHECK(screed > 0 && kill(screed, SIGTERM) == 0);
    CHECK(scree_gone(screed, 5));
    CHECK(scree_alive(qemu));
    CHECK(user_run(&u, 30, "scree run --rm life -- code=3") == 3);
    CHECK(scree_pid(&u, "qemu.pid") == qemu);
    CHECK(user_ok(&u, "scree ls"));
    CHECK(scree_http(port, 5));
}

/* In the middle of everything: each domain is there or not, never half. */
static void test_screed_killed_in_run(void)
{
    pid_t runner = user_start(&u, "runs",
                              "for i in $(seq 12); do "
                              "timeout 10 scree run -d --name mid-$i life "
                              "-- polite; done");

    for (unsigned i = 0; i < 4; i++) {
        usleep(230000);
        (void)kill(scree_pid(&u, "screed.pid"), SIGKILL);
    }
    (void)user_join(runner, 60);
    CHECK(adopt());
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(user_until(&u, SOON, "12 again",
                     "for i in $(seq 12); do "
                     "scree inspect mid-$i >/dev/null 2>&1 || "
                     "scree run -d --name mid-$i life -- polite || exit 1; "
                     "done; echo 12 again"));
    for (unsigned i = 1; i <= 12; i += 11) {
        char name[16];

        snprintf(name, sizeof(name), "mid-%u", i);
        CHECK(scree_is(&u, name, "ready", 5));
    }
    CHECK(user_ok(&u, "scree rm --force 'mid-*'"));
    CHECK(scree_http(port, 5));
}

/* While it takes an image: nothing of it stays, and it comes again. */
static void test_screed_killed_in_upload(void)
{
    CHECK(user_ok(&u, "mkdir -p $D/big; head -c 30000000 /dev/urandom "
                      ">$D/big/file"));
    for (unsigned i = 1; i <= 3; i++) {
        pid_t runner = user_start(
            &u, "upload", "scree run -d --name up -m 2M --files $D/big web");

        usleep(60000 * i);
        (void)kill(scree_pid(&u, "screed.pid"), SIGKILL);
        (void)user_join(runner, 30);
        CHECK(adopt());
        (void)user_run(&u, 10, "scree rm --force up");
    }
    CHECK(user_run(&u, 30, "scree run -d --name up -m 2M --files $D/big web") ==
          0);
    CHECK(scree_is(&u, "up", "ready", 10));
    CHECK(user_ok(&u, "scree rm --force up; scree image rm --unused"));
    CHECK(user_ok(&u, "ls $D/home/t/objects | grep -vE '^[0-9a-f]{64}$' | "
                      "wc -l"));
    CHECK(!strcmp(u.text, "0\n"));
    CHECK(scree_http(port, 5));
}

/* How often domain 0 has started, as the cell's console has it. */
static long control_starts(void)
{
    (void)user_run(&u, 5, "grep -c 'control: ready' $D/home/t/cell.log");
    return atol(u.text);
}

static void crash_control_domain(void)
{
    struct wire w;

    if (wire_open(&w, &u))
        (void)wire_ask(&w, XS_CONTROL, 0, "crash", 6);
    wire_close(&w);
}

/* Domain 0 ends, again and again: who serves does not notice. */
static void test_control_domain_crashed(void)
{
    long starts = control_starts();
    pid_t qemu = scree_pid(&u, "qemu.pid");
    struct http_poller *poller = http_poll_start(port, "/");
    long long id = scree_value(&u, "web", "id");
    unsigned good, bad;

    for (unsigned i = 0; i < 2; i++) {
        crash_control_domain();
        usleep(200000);
        CHECK(user_until(&u, SOON, "web", "scree ls"));
        CHECK(scree_value(&u, "web", "id") == id);
    }
    CHECK(user_until(&u, SOON, "^web$",
                     DEBIAN "xenstore-read /local/domain/%lld/name", id));
    check_all("crash");
    CHECK(control_starts() == starts + 2);
    http_poll_stop(poller, &good, &bad);
    CHECK(good > 5);
    CHECK(bad == 0);
    CHECK(scree_pid(&u, "qemu.pid") == qemu);
}

/* Stopped in its tracks: commands end in time and say so. */
static void test_qemu_hangs(void)
{
    pid_t qemu = scree_pid(&u, "qemu.pid"), other;

    CHECK(qemu > 0 && kill(qemu, SIGSTOP) == 0);
    other = user_start(&u, "cells", "scree cells");
    (void)user_run(&u, 30, "scree run -d --name stuck hello");
    CHECK(u.status == 125);
    CHECK(user_says(&u, "did not answer"));
    CHECK(user_join(other, 5) == 0);
    CHECK(kill(qemu, SIGCONT) == 0);
    CHECK(user_until(&u, SOON, "web", "scree ls"));
    (void)user_run(&u, 10, "scree rm --force stuck");
    CHECK(scree_http(port, SOON));
}

static void test_qemu_killed(void)
{
    pid_t qemu = scree_pid(&u, "qemu.pid");

    CHECK(qemu > 0 && kill(qemu, SIGKILL) == 0);
    CHECK(scree_gone(qemu, 5));
    CHECK(user_until(&u, SOON, JSON("phase", "ready"),
                     "scree inspect web --json"));
    CHECK(scree_pid(&u, "qemu.pid") != qemu);
    check_all("qemu");
    CHECK(scree_is(&u, "once", "down", 5));
    CHECK(user_ok(&u, "scree start once"));
    CHECK(scree_is(&u, "once", "ready", 5));
}

/* As after a host's reboot. */
static void test_all_killed(void)
{
    (void)kill(scree_pid(&u, "screed.pid"), SIGKILL);
    (void)kill(scree_pid(&u, "qemu.pid"), SIGKILL);
    CHECK(scree_gone(scree_pid(&u, "qemu.pid"), 5));
    CHECK(user_ok(&u, "scree cells"));
    CHECK(user_run(&u, 30, "scree up --name t --memory 256M") == 0);
    check_all("all");
    CHECK(scree_is(&u, "once", "down", 5));
}

/* A half-written state is not read as if it were whole. */
static void test_no_leftovers(void)
{
    long long frames;

    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(!user_says(&u, "mid-") && !user_says(&u, "stuck"));
    CHECK(user_ok(&u, "scree run --rm life"));
    frames = scree_cell_value(&u, "frames_available");
    CHECK(user_ok(&u, "scree run -d --name f -m 8M life -- deaf"));
    CHECK(user_ok(&u, "scree rm --force f"));
    CHECK(scree_frames_back(&u, frames));
    CHECK(user_ok(&u, "ls -A $D/home/t"));
    CHECK(!user_match(&u, "\\.(tmp|new)", NULL, 0));
}

void suite_scree_recovery(void)
{
    CU_pSuite s = CU_add_suite("scree_recovery", start, stop);

    CU_add_test(s, "screed killed: the cell runs on, and is adopted",
                test_screed_killed);
    CU_add_test(s, "screed ended: run adopts", test_screed_ended);
    CU_add_test(s, "screed killed in the middle of run",
                test_screed_killed_in_run);
    CU_add_test(s, "screed killed while it takes an image",
                test_screed_killed_in_upload);
    CU_add_test(s, "domain 0 crashed: web answers, all is known again",
                test_control_domain_crashed);
    CU_add_test(s, "QEMU hangs: commands end", test_qemu_hangs);
    CU_add_test(s, "QEMU killed: domains come back by policy",
                test_qemu_killed);
    CU_add_test(s, "all killed: up brings them back", test_all_killed);
    CU_add_test(s, "nothing is left over", test_no_leftovers);
}
