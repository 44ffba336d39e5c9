/* SPDX-License-Identifier: MIT */
/*
 * A program that uses libxenstore as its header says, and prints what every
 * call gave: it must be the same with Debian's library and with ours. A line
 * begins with the name of what is tried. With "control WORD" it only sends that
 * command to the server.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenstore.h>

static struct xs_handle *h;

static const char *why(void)
{
    static char number[16];

    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (xsd_errors[i].errnum == errno)
            return xsd_errors[i].errstring;
    }
    snprintf(number, sizeof(number), "errno %d", errno);
    return number;
}

static void say(const char *what, bool done)
{
    printf("%s: %s\n", what, done ? "yes" : why());
    fflush(stdout);
}

/* --------------------------------------------------------------- nodes */

static void say_value(const char *what, const char *path)
{
    unsigned length = 0;
    char *value = xs_read(h, XBT_NULL, path, &length);

    if (!value) {
        say(what, false);
        return;
    }
    printf("%s: %u bytes:", what, length);
    for (unsigned i = 0; i <= length; i++)
        printf(" %02x", (unsigned char)value[i]);
    printf("\n");
    free(value);
}

static void try_nodes(void)
{
    char longest[4100];

    memset(longest, 'x', sizeof(longest));
    say("write", xs_write(h, XBT_NULL, "/t/a", "value", 5));
    say_value("read", "/t/a");
    say("write binary", xs_write(h, XBT_NULL, "/t/b", "\0\1\377\0", 4));
    say_value("read binary", "/t/b");
    say("write nothing", xs_write(h, XBT_NULL, "/t/c", "", 0));
    say_value("read nothing", "/t/c");
    say_value("read none", "/t/none");
    say_value("read bad path", "/t//x");
    say_value("read worse path", "/t/\x01");
    say_value("read empty path", "");
    say("write 2048", xs_write(h, XBT_NULL, "/t/d", longest, 2048));
    say("write 4091", xs_write(h, XBT_NULL, "/t/d", longest, 4091));
    say("write 4092", xs_write(h, XBT_NULL, "/t/d", longest, 4092));
    longest[3072] = '\0';
    longest[0] = '/';
    say("path of 3072", xs_mkdir(h, XBT_NULL, longest));
    say("mkdir", xs_mkdir(h, XBT_NULL, "/t/dir"));
    say("mkdir again", xs_mkdir(h, XBT_NULL, "/t/dir"));
    say("rm", xs_rm(h, XBT_NULL, "/t/dir"));
    say("rm again", xs_rm(h, XBT_NULL, "/t/dir"));
    say("rm below none", xs_rm(h, XBT_NULL, "/none/x"));
}

static void say_children(const char *what, const char *path)
{
    unsigned n = 0;
    char **names = xs_directory(h, XBT_NULL, path, &n);

    if (!names) {
        say(what, false);
        return;
    }
    printf("%s: %u:", what, n);
    for (unsigned i = 0; i < n; i++)
        printf(" %s", names[i]);
    printf("\n");
    free(names);
}

static void try_directories(void)
{
    char path[128];

    say_children("children", "/t");
    say_children("no children", "/t/a");
    say_children("none's children", "/none");
    for (unsigned i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "/large/a-child-with-a-long-name-%04u", i);
        if (!xs_write(h, XBT_NULL, path, "", 0))
            say(path, false);
    }
    say_children("many children", "/large");
    say("rm large", xs_rm(h, XBT_NULL, "/large"));
    say_children("many children gone", "/large");
}

/* --------------------------------------------------------- permissions */

static void say_permissions(const char *what, const char *path)
{
    unsigned n = 0;
    struct xs_permissions *p = xs_get_permissions(h, XBT_NULL, path, &n);

    if (!p) {
        say(what, false);
        return;
    }
    printf("%s: %u:", what, n);
    for (unsigned i = 0; i < n; i++)
        printf(" %u=%u", p[i].id, p[i].perms);
    printf("\n");
    free(p);
}

static void try_permissions(void)
{
    struct xs_permissions p[] = {
        {0, XS_PERM_NONE},
        {5, XS_PERM_READ},
        {6, XS_PERM_WRITE},
        {7, XS_PERM_READ | XS_PERM_WRITE},
    };

    say_permissions("permissions", "/t/a");
    say("set permissions", xs_set_permissions(h, XBT_NULL, "/t/a", p, 4));
    say_permissions("permissions", "/t/a");
    say("set none's", xs_set_permissions(h, XBT_NULL, "/none", p, 4));
    say_permissions("none's permissions", "/none");
    say("set no permissions", xs_set_permissions(h, XBT_NULL, "/t/a", p, 0));
    p[1].perms = 0x80;
    say("set odd ones", xs_set_permissions(h, XBT_NULL, "/t/a", p, 2));
    printf("texts: %d %d %d\n", xs_strings_to_perms(p, 2, "r5\0n6"),
           xs_strings_to_perms(p, 1, "x5"), xs_strings_to_perms(p, 1, "r"));
}

/* -------------------------------------------------------- transactions */

static void try_transactions(void)
{
    xs_transaction_t t = xs_transaction_start(h), u;
    char *value;

    say("start", t != XBT_NULL);
    say("write in it", xs_write(h, t, "/t/in", "1", 1));
    say_value("read outside", "/t/in");
    value = xs_read(h, t, "/t/in", NULL);
    printf("read inside: %s\n", value ? value : why());
    free(value);
    say("commit", xs_transaction_end(h, t, false));
    say_value("read after", "/t/in");
    t = xs_transaction_start(h);
    say("write in it", xs_write(h, t, "/t/in", "2", 1));
    say("abort", xs_transaction_end(h, t, true));
    say_value("read after", "/t/in");
    t = xs_transaction_start(h);
    u = xs_transaction_start(h);
    free(xs_read(h, t, "/t/in", NULL));
    free(xs_read(h, u, "/t/in", NULL));
    say("write in one", xs_write(h, t, "/t/in", "3", 1));
    say("write in the other", xs_write(h, u, "/t/in", "4", 1));
    say("commit one", xs_transaction_end(h, t, false));
    say("commit the other", xs_transaction_end(h, u, false));
    say_value("read after", "/t/in");
    say("end none", xs_transaction_end(h, 0x7777, false));
    say("write in none", xs_write(h, 0x7777, "/t/in", "5", 1));
}

/* ------------------------------------------------------------- watches */

static bool readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) == 1;
}

static void say_event(const char *what, char **event)
{
    if (event)
        printf("%s: %s %s\n", what, event[XS_WATCH_PATH],
               event[XS_WATCH_TOKEN]);
    else
        say(what, false);
    free(event);
}

static void try_watches(void)
{
    int fd = xs_fileno(h);
    unsigned n = 0;

    say_event("no event", xs_check_watch(h));
    printf("readable: %d\n", readable(fd, 0));
    say("watch", xs_watch(h, "/t/w", "token"));
    say_event("first event", xs_read_watch(h, &n));
    printf("strings: %u, readable: %d\n", n, readable(fd, 0));
    say("watch again", xs_watch(h, "/t/w", "token"));
    say("write", xs_write(h, XBT_NULL, "/t/w/x", "1", 1));
    printf("readable: %d\n", readable(fd, 5000));
    say_event("event", xs_read_watch(h, &n));
    say("rm", xs_rm(h, XBT_NULL, "/t/w"));
    say_event("event", xs_read_watch(h, &n));
    say("unwatch", xs_unwatch(h, "/t/w", "token"));
    say("unwatch again", xs_unwatch(h, "/t/w", "token"));
    say("write", xs_write(h, XBT_NULL, "/t/w/x", "1", 1));
    say_event("no event", xs_check_watch(h));
    say("special watch", xs_watch(h, "@introduceDomain", "special"));
    say_event("first event", xs_read_watch(h, &n));
    say("no special watch", xs_watch(h, "@nothing", "special"));
    say("watch bad path", xs_watch(h, "/t//w", "token"));
    say("unwatch", xs_unwatch(h, "@introduceDomain", "special"));
}

/* Events that nobody took are gone after xs_unwatch where that was wished. */
static void try_filter(void)
{
    struct xs_handle *filtering = xs_open(XS_UNWATCH_FILTER);
    unsigned n;

    say("watch one", xs_watch(filtering, "/t/f", "one"));
    say("watch two", xs_watch(filtering, "/t/f", "two"));
    say("unwatch one", xs_unwatch(filtering, "/t/f", "one"));
    say_event("two's event", xs_read_watch(filtering, &n));
    say_event("no event", xs_check_watch(filtering));
    xs_close(filtering);
}

/* ------------------------------------------------------------- threads */

static void *write_and_read(void *number)
{
    long wrong = 0, me = (long)number;
    char path[32], text[32], *value;

    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/t/thread/%ld", me);
        snprintf(text, sizeof(text), "%ld %u", me, i);
        wrong += !xs_write(h, XBT_NULL, path, text, (unsigned)strlen(text));
        value = xs_read(h, XBT_NULL, path, NULL);
        wrong += !value || strcmp(value, text) != 0;
        free(value);
    }
    return (void *)wrong;
}

static void try_threads(void)
{
    pthread_t thread[4];
    void *wrong;
    unsigned events = 0, n;

    say("watch", xs_watch(h, "/t/thread", "threads"));
    for (long i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, write_and_read, (void *)i);
    for (long i = 0; i < 4; i++) {
        pthread_join(thread[i], &wrong);
        printf("thread %ld: %ld wrong\n", i, (long)wrong);
    }
    for (; events < 401; events++)
        free(xs_read_watch(h, &n));
    printf("events: %u, and %s\n", events,
           xs_check_watch(h) ? "more" : "no more");
    say("unwatch", xs_unwatch(h, "/t/thread", "threads"));
}

/* ------------------------------------------------------------- domains */

static void try_domains(void)
{
    char *path = xs_get_domain_path(h, 7), *text;

    printf("path of 7: %s\n", path ? path : why());
    free(path);
    printf("introduced: %d\n", xs_is_domain_introduced(h, 7777));
    printf("suspend port: %d\n", xs_suspend_evtchn_port(7777));
    say("write port",
        xs_write(h, XBT_NULL, "/local/domain/7777/device/suspend/event-channel",
                 "42", 2));
    printf("suspend port: %d\n", xs_suspend_evtchn_port(7777));
    printf("restrict: %d\n", xs_restrict(h, 7));
    text = xs_control_command(h, "no such command", NULL, 0);
    printf("control: %s\n", text ? text : why());
    free(text);
    printf("below: %d %d %d\n", xs_path_is_subpath("/a", "/a/b"),
           xs_path_is_subpath("/a", "/ab"), xs_path_is_subpath("/a/b", "/a"));
}

/* --------------------------------------------------------------- ends */

static void *read_watch(void *handle)
{
    unsigned n;

    return xs_read_watch(handle, &n);
}

/* A server that answers the first watch and goes at the next request. */
static void serve_shortly(int listener)
{
    int fd = accept(listener, NULL, NULL);
    struct {
        struct xsd_sockmsg head;
        char body[64];
    } packet;

    if (read(fd, &packet, sizeof(packet)) > 0) {
        packet.head.len = 3;
        memcpy(packet.body, "OK", 3);
        if (write(fd, &packet, sizeof(packet.head) + 3) > 0)
            (void)!read(fd, &packet, sizeof(packet));
    }
    exit(0);
}

static pid_t start_server(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t child;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 1) != 0)
        exit(2);
    child = fork();
    if (child == 0)
        serve_shortly(listener);
    close(listener);
    return child;
}

static void try_dead_server(void)
{
    char path[64];
    pthread_t waiting;
    void *event;
    pid_t child;

    snprintf(path, sizeof(path), "/tmp/libxenstore-client.%d", (int)getpid());
    child = start_server(path);
    setenv("XENSTORED_PATH", path, 1);
    h = xs_open(0);
    unlink(path);
    say("watch", xs_watch(h, "/t/w", "token"));
    pthread_create(&waiting, NULL, read_watch, h);
    /* how it fails depends on who learns of it first */
    printf("read: %d\n", xs_read(h, XBT_NULL, "/t/a", NULL) != NULL);
    waitpid(child, NULL, 0);
    pthread_join(waiting, &event);
    printf("waiting thread: %s\n", event ? "event" : "nothing");
    printf("read: %d\n", xs_read(h, XBT_NULL, "/t/a", NULL) != NULL);
    printf("write: %d\n", xs_write(h, XBT_NULL, "/t/a", "x", 1));
    say_event("event", xs_check_watch(h));
    xs_close(h);
    say("open", xs_open(0) != NULL);
}

static void try_child(void)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        xs_daemon_destroy_postfork(h);
        h = xs_daemon_open();
        say_value("child's own", "/t/a");
        xs_daemon_close(h);
        exit(0);
    }
    waitpid(child, &status, 0);
    printf("child: %d\n", status);
    say_value("parent's", "/t/a");
}

/* What xenstore-control does, which is not in Debian's xenstore-utils. */
static int control(const char *command)
{
    char *text = xs_control_command(h, command, NULL, 0);

    printf("%s\n", text ? text : why());
    free(text);
    return text ? 0 : 1;
}

int main(int argc, char **argv)
{
    h = xs_open(0);
    say("open", h != NULL);
    if (!h)
        return 1;
    if (argc == 3 && strcmp(argv[1], "control") == 0)
        return control(argv[2]);
    try_nodes();
    try_directories();
    try_permissions();
    try_transactions();
    try_watches();
    try_filter();
    try_threads();
    try_domains();
    try_child();
    say("clean", xs_rm(h, XBT_NULL, "/t"));
    xs_close(h);
    try_dead_server();
    return 0;
}
