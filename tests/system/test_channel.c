/* SPDX-License-Identifier: MIT */
/*
 * The control domain in a real cell, over its channel and without screed: a
 * domain's whole life, restart policies, the store from both sides, a crash of
 * the control domain itself, and very many domains that come and go.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scree/store.h"
#include "scree/xen.h"
#include "tests/system/cell.h"
#include "tests/system/channel_client.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define CONTROL                                                                \
    "[domain control]\nimage = $B/guests/control.elf\ncontrol = yes\n"         \
    "memory = 16M\naddress = none\ncmdline = cell=test\n"
#define USER                                                                   \
    "[domain user]\nimage = $B/guests/store_user.elf\nmemory = 1M\n"           \
    "address = none\non_crash = restart\ncmdline = watch=data/in\n"
#define MANY  10000
#define AHEAD 24 /* pairs of requests under way */

struct controlled {
    struct cell cell;
    struct channel_client c;
    uint8_t life[SCREE_DIGEST_SIZE]; /* an image in the cell */
};

static void add_channel(struct qemu_options *q, const char *dir)
{
    static char chardev[CELL_PATH + 64];
    const char *const arguments[] = {
        "-chardev", chardev,
        "-device",  "virtio-serial-pci,max_ports=2",
        "-device",  "virtserialport,chardev=ctl,nr=1",
    };

    snprintf(chardev, sizeof(chardev),
             "socket,id=ctl,path=%s/ctl,server=on,wait=off", dir);
    for (unsigned i = 0; i < 6; i++)
        q->extra[i] = arguments[i];
}

static bool connect_to(struct controlled *t)
{
    char path[CELL_PATH + 8];

    snprintf(path, sizeof(path), "%s/ctl", t->cell.dir);
    return CHECK(channel_open(&t->c, path)) && CHECK(channel_sync(&t->c));
}

static bool upload(struct controlled *t, const char *guest,
                   uint8_t digest[SCREE_DIGEST_SIZE])
{
    char path[CELL_PATH + 32];

    snprintf(path, sizeof(path), "%s/guests/%s.elf", cell_build(), guest);
    return CHECK(channel_upload(&t->c, path, digest));
}

static bool begin_with(struct controlled *t, const char *domains, unsigned cpus)
{
    struct cell_options o = {.cpus = cpus, .domains = domains};

    memset(t, 0, sizeof(*t));
    t->c.fd = -1;
    if (!CHECK(cell_prepare(&t->cell, &o)))
        return false;
    add_channel(&t->cell.q, t->cell.dir);
    return CHECK(cell_boot(&t->cell)) && connect_to(t) &&
           upload(t, "life", t->life);
}

static bool begin(struct controlled *t)
{
    return begin_with(t, CONTROL CELL_WEB, 2);
}

static void end(struct controlled *t)
{
    channel_close(&t->c);
    cell_stop(&t->cell);
}

static uint32_t run(struct controlled *t, const char *name, const char *cmdline,
                    uint32_t restart)
{
    struct scree_manage_run r = channel_run(name, t->life, cmdline);

    r.restart = restart;
    return channel_request(&t->c, SCREE_MANAGE_RUN, &r, sizeof(r));
}

static uint32_t phase(struct controlled *t, const char *name)
{
    struct scree_manage_state s;

    return channel_state(&t->c, name, &s) ? s.phase : UINT32_MAX;
}

static void test_life(void)
{
    struct controlled t;
    struct scree_manage_state s;
    unsigned from;

    if (begin(&t)) {
        CHECK(run(&t, "one", "say=2 polite code=7", 0) == 0);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_CREATED, "one"));
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_READY, "one"));
        CHECK(phase(&t, "one") == SCREE_PHASE_READY);
        CHECK(run(&t, "one", "", 0) == XEN_EEXIST);
        CHECK(strstr(t.c.reply.text, "in use by domain"));
        CHECK(channel_named(&t.c, SCREE_MANAGE_REMOVE, "one", 0) == XEN_EBUSY);
        CHECK(!channel_named(&t.c, SCREE_MANAGE_PAUSE, "one", 0));
        CHECK(phase(&t, "one") == SCREE_PHASE_PAUSED);
        CHECK(!channel_named(&t.c, SCREE_MANAGE_RESUME, "one", 0));
        CHECK(!channel_named(&t.c, SCREE_MANAGE_STOP, "one", 10000));
        CHECK(channel_says(&t.c, 0, "life: asked to end"));
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_DOWN, "one"));
        CHECK(channel_state(&t.c, "one", &s) && s.code == 7 &&
              s.reason == SHUTDOWN_poweroff);
        CHECK(!channel_named(&t.c, SCREE_MANAGE_START, "one", 0));
        from = t.c.event_count;
        CHECK(!channel_named(&t.c, SCREE_MANAGE_KILL, "one", 0));
        CHECK(channel_event(&t.c, from, SCREE_EVENT_DOWN, "one"));
        CHECK(!channel_named(&t.c, SCREE_MANAGE_REMOVE, "one", 0));
        CHECK(phase(&t, "one") == UINT32_MAX);
        CHECK(cell_web_up(&t.cell));
    }
    end(&t);
}

static void test_deaf(void)
{
    struct controlled t;
    struct scree_manage_state s;

    if (begin(&t)) {
        CHECK(run(&t, "deaf", "deaf", SCREE_RESTART_ALWAYS) == 0);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_READY, "deaf"));
        CHECK(!channel_named(&t.c, SCREE_MANAGE_STOP, "deaf", 500));
        CHECK(phase(&t, "deaf") == SCREE_PHASE_STOPPING);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_DOWN, "deaf"));
        CHECK(channel_state(&t.c, "deaf", &s) && s.reason == SCREE_END_KILLED);
    }
    end(&t);
}

static void test_restarts(void)
{
    struct controlled t;
    struct scree_manage_run r;
    struct scree_manage_state s;

    if (begin(&t)) {
        r = channel_run("bad", t.life, "crash");
        r.restart = SCREE_RESTART_ON_FAILURE;
        r.retries = 3;
        CHECK(!channel_request(&t.c, SCREE_MANAGE_RUN, &r, sizeof(r)));
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_BACKOFF, "bad"));
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_DOWN, "bad"));
        CHECK(channel_state(&t.c, "bad", &s) && s.restarts == 3 &&
              s.ended == 4 && s.phase == SCREE_PHASE_CRASHED &&
              s.reason == SHUTDOWN_crash);
        CHECK(run(&t, "hung", "watchdog=1 deaf", SCREE_RESTART_ALWAYS) == 0);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_ENDED, "hung"));
        CHECK(channel_state(&t.c, "hung", &s) && s.reason == SHUTDOWN_watchdog);
        CHECK(run(&t, "good", "code=0", SCREE_RESTART_ON_FAILURE) == 0);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_DOWN, "good"));
    }
    end(&t);
}

/* --------------------------------------------------------------- the store */

static bool reads(struct controlled *t, const char *path, const char *value)
{
    char answer[XENSTORE_PAYLOAD_MAX + 1];

    return channel_store(&t->c, XS_READ, path, strlen(path) + 1, answer) ==
               XS_READ &&
           !strcmp(answer, value);
}

static void test_store(void)
{
    static const char off[] = "/local/domain/3/control/shutdown\0poweroff";
    uint8_t user[SCREE_DIGEST_SIZE];
    char answer[XENSTORE_PAYLOAD_MAX + 1];
    struct scree_manage_run r;
    struct controlled t;

    if (begin(&t) && upload(&t, "store_user", user)) {
        CHECK(channel_frame(&t.c, SCREE_FRAME_STORE_OPEN, 1, NULL, 0));
        CHECK(reads(&t, "/scree/names/web", CELL_WEB_ADDRESS));
        CHECK(reads(&t, "/scree/cell", "test"));
        r = channel_run("user", user, "put=data/a watch=data/b");
        r.address = SCREE_ADDRESS_NEXT;
        CHECK(!channel_request(&t.c, SCREE_MANAGE_RUN, &r, sizeof(r)));
        CHECK(channel_says(&t.c, 0, "put: data/a: done"));
        CHECK(reads(&t, "/local/domain/3/data/a", "put by the guest"));
        CHECK(channel_store(&t.c, XS_WRITE, off, sizeof(off) - 1, answer) ==
              XS_WRITE);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_DOWN, "user"));
        CHECK(!reads(&t, "/local/domain/3/name", "user"));
    }
    end(&t);
}

static bool writes(struct controlled *t, const char *path, const char *value)
{
    char body[128], answer[XENSTORE_PAYLOAD_MAX + 1];
    size_t n = strlen(path) + 1;

    memcpy(body, path, n);
    memcpy(body + n, value, strlen(value));
    return channel_store(&t->c, XS_WRITE, body, n + strlen(value), answer) ==
           XS_WRITE;
}

/* The cell restarts it, under its id; what it had in the store went with it. */
static void boot_domain_reboots(struct controlled *t, unsigned life)
{
    char said[64], word[16];
    struct scree_manage_state s;
    unsigned from = t->c.event_count;
    size_t text = t->c.console_size;

    snprintf(word, sizeof(word), "life%u", life);
    snprintf(said, sizeof(said), "(token): '%s'", word);
    CHECK(writes(t, "/local/domain/2/data/in", word));
    CHECK(channel_says(&t->c, text, said));
    text = t->c.console_size;
    CHECK(writes(t, "/local/domain/2/control/shutdown", "reboot"));
    CHECK(channel_event(&t->c, from, SCREE_EVENT_ENDED, "user"));
    CHECK(channel_event(&t->c, from, SCREE_EVENT_READY, "user"));
    CHECK(channel_says(&t->c, text, "store_user: at work"));
    CHECK(channel_state(&t->c, "user", &s));
    CHECK(s.domain.id == 2 && s.ended == life && s.restarts == life &&
          s.reason == SHUTDOWN_reboot);
}

static bool becomes_ready(struct controlled *t, const char *name)
{
    for (unsigned i = 0; i < 100 && phase(t, name) != SCREE_PHASE_READY; i++)
        (void)channel_poll(&t->c, 50);
    return phase(t, name) == SCREE_PHASE_READY;
}

static void test_boot_domain_reboots(void)
{
    for (unsigned cpus = 1; cpus <= 2; cpus++) {
        struct controlled t;

        if (begin_with(&t, CONTROL USER, cpus)) {
            CHECK(becomes_ready(&t, "user"));
            CHECK(channel_frame(&t.c, SCREE_FRAME_STORE_OPEN, 1, NULL, 0));
            for (unsigned life = 1; life <= 3; life++)
                boot_domain_reboots(&t, life);
        }
        end(&t);
    }
}

/* ------------------------------------------------- the control domain dies */

static void check_known_again(struct controlled *t,
                              const struct scree_manage_state *before)
{
    struct scree_manage_state s;
    struct scree_manage_run r = channel_run("stays", t->life, "polite");

    CHECK(channel_state(&t->c, "stays", &s));
    CHECK(s.domain.id == before->domain.id && s.serial == before->serial &&
          s.restart == SCREE_RESTART_ALWAYS &&
          !memcmp(s.image, before->image, SCREE_DIGEST_SIZE));
    r.restart = SCREE_RESTART_ALWAYS;
    r.flags = SCREE_RUN_ADOPT;
    CHECK(!channel_request(&t->c, SCREE_MANAGE_RUN, &r, sizeof(r)));
    CHECK(phase(t, "web") == SCREE_PHASE_READY);
}

static void crash(struct controlled *t)
{
    char answer[XENSTORE_PAYLOAD_MAX + 1];
    time_t until = time(NULL) + CHANNEL_SECONDS;

    t->c.hello = false;
    CHECK(channel_frame(&t->c, SCREE_FRAME_STORE_OPEN, 1, NULL, 0));
    CHECK(channel_store(&t->c, XS_CONTROL, "crash", 6, answer) == XS_CONTROL);
    while (!t->c.hello && time(NULL) < until)
        if (!channel_poll(&t->c, 50))
            break;
    CHECK(t->c.hello);
}

static void test_control_dies(void)
{
    struct controlled t;
    struct scree_manage_state s;
    struct http_poller *p;
    unsigned good = 0, bad = 0, from;
    uint64_t life;

    if (begin(&t) && CHECK(cell_web_up(&t.cell))) {
        CHECK(run(&t, "stays", "polite", SCREE_RESTART_ALWAYS) == 0);
        CHECK(channel_event(&t.c, 0, SCREE_EVENT_READY, "stays"));
        CHECK(channel_state(&t.c, "stays", &s));
        p = http_poll_start(t.cell.web, "/");
        for (unsigned i = 0; i < 3; i++) {
            life = t.c.synced.life;
            crash(&t);
            CHECK(channel_sync(&t.c) && t.c.synced.life != life);
            check_known_again(&t, &s);
        }
        http_poll_stop(p, &good, &bad);
        CHECK(good > 0 && bad == 0);
        from = t.c.event_count;
        CHECK(!channel_named(&t.c, SCREE_MANAGE_STOP, "stays", 10000));
        CHECK(channel_event(&t.c, from, SCREE_EVENT_DOWN, "stays"));
    }
    end(&t);
}

/* ---------------------------------------------------------------- very many */

/* Made, killed and removed by itself. */
static bool pass_through(struct controlled *t, unsigned count)
{
    struct scree_manage_run r = channel_run("x", t->life, "deaf");
    struct scree_manage_name k = {.value = 0};
    unsigned answers = t->c.answers;

    r.flags = SCREE_RUN_REMOVE;
    r.address = SCREE_ADDRESS_NEXT;
    for (unsigned i = 0; i < count; i++) {
        snprintf(k.name, sizeof(k.name), "many-%u", i % AHEAD);
        memcpy(r.config.name, k.name, sizeof(k.name));
        if (!channel_ask(&t->c, SCREE_MANAGE_RUN, &r, sizeof(r)) ||
            !channel_ask(&t->c, SCREE_MANAGE_KILL, &k, sizeof(k)))
            return false;
        if (i >= AHEAD - 2 &&
            !channel_answers(&t->c, answers + 2 * (i - (AHEAD - 2))))
            return false;
    }
    return channel_answers(&t->c, answers + 2 * count);
}

/* Frames that are free once all that has ended was taken apart, and web's,
 * which may draw some meanwhile. */
static uint64_t frames_left(struct controlled *t)
{
    struct scree_control_cell cell = {.domains = 0};
    struct scree_manage_state web = {.serial = 0};

    for (unsigned i = 0; i < 100; i++) {
        if (!channel_cell(&t->c, &cell) || cell.domains == 2)
            break;
        (void)channel_poll(&t->c, 50);
    }
    CHECK(channel_state(&t->c, "web", &web));
    return cell.frames_free + web.domain.frames;
}

/* Buffers and tables that are kept have their size after some rounds. */
static uint64_t settle(struct controlled *t)
{
    uint64_t left = 0, before;
    unsigned rounds = 0;

    do {
        before = left;
        CHECK(pass_through(t, 2000));
        left = frames_left(t);
    } while (left != before && ++rounds < 8);
    return left;
}

/* Frames that `count` domains took for good. What leaks does so each time; a
 * page of a buffer that is kept is drawn once. */
static uint64_t lost(struct controlled *t, uint64_t before, unsigned count)
{
    uint64_t after, lost = 1;

    for (unsigned i = 0; i < 3 && lost; i++) {
        CHECK(pass_through(t, count));
        after = frames_left(t);
        lost = before > after ? before - after : 0;
        before = after;
    }
    return lost;
}

static void test_many(void)
{
    struct controlled t;
    uint64_t frames;
    time_t start;

    if (begin(&t) && CHECK(cell_web_up(&t.cell))) {
        frames = settle(&t);
        start = time(NULL);
        frames = lost(&t, frames, MANY);
        printf(" [%ld s, %lu frames]", (long)(time(NULL) - start),
               (unsigned long)frames);
        CHECK(frames == 0);
        CHECK(cell_web_up(&t.cell));
    }
    end(&t);
}

void suite_channel(void)
{
    CU_pSuite s = CU_add_suite("channel", NULL, NULL);

    CU_add_test(s, "run, ready, console, pause, stop, start, kill, remove",
                test_life);
    CU_add_test(s, "who does not heed stop is killed", test_deaf);
    CU_add_test(s, "restart policies", test_restarts);
    CU_add_test(s, "the store from both sides", test_store);
    CU_add_test(s, "a domain of the boot bundle reboots",
                test_boot_domain_reboots);
    CU_add_test(s, "the control domain dies and knows all again",
                test_control_dies);
    CU_add_test(s, "10,000 come and go without a frame of growth", test_many);
}
