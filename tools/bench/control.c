/* SPDX-License-Identifier: MIT */
/*
 * The control plane from outside: a cell started by `scree up` in a directory
 * of its own, used through the command, its API socket and its store socket.
 *
 *   run-http        `scree run -d` to the first byte of the first HTTP answer
 *   create-destroy  a domain made and removed, through the API, 16 under way
 *
 * Its store is measured by store.c.
 */
#include "tools/bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define CELL       "bench"
#define RUN_ROUNDS 10
#define RUN_PORT   18200
#define PIPELINE   16

static char home[256];

/* A command that must work, quietly. */
__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
    char command[1024];
    va_list list;
    int rc;

    va_start(list, format);
    vsnprintf(command, sizeof(command), format, list);
    va_end(list);
    rc = system(command);
    if (rc)
        fprintf(stderr, "bench: failed: %s\n", command);
    return rc ? -1 : 0;
}

/* ------------------------------------------------------------- run-http */

/* Asks for "/" once. 1: an answer begins; 0: not yet. */
static int http_answers(int port)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;
    int good;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    good = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
           write(fd, request, sizeof(request) - 1) > 0 &&
           read(fd, &byte, 1) == 1;
    close(fd);
    return good;
}

static pid_t start_run(const struct options *o, int round)
{
    char program[300], name[16], forward[32], site[300];
    pid_t pid;

    snprintf(program, sizeof(program), "%s/bin/scree", o->build);
    snprintf(site, sizeof(site), "%s/site", o->build);
    snprintf(name, sizeof(name), "http-%d", round);
    snprintf(forward, sizeof(forward), "%d:80", RUN_PORT + round);
    pid = fork();
    if (pid)
        return pid;
    if (!freopen("/dev/null", "w", stdout))
        _exit(127);
    execl(program, "scree", "run", "-d", "--name", name, "-p", forward,
          "--files", site, "web", (char *)NULL);
    _exit(127);
}

static int run_http(struct report *r, const struct options *o)
{
    for (int i = 0; i <= RUN_ROUNDS * o->repeats; i++) {
        uint64_t from = now_ns();
        pid_t pid = start_run(o, i);
        int status;

        waitpid(pid, &status, 0);
        if (status)
            return -1;
        if (i)
            report_add(r, "run-http", "command", "ms",
                       (double)(now_ns() - from) / 1e6);
        while (!http_answers(RUN_PORT + i)) {
            if (now_ns() - from > 10000000000ull)
                return -1;
            usleep(200);
        }
        if (i) /* the first one brought the image */
            report_add(r, "run-http", "first-response", "ms",
                       (double)(now_ns() - from) / 1e6);
        if (shell("%s/bin/scree rm --force http-%d >/dev/null", o->build, i))
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------- create-destroy */

/* The value of "key" in a state of `scree inspect NAME --json`; free() it. */
static char *inspect(const struct options *o, const char *name, const char *key)
{
    char command[512], line[8192], *value = NULL;
    cJSON *json, *item;
    size_t n;
    FILE *f;

    snprintf(command, sizeof(command), "%s/bin/scree inspect %s --json",
             o->build, name);
    f = popen(command, "r");
    n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;
    line[n] = 0;
    if (f)
        pclose(f);
    json = cJSON_Parse(line);
    item = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, 0) : json;
    item = cJSON_GetObjectItem(item, key);
    if (cJSON_IsString(item))
        value = strdup(item->valuestring);
    cJSON_Delete(json);
    return value;
}

/* Counts the answers that are whole; a failed one is -1. */
static int answers(FILE *f, int want)
{
    char line[65536];

    while (want > 0 && fgets(line, sizeof(line), f)) {
        if (!strstr(line, "\"ok\":true") && !strstr(line, "\"ok\": true")) {
            fprintf(stderr, "bench: %s", line);
            return -1;
        }
        want--;
    }
    return want ? -1 : 0;
}

static int churn(FILE *f, const char *image, int first, int count)
{
    for (int i = 0; i < count; i++)
        fprintf(f,
                "{\"id\":1,\"op\":\"run\",\"domain\":{\"name\":\"c-%d\","
                "\"image\":\"%s\",\"address\":\"none\"}}\n",
                first + i, image);
    fflush(f);
    if (answers(f, count))
        return -1;
    for (int i = 0; i < count; i++)
        fprintf(f,
                "{\"id\":2,\"op\":\"rm\",\"name\":\"c-%d\",\"force\":true}\n",
                first + i);
    fflush(f);
    return answers(f, count);
}

static int create_destroy(struct report *r, const struct options *o)
{
    char path[300], *image;
    int fd, rc = 0;
    FILE *f;

    if (shell("%s/bin/scree run -d --name seed hello >/dev/null", o->build))
        return -1;
    image = inspect(o, "seed", "image");
    snprintf(path, sizeof(path), "%s/" CELL "/api.sock", home);
    fd = bench_connect(path);
    f = fd < 0 ? NULL : fdopen(fd, "r+");
    if (!image || !f) {
        free(image);
        return -1;
    }
    for (int i = 0; i < o->repeats && !rc; i++) {
        uint64_t from = now_ns(), done = 0;

        while (!rc && now_ns() - from < (uint64_t)(o->seconds * 1e9)) {
            rc = churn(f, image, (int)done, PIPELINE);
            done += PIPELINE;
        }
        report_add(r, "create-destroy", "api-16", "per_s",
                   (double)done * 1e9 / (double)(now_ns() - from));
    }
    fclose(f);
    free(image);
    return rc;
}

/* ----------------------------------------------------------------- all */

int bench_control(struct report *r, const struct options *o)
{
    char absolute[200], path[300];
    int rc;

    if (!realpath(o->build, absolute))
        return -1;
    snprintf(home, sizeof(home), "/tmp/scree-bench-%d", (int)getpid());
    setenv("SCREE_HOME", home, 1);
    setenv("SCREE_LIB", absolute, 1);
    setenv("SCREE_CELL", CELL, 1);
    report_command(r, "make bench BENCH_FLAGS=\"--only control\"");
    if (shell("%s/bin/scree up --name " CELL " --memory 512M >/dev/null",
              o->build))
        return -1;
    snprintf(path, sizeof(path), "%s/" CELL "/store.sock", home);
    rc = bench_store(r, o, home, path);
    rc |= run_http(r, o);
    rc |= create_destroy(r, o);
    rc |= shell("%s/bin/scree down --cell " CELL " >/dev/null", o->build);
    (void)shell("rm -rf %s", home);
    return rc;
}
