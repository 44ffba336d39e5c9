/* SPDX-License-Identifier: MIT */
/* Clients, cells and directories that want to harm. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/screed/daemon.h"
#include "tools/lib/paths.h"

/* Sends n times text, which is some lines, and counts those of answers
 * meanwhile; all of them come within 10 s. */
static bool talk(int fd, const char *text, size_t n)
{
    size_t size = strlen(text), at = 0, lines = 0, each = 0;
    static char bytes[65536];

    for (const char *c = text; *c; c++)
        each += *c == '\n';
    while (lines < n * each) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got;
        if (at < n * size)
            p.events |= POLLOUT;
        if (poll(&p, 1, 10000) <= 0)
            return false;
        if (p.revents & POLLOUT) {
            got = send(fd, text + at % size, size - at % size,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
            at += got > 0 ? (size_t)got : 0;
        }
        if (!(p.revents & (POLLIN | POLLHUP)))
            continue;
        got = recv(fd, bytes, sizeof(bytes), 0);
        if (got <= 0)
            return false;
        for (ssize_t i = 0; i < got; i++)
            lines += bytes[i] == '\n';
    }
    return true;
}

static void many_requests_at_once_are_all_answered(void)
{
    struct daemon d;
    int fd;

    daemon_begin(&d);
    fd = daemon_connect(&d, "api.sock");
    CU_ASSERT(talk(fd, "no JSON\n", 30000));
    CU_ASSERT(talk(fd, "{\"op\":\"cell\"}\n", 3000));
    close(fd);
    daemon_end(&d);
}

/* As `echo REQUEST | nc -NU api.sock` does. */
static void who_sends_no_more_is_answered(void)
{
    static const char request[] = "{\"op\":\"ls\"}\n{\"op\":\"cell\"}\n";
    struct daemon d;

    daemon_begin(&d);
    for (int i = 0; i < 20; i++) {
        char bytes[8192] = "";
        size_t n = 0;
        ssize_t got;
        int fd = daemon_connect(&d, "api.sock");
        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        while ((got = daemon_read(fd, bytes + n, sizeof(bytes) - 1 - n, 3000)) >
               0)
            n += (size_t)got;
        CU_ASSERT_EQUAL(got, 0);
        CU_ASSERT(strstr(bytes, "\"domains\":[]") != NULL);
        CU_ASSERT(strstr(bytes, "\"state\":\"up\"") != NULL);
        close(fd);
    }
    daemon_end(&d);
}

static unsigned connections(struct daemon *d)
{
    char path[64], command[128];
    unsigned n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
    snprintf(command, sizeof(command), "ls %s | wc -l", path);
    f = popen(command, "r");
    if (f && fscanf(f, "%u", &n) != 1)
        n = 0;
    if (f)
        pclose(f);
    return n;
}

/* A stream of one that sends no more ends when it reads no more. */
static void half_closed_streams_do_not_stay(void)
{
    static const char request[] = "{\"op\":\"events\",\"follow\":true}\n";
    unsigned before, after = 0;
    struct daemon d;
    int fds[20];

    daemon_begin(&d);
    before = connections(&d);
    for (int i = 0; i < 20; i++) {
        fds[i] = daemon_connect(&d, "api.sock");
        send(fds[i], request, sizeof(request) - 1, MSG_NOSIGNAL);
        shutdown(fds[i], SHUT_WR);
    }
    usleep(200000);
    CU_ASSERT(connections(&d) >= before + 20);
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    for (int i = 0; i < 50 && (after = connections(&d)) > before; i++)
        usleep(100000);
    CU_ASSERT(after <= before);
    daemon_end(&d);
}

/* Brackets in a text are not nested JSON. */
static void texts_may_have_brackets(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(
        daemon_run(&d, "a", "[[[[[[[[[[[[[[[[[[{{{{{{{{{{{{{{{{{{{{", ""));
    CU_ASSERT(daemon_refused(&d, "bad-request",
                             "{'op':'run','domain':{'image':'%s',"
                             "'labels':{'key=with':'x'}}}",
                             d.image));
    daemon_end(&d);
}

/* The second ends at once, as soon as the first has ended. */
static void requests_on_one_domain_may_follow_each_other(void)
{
    char text[512];
    struct daemon d;
    int fd;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    snprintf(text, sizeof(text),
             "{\"op\":\"set\",\"name\":\"a\",\"weight\":7}\n"
             "{\"op\":\"run\",\"domain\":{\"name\":\"a\",\"image\":\"%s\"}}"
             "\n{\"op\":\"start\",\"name\":\"a\"}\n",
             d.image);
    fd = daemon_connect(&d, "api.sock");
    CU_ASSERT(talk(fd, text, 1));
    close(fd);
    daemon_end(&d);
}

/* All but the first wait for the first, and are refused one by one. */
static void many_want_the_same_name(void)
{
    enum { CLIENTS = 100, EACH = 60 };
    char text[256], bytes[256];
    int fds[CLIENTS];
    struct daemon d;

    daemon_begin(&d);
    snprintf(text, sizeof(text),
             "{\"op\":\"run\",\"domain\":{\"name\":\"a\",\"image\":\"%s\"}}\n",
             d.image);
    kill(daemon_cell(&d), SIGSTOP);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = daemon_connect(&d, "api.sock");
        for (int k = 0; k < EACH; k++)
            send(fds[i], text, strlen(text), MSG_NOSIGNAL);
    }
    usleep(300000);
    kill(daemon_cell(&d), SIGCONT);
    for (int i = 0; i < CLIENTS; i++) {
        CU_ASSERT(daemon_read(fds[i], bytes, sizeof(bytes), 5000) > 0);
        close(fds[i]);
    }
    daemon_end(&d);
}

static unsigned long ticks(const struct daemon *d)
{
    unsigned long user = 0, system = 0;
    char path[32];
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)d->pid);
    f = fopen(path, "r");
    if (f && fscanf(f,
                    "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
                    "%*u %lu %lu",
                    &user, &system) != 2)
        user = system = 0;
    if (f)
        fclose(f);
    return user + system;
}

static void clients_wait_when_there_is_no_file_left(void)
{
    static const struct rlimit few = {64, 64};
    unsigned long before;
    struct daemon d;
    int fds[80];

    daemon_begin(&d);
    CU_ASSERT(!prlimit(d.pid, RLIMIT_NOFILE, &few, NULL));
    for (int i = 0; i < 80; i++)
        fds[i] = daemon_connect(&d, "api.sock");
    usleep(300000);
    before = ticks(&d);
    sleep(1);
    CU_ASSERT(ticks(&d) - before < 20); /* of 100 */
    for (int i = 0; i < 80; i++)
        close(fds[i]);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    daemon_end(&d);
}

static void screed_ends_while_a_domain_is_removed(void)
{
    static const char rm[] = "{\"op\":\"rm\",\"name\":\"a\",\"force\":true}\n"
                             "{\"op\":\"start\",\"name\":\"a\"}\n";
    struct daemon d;
    int fd;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "undying", ""));
    fd = daemon_connect(&d, "api.sock");
    send(fd, rm, sizeof(rm) - 1, MSG_NOSIGNAL);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    usleep(200000);
    kill(d.pid, SIGTERM);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    close(fd);
    client_close(&d.api);
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_is(&d, "a", "phase", "ready"));
    daemon_end(&d);
}

/* Who is told of it ends what others would be told of. */
static void a_cell_dies_while_a_domain_is_removed(void)
{
    static const char wait[] = "{\"op\":\"wait\",\"name\":\"a\"}\n";
    static const char rm[] = "{\"op\":\"rm\",\"name\":\"a\",\"force\":true}\n";
    char bytes[512];
    struct daemon d;
    int waits, removes;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "undying", ""));
    waits = daemon_connect(&d, "api.sock");
    send(waits, wait, sizeof(wait) - 1, MSG_NOSIGNAL);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    removes = daemon_connect(&d, "api.sock");
    send(removes, rm, sizeof(rm) - 1, MSG_NOSIGNAL);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    usleep(100000);
    kill(daemon_cell(&d), SIGKILL);
    CU_ASSERT(daemon_read(waits, bytes, sizeof(bytes), 3000) > 0);
    CU_ASSERT(daemon_read(removes, bytes, sizeof(bytes), 3000) > 0);
    close(waits);
    close(removes);
    for (int i = 0; i < 300 && !daemon_is_up(&d); i++)
        usleep(10000);
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    daemon_end(&d);
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

/* A control domain that makes up domains keeps nobody waiting, and has no say
 * in what a terminal does. */
static void domains_that_nobody_made_are_few(void)
{
    struct daemon d;
    char *text;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "slander", ""));
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    usleep(300000);
    text = daemon_file(&d, "screed.log");
    CU_ASSERT(count(text, "is nobody's") < 100);
    free(text);
    text = daemon_file(&d, "events.log");
    CU_ASSERT(count(text, "nobody-") >= 1000);
    CU_ASSERT(!count(text, "]0;"));
    free(text);
    CU_ASSERT(daemon_refused(&d, "no-memory",
                             "{'op':'run','domain':{'image':'%s',"
                             "'cmdline':'full'}}",
                             d.image));
    CU_ASSERT_STRING_EQUAL(d.error.text, "not enough ?[1mmemory");
    daemon_end(&d);
}

static void a_monitor_that_is_silent_is_a_timeout(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_refused(&d, "timeout",
                             "{'op':'run','domain':{'name':'a','image':'%s',"
                             "'forwards':[{'host':6667,'guest':80}]}}",
                             d.image));
    CU_ASSERT(daemon_is(&d, "a", "phase", NULL));
    daemon_end(&d);
}

static void damage(struct daemon *d)
{
    char name[96], path[256];

    snprintf(name, sizeof(name), "objects/%s", d->image + 7);
    daemon_path(d, name, path);
    CU_ASSERT(!truncate(path, 5000));
}

/* After a loss of power a file may be shorter than it was. */
static void a_damaged_object_is_put_anew(void)
{
    struct daemon d;
    char kept[80];

    daemon_begin(&d);
    snprintf(kept, sizeof(kept), "%s", d.image);
    CU_ASSERT(daemon_run(&d, "down", "", ",'labels':{'a':'b'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'kill','name':'down'}"));
    daemon_kill(&d, SIGKILL);
    kill(daemon_cell(&d), SIGKILL);
    damage(&d);
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_refused(&d, "no-such-image",
                             "{'op':'run','domain':{'name':'a','image':'%s'}}",
                             kept));
    CU_ASSERT(make_image(&d)); /* as `scree run` does when it is not there */
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    CU_ASSERT(daemon_ok(&d, "{'op':'start','name':'down'}"));
    daemon_end(&d);
}

static void limit_files(const struct daemon *d, rlim_t bytes)
{
    const struct rlimit r = {bytes, RLIM_INFINITY};

    CU_ASSERT(!prlimit(d->pid, RLIMIT_FSIZE, &r, NULL));
}

/* The disk is full in the middle of an entry, and has room again for the
 * next. */
static void half_an_entry_does_not_damage_the_rest(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    usleep(1500000); /* the next entry begins a file */
    limit_files(&d, 100);
    CU_ASSERT(daemon_run(&d, "b", "", ""));
    limit_files(&d, RLIM_INFINITY);
    CU_ASSERT(daemon_run(&d, "c", "", ",'labels':{'x':'y'}"));
    daemon_kill(&d, SIGKILL);
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_is(&d, "a", "phase", "ready"));
    CU_ASSERT(daemon_is(&d, "b", "phase", "ready"));
    CU_ASSERT(daemon_is(&d, "c", "labels", "{\"x\":\"y\"}"));
    daemon_end(&d);
}

/* ------------------------------------------------------------ the place */

static void the_directory_is_made_private(void)
{
    struct daemon d;
    char path[256];
    struct stat st;

    daemon_home(&d);
    daemon_path(&d, "", path);
    CU_ASSERT(!mkdir(path, 0700) && !chmod(path, 0777));
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(!stat(path, &st) && (st.st_mode & 0777) == 0700);
    daemon_end(&d);
}

static void a_directory_of_others_is_refused(void)
{
    char path[256], other[128];
    struct daemon d;
    struct stat st;

    daemon_home(&d);
    snprintf(other, sizeof(other), "%s/other", d.home);
    snprintf(path, sizeof(path), "%s/" CELL, d.home);
    CU_ASSERT(!mkdir(other, 0755) && !symlink(other, path));
    daemon_spawn(&d);
    CU_ASSERT_EQUAL(daemon_wait(&d), 1);
    CU_ASSERT(!stat(other, &st) && (st.st_mode & 0777) == 0755);
    unlink(path);
    if (!geteuid()) {
        CU_ASSERT(!mkdir(path, 0700) && !chown(path, 65534, 65534));
        daemon_spawn(&d);
        CU_ASSERT_EQUAL(daemon_wait(&d), 1);
    }
    daemon_end(&d);
}

/* One that still writes what it knows has the lock, and no sockets. */
static void a_screed_that_ends_is_waited_for(void)
{
    struct daemon d;
    char path[256];
    int fd;

    daemon_home(&d);
    daemon_path(&d, "", path);
    mkdir(path, 0700);
    daemon_path(&d, CELL_LOCK, path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT(!flock(fd, LOCK_EX));
    daemon_spawn(&d);
    usleep(300000);
    CU_ASSERT(!unlink(path));
    close(fd);
    for (int i = 0; i < 500 && access(path, F_OK); i++)
        usleep(10000);
    daemon_path(&d, CELL_API, path);
    for (int i = 0; i < 500 && !client_open(&d.api, path, &d.error); i++)
        usleep(10000);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    daemon_end(&d);
}

void suite_hostile(void)
{
    CU_pSuite s = CU_add_suite("hostile", NULL, NULL);

    CU_ADD_TEST(s, many_requests_at_once_are_all_answered);
    CU_ADD_TEST(s, who_sends_no_more_is_answered);
    CU_ADD_TEST(s, half_closed_streams_do_not_stay);
    CU_ADD_TEST(s, texts_may_have_brackets);
    CU_ADD_TEST(s, requests_on_one_domain_may_follow_each_other);
    CU_ADD_TEST(s, many_want_the_same_name);
    CU_ADD_TEST(s, clients_wait_when_there_is_no_file_left);
    CU_ADD_TEST(s, screed_ends_while_a_domain_is_removed);
    CU_ADD_TEST(s, a_cell_dies_while_a_domain_is_removed);
    CU_ADD_TEST(s, domains_that_nobody_made_are_few);
    CU_ADD_TEST(s, a_monitor_that_is_silent_is_a_timeout);
    CU_ADD_TEST(s, a_damaged_object_is_put_anew);
    CU_ADD_TEST(s, half_an_entry_does_not_damage_the_rest);
    CU_ADD_TEST(s, the_directory_is_made_private);
    CU_ADD_TEST(s, a_directory_of_others_is_refused);
    CU_ADD_TEST(s, a_screed_that_ends_is_waited_for);
}
