/* SPDX-License-Identifier: MIT */
/*
 * The store of a cell, as its three kinds of users see it: Debian's xenstore
 * programs with Debian's library and with ours, `scree store`, and guests
 * (tests/pebble/store_user.c). One cell for the whole suite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/scree.h"
#include "tests/system/suites.h"

#define DEBIAN "XENSTORED_PATH=$D/home/t/store.sock "
#define OURS   DEBIAN "LD_LIBRARY_PATH=$S/lib "

#define SOON   10

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

/* --------------------------------------------------- Debian's programs */

static void check_values(const char *x)
{
    CHECK(user_ok(&u, "%s xenstore-write /t/a hello /t/b 'two words'", x));
    CHECK(user_ok(&u, "%s xenstore-read /t/a /t/b", x));
    CHECK(!strcmp(u.text, "hello\ntwo words\n"));
    CHECK(user_ok(&u, "%s xenstore-list /t | sort", x));
    CHECK(!strcmp(u.text, "a\nb\n"));
    CHECK(user_ok(&u, "%s xenstore-ls /t | sort", x));
    CHECK(!strcmp(u.text, "a = \"hello\"\nb = \"two words\"\n"));
    CHECK(user_ok(&u, "%s xenstore-exists /t/a", x));
    CHECK(user_run(&u, 5, "%s xenstore-exists /t/none", x) == 1);
    CHECK(user_run(&u, 5, "%s xenstore-read /t/none", x) > 0);
    CHECK(user_ok(&u, "%s xenstore-write /t/deep/er/still x", x));
    CHECK(user_ok(&u, "%s xenstore-ls -f /t", x));
    CHECK(user_says(&u, "/t/deep/er/still = \"x\""));
    CHECK(user_ok(&u, "%s xenstore-rm /t/a", x));
    CHECK(user_run(&u, 5, "%s xenstore-exists /t/a", x) == 1);
    CHECK(user_ok(&u, "%s xenstore-rm /t", x));
    CHECK(user_run(&u, 5, "%s xenstore-exists /t/deep/er", x) == 1);
}

static void check_permissions(const char *x)
{
    CHECK(user_ok(&u, "%s xenstore-write /p/a 1 /p/sub/b 2", x));
    CHECK(user_ok(&u, "%s xenstore-chmod /p/a n0 r7 w8 b9", x));
    CHECK(user_ok(&u, "%s xenstore-ls -p /p", x));
    CHECK(user_says(&u, "(n0,r7,w8,b9)"));
    CHECK(user_ok(&u, "%s xenstore-chmod -r /p r5", x));
    CHECK(user_ok(&u, "%s xenstore-ls -p -f /p", x));
    CHECK(user_match(&u, "^/p/sub/b = \"2\" +\\(r5\\)", NULL, 0));
    CHECK(user_ok(&u, "%s xenstore-rm /p", x));
}

static void check_watch(const char *x)
{
    pid_t watcher;

    CHECK(user_ok(&u, "%s xenstore-write /w/a 1", x));
    watcher = user_start(&u, "watch", "%s xenstore-watch -n 3 /w", x);
    usleep(300000); /* the first event is its own */
    CHECK(user_ok(&u, "%s xenstore-write /w/a 2", x));
    CHECK(user_ok(&u, "%s xenstore-write /elsewhere 2", x));
    CHECK(user_ok(&u, "%s xenstore-rm /w/a", x));
    CHECK(user_join(watcher, 5) == 0);
    (void)user_file(&u, "watch");
    CHECK(!strcmp(u.text, "/w\n/w/a\n/w/a\n"));
    CHECK(user_ok(&u, "%s xenstore-rm /w /elsewhere", x));
}

/* More names than one packet holds. */
static void check_large_directory(const char *x)
{
    CHECK(user_ok(&u,
                  "seq -f '/many/a-rather-long-name-%%05g v' 600 | "
                  "xargs -n 200 env %s xenstore-write",
                  x));
    CHECK(user_ok(&u, "%s xenstore-list /many | wc -l", x));
    CHECK(!strcmp(u.text, "600\n"));
    CHECK(user_ok(&u, "%s xenstore-ls /many | wc -l", x));
    CHECK(!strcmp(u.text, "600\n"));
    CHECK(user_ok(&u, "%s xenstore-rm /many", x));
}

static void test_debian_values(void)
{
    check_values(DEBIAN);
}

static void test_debian_permissions(void)
{
    check_permissions(DEBIAN);
}

static void test_debian_watch(void)
{
    check_watch(DEBIAN);
}

static void test_debian_large(void)
{
    check_large_directory(DEBIAN);
}

static void test_ours(void)
{
    CHECK(user_ok(&u, OURS "ldd $(command -v xenstore-read)"));
    CHECK(user_match(&u, "libxenstore.so.4 => [^ ]*/lib/libxenstore", NULL, 0));
    check_values(OURS);
    check_permissions(OURS);
    check_watch(OURS);
    check_large_directory(OURS);
}

/* What a program of 2022 finds in it. */
static void test_our_symbols(void)
{
    CHECK(user_ok(&u, "lib=$(ldd $(command -v xenstore-read) | "
                      "awk '/libxenstore/ { print $3 }');"
                      "for l in $lib $S/lib/libxenstore.so.4; do "
                      "nm -D --defined-only $l | awk '{ print $3 }' | sort "
                      ">$D/symbols.$(dirname $l | tr -d /); done;"
                      "wc -l $D/symbols.*; cmp $D/symbols.*"));
    CHECK(user_says(&u, " 38 ")); /* the functions and their version */
}

/* A client that was written against Debian's header. */
static const char client[] =
    "#include <stdio.h>\n#include <stdlib.h>\n#include <xenstore.h>\n"
    "int main(void) {\n"
    "  struct xs_handle *h = xs_open(0); unsigned n = 0;\n"
    "  xs_transaction_t t = h ? xs_transaction_start(h) : 0;\n"
    "  if (!t || !xs_write(h, t, \"/cl/a\", \"one\", 3)) return 1;\n"
    "  if (!xs_transaction_end(h, t, false)) return 2;\n"
    "  if (!xs_watch(h, \"/cl\", \"tok\")) return 3;\n"
    "  char **w = xs_read_watch(h, &n);\n"
    "  if (!w || n != 2) return 4;\n"
    "  puts(w[XS_WATCH_TOKEN]); free(w);\n"
    "  char **d = xs_directory(h, 0, \"/cl\", &n);\n"
    "  if (!d || n != 1) return 5;\n"
    "  puts(d[0]); free(d);\n"
    "  char *p = xs_get_domain_path(h, 7); puts(p); free(p);\n"
    "  if (!xs_rm(h, 0, \"/cl\")) return 6;\n"
    "  xs_close(h); return 0; }\n";

static void test_client(void)
{
    CHECK(user_ok(&u,
                  "cat >$D/client.c <<'END'\n%sEND\n"
                  "cc -o $D/client $D/client.c -L$S/lib "
                  "-l:libxenstore.so.4 -lpthread",
                  client));
    CHECK(user_ok(&u, OURS "$D/client"));
    CHECK(!strcmp(u.text, "tok\na\n/local/domain/7\n"));
    CHECK(user_ok(&u, DEBIAN "$D/client"));
    CHECK(!strcmp(u.text, "tok\na\n/local/domain/7\n"));
}

/* ---------------------------------------------------------- scree store */

static void test_command(void)
{
    pid_t watcher;

    CHECK(user_ok(&u, "scree store write /c/a 'one two'"));
    CHECK(user_ok(&u, "scree store read /c/a"));
    CHECK(!strcmp(u.text, "one two\n"));
    CHECK(user_ok(&u, DEBIAN "xenstore-read /c/a"));
    CHECK(!strcmp(u.text, "one two\n"));
    CHECK(user_ok(&u, "scree store ls /c"));
    CHECK(user_match(&u, "^ *a", NULL, 0));
    CHECK(user_ok(&u, "scree store ls -r /c"));
    CHECK(user_match(&u, "a = \"?one two", NULL, 0));
    watcher = user_start(&u, "watch", "timeout 2 scree store watch /c");
    usleep(500000);
    CHECK(user_ok(&u, "scree store write /c/new 1"));
    (void)user_join(watcher, 5);
    (void)user_file(&u, "watch");
    CHECK(user_says(&u, "/c/new"));
    CHECK(user_ok(&u, "scree store rm /c"));
    CHECK(user_refused(&u, 1, "/c/a", "scree store read /c/a"));
    CHECK(user_refused(&u, 1, "", "scree store read 'no//path'"));
    CHECK(user_refused(&u, 1, "", "scree store write '/bad path' 1"));
}

/* ---------------------------------------------------- nodes of domains */

static long long run_guest(const char *name, const char *words)
{
    CHECK(user_ok(&u, "scree run -d --name %s store_user -- %s", name, words));
    CHECK(scree_logged(&u, name, "store_user: at work", SOON));
    return scree_value(&u, name, "id");
}

static void test_domain_nodes(void)
{
    pid_t watcher = user_start(&u, "watch",
                               DEBIAN "timeout 20 xenstore-watch -n 4 "
                                      "@introduceDomain @releaseDomain");
    long long id;

    usleep(300000);
    CHECK(user_ok(&u, "scree run -d --name node --ip 10.0.0.50 hello"));
    id = scree_value(&u, "node", "id");
    CHECK(id > 0);
    CHECK(user_ok(&u, DEBIAN "xenstore-ls -f /local/domain/%lld", id));
    CHECK(user_match(&u, "/name = \"node\"", NULL, 0));
    CHECK(user_match(&u, "/domid = \"[0-9]+\"", NULL, 0));
    CHECK(user_ok(&u, DEBIAN "xenstore-read /scree/names/node"));
    CHECK(!strcmp(u.text, "10.0.0.50\n"));
    CHECK(user_ok(&u, "scree rm --force node"));
    CHECK(user_until(&u, 5, "^gone",
                     DEBIAN "xenstore-exists /local/domain/%lld || echo gone",
                     id));
    CHECK(user_until(&u, 5, "^gone",
                     DEBIAN "xenstore-exists /scree/names/node || echo gone"));
    CHECK(user_join(watcher, 5) == 0);
    (void)user_file(&u, "watch");
    CHECK(user_says(&u, "@introduceDomain\n@releaseDomain\n") ||
          user_says(&u, "@releaseDomain\n@introduceDomain\n"));
}

/* ------------------------------------------------------- guests' side */

static void test_guest_watch(void)
{
    long long id = run_guest("user", "put=data/mine watch=data/in");

    CHECK(user_ok(&u, DEBIAN "xenstore-read /local/domain/%lld/data/mine", id));
    CHECK(!strcmp(u.text, "put by the guest\n"));
    CHECK(user_ok(&u, DEBIAN "xenstore-write /local/domain/%lld/data/in knock",
                  id));
    CHECK(scree_logged(&u, "user", "watch: .*'knock'", SOON));
    CHECK(user_until(&u, SOON, "^knock$",
                     DEBIAN "xenstore-read /local/domain/%lld/data/echo", id));
    CHECK(
        user_ok(&u, "scree store write /local/domain/%lld/data/in twice", id));
    CHECK(user_until(&u, SOON, "^twice$",
                     DEBIAN "xenstore-read /local/domain/%lld/data/echo", id));
}

/* The other way round: who waits is on the host. */
static void test_host_watch(void)
{
    long long id = scree_value(&u, "user", "id");
    pid_t watcher = user_start(
        &u, "watch",
        DEBIAN "timeout 15 xenstore-watch -n 2 /local/domain/%lld/data/echo",
        id);

    usleep(300000);
    CHECK(user_ok(&u, DEBIAN "xenstore-write /local/domain/%lld/data/in again",
                  id));
    CHECK(user_join(watcher, SOON) == 0);
    CHECK(user_ok(&u, "scree rm --force user"));
}

static void test_guest_transactions(void)
{
    long long id;

    (void)run_guest("t1", "txn=data/n");
    id = scree_value(&u, "t1", "id");
    CHECK(scree_logged(&u, "t1", "txn: 100 done", 30));
    CHECK(user_ok(&u, DEBIAN "xenstore-read /local/domain/%lld/data/n", id));
    CHECK(!strcmp(u.text, "100\n"));
    CHECK(user_ok(&u, "scree rm --force t1"));
}

static void test_guests_are_apart(void)
{
    long long id = run_guest("owner", "put=data/secret");

    CHECK(user_ok(&u,
                  "scree run -d --name thief store_user -- "
                  "peek=/local/domain/%lld/data/secret "
                  "poke=/local/domain/%lld/data/secret",
                  id, id));
    CHECK(scree_logged(&u, "thief", "peek: .*error EACCES", SOON));
    CHECK(scree_logged(&u, "thief", "poke: .*error EACCES", SOON));
    CHECK(user_ok(&u, "scree rm --force thief"));
    CHECK(user_ok(&u, "scree run -d --name thief store_user -- "
                      "peek=/scree/names/owner poke=/scree/names/owner"));
    CHECK(scree_logged(&u, "thief", "peek: .*'10\\.0\\.0\\.[0-9]+'", SOON));
    CHECK(scree_logged(&u, "thief", "poke: .*error EACCES", SOON));
    CHECK(
        user_ok(&u, DEBIAN "xenstore-read /local/domain/%lld/data/secret", id));
    CHECK(!strcmp(u.text, "put by the guest\n"));
    CHECK(user_ok(&u, "scree rm --force thief owner"));
}

static void test_quota(void)
{
    long long id;

    CHECK(user_ok(&u, "scree run -d --name greedy store_user -- "
                      "fill=data/f swell=data/big"));
    CHECK(scree_logged(&u, "greedy", "fill: .*error ENOSPC", 60));
    CHECK(scree_logged(&u, "greedy", "swell: .*error (ENOSPC|E2BIG)", SOON));
    id = scree_value(&u, "greedy", "id");
    CHECK(user_ok(&u, DEBIAN "xenstore-write /t/still on"));
    (void)run_guest("other", "put=data/mine");
    CHECK(scree_logged(&u, "other", "put: .*done", SOON));
    CHECK(user_ok(&u, "scree rm --force greedy other"));
    CHECK(user_until(&u, SOON, "^gone",
                     DEBIAN "xenstore-exists /local/domain/%lld || echo gone",
                     id));
}

/* As xl and the xenstore habit have it. */
static void test_shutdown_node(void)
{
    long long id;

    CHECK(user_ok(&u, "scree run -d --name asked life -- polite code=2"));
    CHECK(scree_is(&u, "asked", "ready", SOON));
    id = scree_value(&u, "asked", "id");
    CHECK(user_ok(&u,
                  DEBIAN "xenstore-write /local/domain/%lld/control/shutdown "
                         "poweroff",
                  id));
    CHECK(scree_is(&u, "asked", "down", SOON));
    CHECK(user_number(&u, "code") == 2);
    CHECK(user_ok(&u, "scree rm asked"));
}

/* A guest that abuses its ring hurts nobody else. */
static void test_hostile_ring(void)
{
    if (user_run(&u, 5, "ls $S/guests/hostile_store.elf"))
        return;
    CHECK(user_ok(&u, "scree run -d --name hostile hostile_store"));
    (void)run_guest("honest", "watch=data/in txn=data/n");
    CHECK(scree_logged(&u, "honest", "txn: 100 done", 30));
    CHECK(user_ok(&u, DEBIAN "xenstore-write /t/still here"));
    CHECK(scree_logged(&u, "hostile", "# end|^1\\.\\.[0-9]", 60));
    CHECK(!user_match(&u, "^not ok", NULL, 0));
    CHECK(user_ok(&u, DEBIAN "xenstore-read /t/still"));
    CHECK(user_ok(&u, "scree rm --force hostile honest"));
}

void suite_scree_store(void)
{
    CU_pSuite s = CU_add_suite("scree_store", start, stop);

    CU_add_test(s, "Debian's programs: values", test_debian_values);
    CU_add_test(s, "Debian's programs: permissions", test_debian_permissions);
    CU_add_test(s, "Debian's programs: watches", test_debian_watch);
    CU_add_test(s, "Debian's programs: a large directory", test_debian_large);
    CU_add_test(s, "all of it with our library", test_ours);
    CU_add_test(s, "our library: Debian's symbols", test_our_symbols);
    CU_add_test(s, "a client made with Debian's header", test_client);
    CU_add_test(s, "scree store", test_command);
    CU_add_test(s, "a domain's nodes come and go", test_domain_nodes);
    CU_add_test(s, "a guest sees the host's write", test_guest_watch);
    CU_add_test(s, "the host sees the guest's write", test_host_watch);
    CU_add_test(s, "a guest's transactions", test_guest_transactions);
    CU_add_test(s, "guests cannot reach each other's", test_guests_are_apart);
    CU_add_test(s, "a full quota is its owner's", test_quota);
    CU_add_test(s, "control/shutdown asks", test_shutdown_node);
    CU_add_test(s, "a hostile ring", test_hostile_ring);
}
