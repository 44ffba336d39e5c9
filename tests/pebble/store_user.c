/* SPDX-License-Identifier: MIT */
/*
 * A service that uses the store as its command line says, for system tests of
 * the guest's side of it (guest-kernel/xs). Relative paths are the domain's
 * own. Words, in the order they are done:
 *
 *   put=PATH     writes its name there
 *   peek=PATH    reads it and says what came, or the error
 *   poke=PATH    writes to it and says how that ended
 *   txn=PATH     adds 1 to the number there in a transaction, a hundred times
 *   fill=PATH    makes nodes below it until one is refused
 *   swell=PATH   writes ever larger values to it until one is refused
 *   watch=PATH   from then on: says what is written there, and writes it to
 *                data/echo
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pebble.h"
#include "xs/xs.h"

PEBBLE_IMAGE(512 * 1024);

#define PATH_SIZE 256
#define FILL_MAX  100000
#define SWELL_MAX 4096

static char path[PATH_SIZE];

static void say_error(const char *what)
{
    pebble_log("%s: %s: error %s", what, path,
               errno == EACCES   ? "EACCES"
               : errno == ENOENT ? "ENOENT"
               : errno == ENOSPC ? "ENOSPC"
               : errno == E2BIG  ? "E2BIG"
               : errno == EAGAIN ? "EAGAIN"
               : errno == EINVAL ? "EINVAL"
               : errno == EIO    ? "EIO"
                                 : strerror(errno));
}

static bool put(xs_transaction_t t, const char *to, const char *value)
{
    return xs_write(t, to, value, (unsigned)strlen(value));
}

static void do_put(void)
{
    if (put(XBT_NULL, path, "put by the guest"))
        pebble_log("put: %s: done", path);
    else
        say_error("put");
}

static void do_peek(void)
{
    unsigned length;
    char *value = xs_read(XBT_NULL, path, &length);

    if (value)
        pebble_log("peek: %s: '%.*s'", path, (int)length, value);
    else
        say_error("peek");
    free(value);
}

static void do_poke(void)
{
    if (put(XBT_NULL, path, "poked"))
        pebble_log("poke: %s: done", path);
    else
        say_error("poke");
}

/* One increment. false: it must be tried again, or failed. */
static bool add_one(void)
{
    xs_transaction_t t = xs_transaction_start();
    unsigned length;
    char *value, text[16];
    bool good;

    if (!t)
        return false;
    value = xs_read(t, path, &length);
    snprintf(text, sizeof(text), "%d", value ? atoi(value) + 1 : 1);
    free(value);
    good = put(t, path, text);
    return xs_transaction_end(t, !good) && good;
}

static void do_txn(void)
{
    unsigned done = 0, again = 0;

    while (done < 100 && again < 10000) {
        if (add_one())
            done++;
        else
            again++;
    }
    pebble_log("txn: %u done, tried again: %s", done, again ? "yes" : "no");
}

static void do_fill(void)
{
    char node[PATH_SIZE + 16];
    unsigned n = 0;

    do
        snprintf(node, sizeof(node), "%s/%u", path, n);
    while (n < FILL_MAX && put(XBT_NULL, node, "x") && ++n);
    say_error("fill");
    pebble_log("fill: %u nodes", n);
}

static void do_swell(void)
{
    static char value[SWELL_MAX];
    unsigned n = 1;

    memset(value, 'v', sizeof(value));
    while (n < SWELL_MAX && xs_write(XBT_NULL, path, value, n))
        n *= 2;
    say_error("swell");
    pebble_log("swell: %u refused", n);
}

static void fired(void *user, const char *at, const char *token)
{
    unsigned length;
    char *value = xs_read(XBT_NULL, at, &length);

    (void)user;
    if (!value) {
        pebble_log("watch: %s (%s): nothing there", at, token);
        return;
    }
    pebble_log("watch: %s (%s): '%.*s'", at, token, (int)length, value);
    if (!xs_write(XBT_NULL, "data/echo", value, length))
        say_error("echo");
    free(value);
}

static void do_watch(void)
{
    if (!xs_watch(path, "token", fired, NULL))
        say_error("watch");
}

int main(void)
{
    static const struct {
        const char *word;
        void (*run)(void);
    } words[] = {
        {"put", do_put},     {"peek", do_peek}, {"poke", do_poke},
        {"txn", do_txn},     {"fill", do_fill}, {"swell", do_swell},
        {"watch", do_watch},
    };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (pebble_option_text(words[i].word, path, sizeof(path)))
            words[i].run();
    pebble_log("store_user: at work");
    pebble_loop();
}
