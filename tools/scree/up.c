/* SPDX-License-Identifier: MIT */
/*
 * A cell's beginning and end: `up` writes what it shall be (cell.json), starts
 * screed and waits until the control domain answers; `down` ends it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bundle/value.h"
#include "tools/scree/cell_file.h"
#include "tools/scree/commands.h"
#include "tools/scree/daemon.h"
#include "tools/scree/progress.h"

#define WAIT_SECONDS  60
#define ADOPT_SECONDS 10
#define POLL_MS       20
#define LOCK_TRIES    500

const struct args_option up_options[] = {
    {"name", 'n', "CELL", "its name (default)"},
    {"cpus", 0, "N", "processors, 1 to 64 (1)"},
    {"memory", 'm', "SIZE", "of the cell, such as 512M or 4G"},
    {"net", 0, "NET", "user, tap:IF or bridge:BR (user)"},
    {"cidr", 0, "NETWORK", "the domains' network (10.0.0.0/8)"},
    {"gateway", 0, "ADDRESS", "router behind the uplink (the first), or none"},
    {"resolver", 0, "ADDRESS", "name server that domains are told, or none"},
    {"accel", 0, "HOW", "auto, kvm or tcg (auto)"},
    {"metrics", 0, "ADDR:PORT", "where metrics are served, or none"},
    {"options", 0, "TEXT", "command line of the hypervisor"},
    {"wait", 0, "[SECONDS]", "for it to be up, at most so long (60)"},
    {NULL, 0, NULL, NULL},
};

const struct args_option down_options[] = {
    {"name", 'n', "CELL", NULL},
    {"rm", 0, NULL, "forget it, too: domains, images, logs"},
    {NULL, 0, NULL, NULL},
};

/* ------------------------------------------------------------- options */

static bool wrong(struct error *e, const char *option, const char *value,
                  const char *wants)
{
    return error_set(e, "usage", "--%s %.80s: it wants %s", option, value,
                     wants);
}

static bool take_number(const struct cli *c, cJSON *o, const char *key,
                        struct error *e)
{
    const char *value = args_value(&c->args, key);
    bool memory = !strcmp(key, "memory");
    uint64_t n;

    if (!value)
        return true;
    if (memory && (!value_size(value, &n) || n < (64u << 20) || n >> 42))
        return wrong(e, key, value, "a size such as 512M or 4G, 64M at least");
    if (!memory && !value_number(value, 1, 64, &n))
        return wrong(e, key, value, "a number from 1 to 64");
    json_put_number(o, key, n);
    return true;
}

static bool is_address(const char *value)
{
    uint32_t address;

    return !strcmp(value, "none") || value_address(value, &address);
}

static bool is_cidr(const char *value)
{
    uint32_t network, prefix;

    return value_network(value, &network, &prefix);
}

/* user, tap:IF, bridge:BR; whether it can be had is found out by screed. */
static bool is_net(const char *value)
{
    const char *name = strchr(value, ':');

    if (!strcmp(value, "user"))
        return true;
    if (strncmp(value, "tap:", 4) != 0 && strncmp(value, "bridge:", 7) != 0)
        return false;
    name++;
    return *name && strlen(name) < IF_NAMESIZE &&
           strcspn(name, "/ ,\t") == strlen(name);
}

static bool is_accel(const char *value)
{
    return !strcmp(value, "auto") || !strcmp(value, "kvm") ||
           !strcmp(value, "tcg");
}

static bool is_anything(const char *value)
{
    return strlen(value) < 1024;
}

static const struct {
    const char *key, *wants;
    bool (*good)(const char *value);
} texts[] = {
    {"net", "user, tap:IF or bridge:BR", is_net},
    {"cidr", "a network such as 10.0.0.0/8 (host part 0, prefix 0 to 30)",
     is_cidr},
    {"gateway", "an address such as 10.0.0.1, or none", is_address},
    {"resolver", "an address such as 10.0.0.3, or none", is_address},
    {"accel", "auto, kvm or tcg", is_accel},
    {"metrics", "an address and port such as 127.0.0.1:9100, or none",
     is_anything},
    {"options", "a text of less than 1024 bytes", is_anything},
};

/* What the command line says of the cell, as fields of cell.json. */
static cJSON *read_options(const struct cli *c, struct error *e)
{
    cJSON *o = cli_must(cJSON_CreateObject());
    bool good = take_number(c, o, "cpus", e) && take_number(c, o, "memory", e);

    for (size_t i = 0; good && i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *value = args_value(&c->args, texts[i].key);
        if (value && !texts[i].good(value))
            good = wrong(e, texts[i].key, value, texts[i].wants);
        else if (value)
            json_put_text(o, texts[i].key, value);
    }
    if (good)
        return o;
    cJSON_Delete(o);
    return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static bool forget(const struct cli *c, struct error *e)
{
    struct path directory;

    if (!paths_cell(&directory, c->cell, NULL, e))
        return false;
    if (nftw(directory.text, remove_one, 8, FTW_DEPTH | FTW_PHYS) &&
        errno != ENOENT)
        return error_set(e, "failed", "cannot remove %s: %s", directory.text,
                         strerror(errno));
    return true;
}

static bool wait_shown(struct cli *c, int seconds, struct error *e)
{
    struct progress p;
    bool good;

    progress_begin(&p, "waiting for the cell '%s'", c->cell);
    good = daemon_wait(c, &p, seconds, e);
    progress_end(&p);
    return good;
}

/* ------------------------------------------------------------------ up */

static bool write_options(const char *file, cJSON *options, struct error *e)
{
    cJSON *o = cell_file_read(file, e);
    bool changed, good;

    if (!o)
        return false;
    cell_file_merge(o, options, &changed);
    good = cell_file_write(file, o, e);
    cJSON_Delete(o);
    return good;
}

/* It runs: that is fine, unless it shall be another one. */
static bool check_same(struct cli *c, const cJSON *options, int seconds,
                       struct error *e)
{
    struct path file;
    bool changed = false;
    cJSON *o, *copy;

    if (!paths_cell(&file, c->cell, CELL_OPTIONS, e))
        return false;
    o = cell_file_read(file.text, e);
    if (!o)
        return false;
    copy = cli_must(cJSON_Duplicate(options, true));
    cell_file_merge(o, copy, &changed);
    cJSON_Delete(copy);
    cJSON_Delete(o);
    if (changed)
        return error_set(e, "failed",
                         "the cell '%s' runs with other options; end it first: "
                         "scree down --name %s",
                         c->cell, c->cell);
    return wait_shown(c, seconds, e);
}

static bool is_empty(const char *directory)
{
    DIR *dir = opendir(directory);
    size_t n = 0;

    while (dir && n <= 2 && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n == 2; /* "." and ".." */
}

/* What was there before stays, whatever fails: it may have domains. */
static void take_back(const struct cli *c, const char *file, const char *old,
                      bool was_empty, bool had_file)
{
    struct error ignored;

    if (old)
        cell_file_undo(file, old);
    else if (was_empty && !daemon_find_qemu(c))
        forget(c, &ignored);
    else if (!had_file)
        unlink(file);
}

static bool start_now(struct cli *c, const char *directory, cJSON *options,
                      int seconds, struct error *e)
{
    struct path file;
    struct progress p;
    bool good, was_empty, had_file;
    char *old;

    if (!paths_make(directory, e) ||
        !paths_cell(&file, c->cell, CELL_OPTIONS, e))
        return false;
    was_empty = is_empty(directory);
    had_file = !access(file.text, F_OK);
    old = cell_file_text(file.text);
    progress_begin(&p, "starting the cell '%s'", c->cell);
    good =
        write_options(file.text, options, e) && daemon_start(c, &p, seconds, e);
    if (!good)
        take_back(c, file.text, old, was_empty, had_file);
    good = good && daemon_wait(c, &p, seconds, e);
    progress_end(&p);
    free(old);
    return good;
}

/* Starts the chosen cell, which is down: one of us at a time, so that the
 * others find it running. */
static bool start(struct cli *c, cJSON *options, int seconds, struct error *e)
{
    struct path directory;
    struct error ignored;
    int lock;
    bool good;

    if (!paths_cell(&directory, c->cell, NULL, e) ||
        !paths_make(directory.text, e))
        return false;
    lock = open(directory.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX)) {
        error_set(e, "failed", "%s: %s", directory.text, strerror(errno));
        if (lock >= 0)
            close(lock);
        return false;
    }
    if (cli_open(c, &ignored))
        good = check_same(c, options, seconds, e);
    else
        good = start_now(c, directory.text, options, seconds, e);
    close(lock);
    return good;
}

/* --name goes before --cell, and both before what is there. */
static bool choose_named(struct cli *c, struct error *e)
{
    const char *name = args_value(&c->args, "name");
    struct path ignored;

    if (!name)
        name = args_value(&c->args, "cell");
    if (!name)
        name = getenv("SCREE_CELL");
    if (!name || !*name)
        name = CELL_DEFAULT;
    if (!paths_is_cell(name)) {
        paths_cell(&ignored, name, NULL, e);
        snprintf(e->code, sizeof(e->code), "usage");
        return false;
    }
    snprintf(c->cell, sizeof(c->cell), "%s", name);
    return true;
}

static int wait_seconds(const struct cli *c)
{
    const char *text = args_value(&c->args, "wait");
    uint64_t n = WAIT_SECONDS;

    if (text && *text && !value_number(text, 1, 3600, &n))
        return -1;
    return (int)n;
}

static bool up(struct cli *c, cJSON *options, int seconds, struct error *e)
{
    struct error ignored;
    bool was_up = cli_open(c, &ignored);
    bool good = was_up && check_same(c, options, seconds, e);

    if (good)
        fprintf(stderr, "scree: the cell '%s' is up already\n", c->cell);
    else if (!was_up || !strcmp(e->code, "cell-down"))
        good = start(c, options, seconds, e);
    if (good)
        puts(c->cell);
    return good;
}

int up_run(struct cli *c)
{
    int seconds = wait_seconds(c);
    struct error e;
    cJSON *options;
    bool good;

    if (c->args.word_count)
        return cli_usage(c, "'%.40s': a cell is named by --name",
                         c->args.words[0]);
    if (seconds < 0)
        return cli_usage(c, "--wait wants seconds, 1 to 3600");
    options = choose_named(c, &e) ? read_options(c, &e) : NULL;
    if (!options)
        return cli_usage(c, "%s", e.text);
    good = up(c, options, seconds, &e);
    cJSON_Delete(options);
    return good ? STATUS_GOOD : cli_fail(&e);
}

bool up_open(struct cli *c, struct error *e)
{
    struct error ignored;
    struct path file;
    cJSON *options;
    bool good;

    if (!cli_choose(c, e))
        return false;
    if (cli_open(c, &ignored))
        return true;
    if (!paths_cell(&file, c->cell, CELL_OPTIONS, e))
        return false;
    if (c->named && access(file.text, F_OK))
        return error_set(e, "cell-down",
                         "there is no cell '%s'; make it: scree up --name %s",
                         c->cell, c->cell);
    fprintf(stderr, "scree: starting the cell '%s'\n", c->cell);
    options = cli_must(cJSON_CreateObject());
    good = start(c, options, WAIT_SECONDS, e);
    cJSON_Delete(options);
    return good;
}

bool up_wait(struct cli *c, struct error *e)
{
    return wait_shown(c, WAIT_SECONDS, e);
}

/* ---------------------------------------------------------------- down */

/* screed closes its sockets first, and then writes what it knows. */
static void wait_for_lock(const struct cli *c)
{
    struct error ignored;
    struct path p;
    int fd = -1;

    if (paths_cell(&p, c->cell, CELL_LOCK, &ignored))
        fd = open(p.text, O_RDONLY | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (!flock(fd, LOCK_EX | LOCK_NB))
            break;
        poll(NULL, 0, POLL_MS);
    }
    if (fd >= 0)
        close(fd);
}

/* Until screed has ended, and QEMU before it. */
static bool wait_until_gone(struct cli *c, struct progress *p, struct error *e)
{
    uint64_t end = progress_now_ms() + WAIT_SECONDS * 1000;
    cJSON *line = NULL;

    while (client_receive(&c->api, POLL_MS, &line, e)) {
        cJSON_Delete(line);
        progress_tick(p, 0, 0);
        if (progress_now_ms() > end)
            return error_set(e, "timeout",
                             "the cell '%s' has not ended after %d s; see "
                             "screed.log beside its cell.json",
                             c->cell, WAIT_SECONDS);
    }
    client_close(&c->api);
    c->open = false;
    wait_for_lock(c);
    return true;
}

static bool end_cell(struct cli *c, struct error *e)
{
    struct progress p;
    bool good;

    progress_begin(&p, "ending the cell '%s'", c->cell);
    good =
        cli_call(c, cli_request("down"), NULL, e) && wait_until_gone(c, &p, e);
    progress_end(&p);
    return good;
}

/* A cell without screed: a new one takes it over and ends it; if that is not
 * possible, QEMU is ended here. */
static bool end_orphan(struct cli *c, pid_t qemu, struct error *e)
{
    struct progress p;
    bool good;

    progress_begin(&p, "ending the cell '%s'", c->cell);
    good = daemon_start(c, &p, ADOPT_SECONDS, e);
    progress_end(&p);
    if (good && cli_open(c, e) && end_cell(c, e))
        return true;
    return !kill(qemu, SIGKILL) || errno == ESRCH ||
           error_set(e, "failed", "cannot end QEMU, process %d: %s", (int)qemu,
                     strerror(errno));
}

/* Ends what runs of the cell; false also if nothing does. */
static bool end_all(struct cli *c, struct error *e)
{
    pid_t qemu;

    if (cli_open(c, e) && end_cell(c, e))
        return true;
    if (strcmp(e->code, "cell-down") != 0)
        return false;
    if (c->open)
        client_close(&c->api);
    c->open = false;
    qemu = daemon_find_qemu(c);
    return qemu && end_orphan(c, qemu, e);
}

int down_run(struct cli *c)
{
    const char *name = args_value(&c->args, "name");
    struct error e;
    bool rm = args_has(&c->args, "rm");

    if (c->args.word_count)
        return cli_usage(c, "'%.40s': a cell is named by --name",
                         c->args.words[0]);
    if (name && !choose_named(c, &e))
        return cli_usage(c, "%s", e.text);
    if (!cli_choose(c, &e))
        return cli_fail(&e);
    if (!end_all(c, &e) && (!rm || strcmp(e.code, "cell-down") != 0))
        return cli_fail(&e);
    if (rm && !forget(c, &e))
        return cli_fail(&e);
    puts(c->cell);
    return STATUS_GOOD;
}
