/* SPDX-License-Identifier: MIT */
/*
 * The attached console, and the command `console`. One poll loop: typed bytes
 * to the API, the console's bytes to stdout, signals from the terminal's pipe.
 *
 * Ctrl-] leaves, and the domain goes on. Ctrl-C, SIGINT and SIGTERM ask the
 * guest of an attached `run` to stop, a second time kill it, as docker does. In
 * `console` Ctrl-C is the guest's. When stdin is no terminal, its bytes go to
 * the guest as they are, and its end changes nothing.
 */
#define _GNU_SOURCE
#include "tools/scree/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/base64.h"
#include "tools/scree/commands.h"
#include "tools/scree/outcome.h"
#include "tools/scree/terminal.h"

#define KEY_LEAVE 0x1d /* Ctrl-] */
#define KEY_STOP  0x03 /* Ctrl-C */
#define TYPED     2048 /* bytes of one line to the API */

const struct args_option console_options[] = {{NULL, 0, NULL, NULL}};

struct loop {
    struct attach *a;
    struct terminal terminal;
    struct client stopper; /* a second connection, once stopping */
    unsigned asked;        /* how often it was asked to stop */
    bool input;            /* stdin has not ended */
    bool left;
    bool lost; /* the connection, not the domain */
};

static bool write_all(const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n) {
        ssize_t done = write(STDOUT_FILENO, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

/* --------------------------------------------------------------- ending */

static void say(const struct loop *l, const char *text)
{
    fprintf(stderr, "%sscree: '%s' %s\n", l->terminal.raw ? "\n" : "",
            l->a->name, text);
}

/* A connection of its own, since the first one carries the console. */
static void ask_to_end(struct loop *l)
{
    struct cli *c = l->a->cli;
    cJSON *r = cli_request(l->asked ? "kill" : "stop");
    struct error e;
    struct path p;
    uint64_t id;

    json_put_text(r, "name", l->a->name);
    if (l->stopper.fd < 0 && (!paths_cell(&p, c->cell, CELL_API, &e) ||
                              !client_open(&l->stopper, p.text, &e))) {
        cJSON_Delete(r);
        say(l, "cannot be reached");
        return;
    }
    say(l, l->asked ? "is killed" : "is asked to stop (again Ctrl-C kills it)");
    l->asked++;
    if (!client_send(&l->stopper, r, &id, &e))
        say(l, e.text);
}

static void take_signal(struct loop *l)
{
    unsigned char number;

    while (read(l->terminal.signals_fd, &number, 1) == 1) {
        if (number == SIGHUP || !l->a->stops || !l->a->name[0])
            l->left = true;
        else
            ask_to_end(l);
    }
}

/* ---------------------------------------------------------------- input */

static bool send_typed(struct loop *l, const unsigned char *bytes, size_t n,
                       struct error *e)
{
    char text[BASE64_ROOM(TYPED)], line[sizeof(text) + 64];
    int length;

    if (!n)
        return true;
    base64_encode(bytes, n, text);
    length = snprintf(line, sizeof(line), "{\"id\":%llu,\"in\":\"%s\"}\n",
                      (unsigned long long)l->a->id, text);
    return client_send_bytes(&l->a->cli->api, line, (size_t)length, e);
}

/* Keys that are ours are taken out. */
static size_t take_keys(struct loop *l, unsigned char *bytes, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; l->terminal.raw && i < n && !l->left; i++) {
        if (bytes[i] == KEY_LEAVE)
            l->left = true;
        else if (bytes[i] == KEY_STOP && l->a->stops)
            ask_to_end(l);
        else
            bytes[kept++] = bytes[i];
    }
    return l->terminal.raw ? kept : n;
}

static bool take_input(struct loop *l, struct error *e)
{
    unsigned char bytes[TYPED];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (n <= 0) {
        l->input = n < 0 && errno == EINTR;
        return true;
    }
    return send_typed(l, bytes, take_keys(l, bytes, (size_t)n), e);
}

/* --------------------------------------------------------------- output */

static bool print_out(const char *text, struct error *e)
{
    size_t n = strlen(text);
    char *bytes = cli_must(malloc(n + 1));
    bool good = base64_decode(text, bytes, &n);

    if (!good)
        error_set(e, "failed", "a console's bytes that are not base64");
    else if (!write_all(bytes, n))
        good = error_set(e, "failed", "cannot write: %s", strerror(errno));
    free(bytes);
    return good;
}

/* The console's lines; the last of them ends the loop as a->last. */
static bool take_line(struct attach *a, cJSON *line, struct error *e)
{
    const cJSON *domain = cJSON_GetObjectItemCaseSensitive(line, "domain");
    const char *out = json_text(line, "out", NULL);
    bool good = true;

    if (domain)
        snprintf(a->name, sizeof(a->name), "%s",
                 json_text(domain, "name", a->name));
    if (out)
        good = print_out(out, e);
    if (!good || json_true(line, "more")) {
        cJSON_Delete(line);
        return good;
    }
    if (json_true(line, "ok") && outcome_is_known(line)) {
        a->last = line;
        return true;
    }
    if (json_true(line, "ok"))
        error_set(e, "lost",
                  "the cell '%s' has died, and '%s' with it; 'scree ls' shows "
                  "what comes back",
                  a->cli->cell, a->name);
    else
        json_take_error(line, e);
    cJSON_Delete(line);
    return false;
}

static bool take_output(struct loop *l, struct error *e)
{
    struct client *api = &l->a->cli->api;
    cJSON *line;

    do {
        if (!client_receive(api, -1, &line, e)) {
            l->lost = l->a->name[0] != '\0';
            return false;
        }
        if (json_number(line, "id", l->a->id) != l->a->id)
            cJSON_Delete(line);
        else if (!take_line(l->a, line, e))
            return false;
    } while (!l->a->last && client_has_line(api));
    return true;
}

/* ----------------------------------------------------------------- loop */

static bool pass(struct loop *l, struct error *e)
{
    struct pollfd fds[] = {
        {.fd = l->a->cli->api.fd, .events = POLLIN},
        {.fd = l->terminal.signals_fd, .events = POLLIN},
        {.fd = l->input ? STDIN_FILENO : -1, .events = POLLIN},
    };

    if (!client_has_line(&l->a->cli->api) && poll(fds, 3, -1) < 0)
        return errno == EINTR ||
               error_set(e, "failed", "poll: %s", strerror(errno));
    if (fds[1].revents)
        take_signal(l);
    if (fds[2].revents && !l->left && !take_input(l, e))
        return false;
    if (client_has_line(&l->a->cli->api) || fds[0].revents)
        return take_output(l, e);
    return true;
}

enum attach_end attach_run(struct attach *a, struct error *e)
{
    struct loop l = {.a = a, .stopper = {.fd = -1}, .input = true};
    bool good = true;

    if (!terminal_begin(&l.terminal)) {
        error_set(e, "failed", "no pipe: %s", strerror(errno));
        return ATTACH_FAILED;
    }
    while (good && !a->last && !l.left)
        good = pass(&l, e);
    terminal_end(&l.terminal);
    client_close(&l.stopper);
    if (l.left && !a->last) {
        fprintf(stderr, "%sscree: left '%s'; it goes on: scree console %s\n",
                l.terminal.raw ? "\n" : "", a->name, a->name);
        return ATTACH_LEFT;
    }
    if (good)
        return ATTACH_ENDED;
    if (l.lost)
        error_set(e, "lost",
                  "the connection to the cell '%s' is lost; '%s' may go on: "
                  "scree console %s",
                  a->cli->cell, a->name, a->name);
    return ATTACH_FAILED;
}

/* -------------------------------------------------------------- console */

int console_run(struct cli *c)
{
    struct attach a = {.cli = c};
    struct error e;
    enum attach_end end;
    cJSON *r;
    int status;

    if (c->args.word_count != 1)
        return cli_usage(c, "it wants one name");
    if (!cli_open(c, &e))
        return cli_fail(&e);
    snprintf(a.name, sizeof(a.name), "%.63s", c->args.words[0]);
    r = cli_request("console");
    json_put_text(r, "name", c->args.words[0]);
    if (!client_send(&c->api, r, &a.id, &e))
        return cli_fail(&e);
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "scree: the console of '%s'; Ctrl-] leaves it\n",
                a.name);
    end = attach_run(&a, &e);
    if (end == ATTACH_FAILED)
        return cli_fail(&e);
    status = a.last ? outcome_status(a.last) : STATUS_GOOD;
    cJSON_Delete(a.last);
    return status;
}
