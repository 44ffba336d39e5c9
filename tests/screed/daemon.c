/* SPDX-License-Identifier: MIT */
/* See daemon.h. */
#define _GNU_SOURCE
#include "tests/screed/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bundle/object.h"
#include "tools/lib/digest.h"
#include "tools/lib/paths.h"
#include "tools/lib/socket.h"

#define PATIENCE 1000 /* times 10 ms */

static void nap(void)
{
    poll(NULL, 0, 10);
}

static const char *build(void)
{
    static char path[256];
    char self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (!path[0] && n > 0) {
        self[n] = '\0';
        snprintf(path, sizeof(path), "%s", dirname(dirname(self)));
    }
    return path;
}

void daemon_path(const struct daemon *d, const char *name, char path[256])
{
    snprintf(path, 256, "%s/" CELL "/%s", d->home, name);
}

char *daemon_file(const struct daemon *d, const char *name)
{
    char path[256], *text = NULL;
    size_t size = 0;
    FILE *in, *out = open_memstream(&text, &size);
    int c;

    daemon_path(d, name, path);
    in = fopen(path, "r");
    while (in && (c = fgetc(in)) != EOF)
        fputc(c, out);
    if (in)
        fclose(in);
    fclose(out);
    return text;
}

/* ---------------------------------------------------------- the process */

void daemon_home(struct daemon *d)
{
    char path[300];

    *d = (struct daemon){.api.fd = -1};
    snprintf(d->home, sizeof(d->home), "/tmp/scd.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(d->home));
    setenv("SCREE_HOME", d->home, 1);
    setenv("SCREE_LIB", build(), 1);
    snprintf(path, sizeof(path), "%s/screed/fake-cell", build());
    setenv("SCREE_QEMU", path, 1);
}

void daemon_spawn(struct daemon *d)
{
    char program[300], output[128];
    int fd;

    snprintf(program, sizeof(program), "%s/screed/screed", build());
    snprintf(output, sizeof(output), "%s/output", d->home);
    fflush(stdout);
    d->pid = fork();
    if (d->pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execl(program, "screed", "--foreground", "--cell", CELL, (char *)NULL);
    _exit(127);
}

int daemon_wait(struct daemon *d)
{
    int status;

    for (int i = 0; i < PATIENCE; i++) {
        if (waitpid(d->pid, &status, WNOHANG) == d->pid) {
            d->pid = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        nap();
    }
    return -2;
}

void daemon_kill(struct daemon *d, int signal)
{
    kill(d->pid, signal);
    daemon_wait(d);
    client_close(&d->api);
}

pid_t daemon_cell(const struct daemon *d)
{
    char *text = daemon_file(d, CELL_QEMU_PID);
    pid_t pid = atoi(text);

    free(text);
    return pid;
}

bool daemon_is_up(struct daemon *d)
{
    cJSON *answer = daemon_ask(d, "{'op':'cell'}");
    bool up = !strcmp(
        json_text(cJSON_GetObjectItem(answer, "cell"), "state", ""), "up");

    cJSON_Delete(answer);
    return up;
}

bool daemon_start(struct daemon *d)
{
    char path[256];

    daemon_path(d, CELL_API, path);
    daemon_spawn(d);
    for (int i = 0; i < PATIENCE; i++) {
        if (d->api.fd < 0 && !client_open(&d->api, path, &d->error))
            nap();
        else if (daemon_is_up(d))
            return true;
        else
            nap();
    }
    return false;
}

bool make_image(struct daemon *d)
{
    char path[300];
    struct buffer b = {0};
    struct why w;
    bool good;

    snprintf(path, sizeof(path), "%s/guests/hello.elf", build());
    good = object_make_image(path, &b, &w) &&
           put_object(d, b.bytes, b.size, d->image);
    buffer_free(&b);
    return good;
}

bool daemon_begin(struct daemon *d)
{
    bool good;

    daemon_home(d);
    good = daemon_start(d) && make_image(d);
    CU_ASSERT_FATAL(good);
    return good;
}

static void show(const struct daemon *d)
{
    char command[256];

    snprintf(command, sizeof(command),
             "cat %s/output %s/" CELL "/screed.log 2>/dev/null", d->home,
             d->home);
    fflush(stdout);
    (void)!system(command);
}

/* What is left of a cell that is down. */
static bool is_clean(const struct daemon *d)
{
    static const char *const names[] = {
        CELL_API, CELL_STORE, CELL_LOCK, CELL_CHANNEL, CELL_QMP, CELL_QEMU_PID};
    char path[256];
    bool clean = true;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        daemon_path(d, names[i], path);
        if (access(path, F_OK))
            continue;
        printf("left: %s\n", path);
        clean = false;
    }
    return clean;
}

/* One that nobody has waited for is dead, too. */
static bool is_alive(pid_t pid)
{
    char path[32], state = 'X';
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = pid > 0 ? fopen(path, "r") : NULL;
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X';
    if (f)
        fclose(f);
    return state != 'X' && state != 'Z';
}

void daemon_end(struct daemon *d)
{
    pid_t cell = daemon_cell(d);
    char command[96];
    int status = 0;
    bool good;

    if (d->pid) {
        CU_ASSERT(daemon_ok(d, "{'op':'down'}"));
        status = daemon_wait(d);
        CU_ASSERT(is_clean(d));
        CU_ASSERT(!is_alive(cell));
    } else if (cell > 0) {
        kill(cell, SIGKILL);
    }
    good = status == 0;
    CU_ASSERT(good);
    if (!good)
        show(d);
    client_close(&d->api);
    snprintf(command, sizeof(command), "rm -rf %s", d->home);
    (void)!system(command);
}

/* ------------------------------------------------------------- requests */

static cJSON *parse(const char *format, va_list args)
{
    char *text = NULL;
    cJSON *json;

    if (vasprintf(&text, format, args) < 0)
        return NULL;
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    json = cJSON_Parse(text);
    if (!json)
        printf("the test's own JSON is bad: %s\n", text);
    free(text);
    return json;
}

static cJSON *ask(struct daemon *d, const char *format, va_list args)
{
    cJSON *request = parse(format, args), *answer = NULL;

    if (request)
        client_call(&d->api, request, NULL, &answer, &d->error);
    return answer;
}

cJSON *daemon_ask(struct daemon *d, const char *format, ...)
{
    va_list args;
    cJSON *answer;

    va_start(args, format);
    answer = ask(d, format, args);
    va_end(args);
    return answer;
}

bool daemon_ok(struct daemon *d, const char *format, ...)
{
    va_list args;
    cJSON *answer;

    va_start(args, format);
    answer = ask(d, format, args);
    va_end(args);
    if (!answer)
        printf("refused: %s: %s\n", d->error.code, d->error.text);
    cJSON_Delete(answer);
    return answer != NULL;
}

bool daemon_refused(struct daemon *d, const char *code, const char *format, ...)
{
    va_list args;
    cJSON *answer;

    va_start(args, format);
    answer = ask(d, format, args);
    va_end(args);
    if (answer)
        printf("not refused: %s\n", format);
    else if (strcmp(d->error.code, code) != 0)
        printf("refused as %s: %s\n", d->error.code, d->error.text);
    cJSON_Delete(answer);
    return !answer && !strcmp(d->error.code, code);
}

bool daemon_run(struct daemon *d, const char *name, const char *cmdline,
                const char *more)
{
    return daemon_ok(d,
                     "{'op':'run','domain':{'name':'%s','image':'%s',"
                     "'cmdline':'%s'%s}}",
                     name, d->image, cmdline, more);
}

char *daemon_state(struct daemon *d, const char *name, const char *key)
{
    cJSON *answer = daemon_ask(d, "{'op':'ls','names':['%s']}", name);
    const cJSON *state =
        cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "domains"), 0);
    const cJSON *value = cJSON_GetObjectItem(state, key);
    char *text = NULL;

    if (cJSON_IsString(value))
        text = strdup(value->valuestring);
    else if (value)
        text = cJSON_PrintUnformatted(value);
    cJSON_Delete(answer);
    return text;
}

bool daemon_is(struct daemon *d, const char *name, const char *key,
               const char *value)
{
    char *found = daemon_state(d, name, key);
    bool same = found && value ? !strcmp(found, value) : found == value;

    free(found);
    return same;
}

bool daemon_until(struct daemon *d, const char *name, const char *key,
                  const char *value)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (daemon_is(d, name, key, value))
            return true;
        nap();
    }
    return false;
}

bool put_object(struct daemon *d, const void *bytes, size_t n, char digest[80])
{
    struct digest hash = digest_of(bytes, n);
    cJSON *request = cJSON_CreateObject(), *line = NULL;
    bool good;
    uint64_t id;

    digest_text(&hash, digest);
    json_put_text(request, "op", "image-put");
    json_put_text(request, "digest", digest);
    json_put_number(request, "size", n);
    good = client_send(&d->api, request, &id, &d->error) &&
           client_send_bytes(&d->api, bytes, n, &d->error) &&
           client_receive(&d->api, 10000, &line, &d->error) &&
           json_true(line, "ok");
    cJSON_Delete(line);
    return good;
}

/* ---------------------------------------------------------- raw sockets */

int daemon_connect(struct daemon *d, const char *name)
{
    char path[256];

    daemon_path(d, name, path);
    return socket_connect(path, &d->error);
}

ssize_t daemon_read(int fd, void *bytes, size_t n, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t got;

    if (poll(&p, 1, ms) <= 0)
        return -1;
    got = recv(fd, bytes, n, 0);
    return got < 0 ? 0 : got; /* reset is closed, too */
}
