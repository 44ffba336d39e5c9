/* SPDX-License-Identifier: MIT */
/* See cell.h. */
#define _GNU_SOURCE
#include "tests/system/cell.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/http.h"

#define WEB_SECONDS 30
#define BIG_BYTES   40000

static unsigned failed_outside;

bool cell_check(bool good, const char *what, const char *file, unsigned line)
{
    if (CU_get_current_test())
        return CU_assertImplementation(good, line, what, file, "", CU_FALSE);
    if (!good) {
        printf("    %s:%u: %s\n", file, line, what);
        failed_outside++;
    }
    return good;
}

unsigned cell_failed_outside(void)
{
    unsigned n = failed_outside;

    failed_outside = 0;
    return n;
}

const char *cell_build(void)
{
    static char path[CELL_PATH];
    char self[CELL_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (!path[0] && n > 0) {
        self[n] = '\0';
        snprintf(path, sizeof(path), "%s", dirname(dirname(self)));
    }
    return path;
}

/* ------------------------------------------------------------- files */

static bool write_file(const char *dir, const char *name, const char *bytes,
                       size_t n)
{
    char path[CELL_PATH * 2];
    FILE *f;
    bool ok;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    if (!f)
        return false;
    ok = fwrite(bytes, 1, n, f) == n;
    return fclose(f) == 0 && ok;
}

static bool make_www(const char *dir)
{
    static const char index[] = "<html><body>scree</body></html>\n";
    static char big[BIG_BYTES];
    char path[CELL_PATH + 16];

    snprintf(path, sizeof(path), "%s/www", dir);
    if (mkdir(path, 0700))
        return false;
    for (unsigned i = 0; i < BIG_BYTES; i++)
        big[i] = (char)('a' + i % 26);
    return write_file(path, "index.html", index, sizeof(index) - 1) &&
           write_file(path, "hello.txt", "hello\n", 6) &&
           write_file(path, "big.txt", big, BIG_BYTES);
}

/* Copies text with $B and $D replaced; free() it. */
static char *expand(const struct cell *c, const char *text)
{
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);

    for (; *text; text++) {
        if (text[0] == '$' && text[1] == 'B')
            fputs(cell_build(), f), text++;
        else if (text[0] == '$' && text[1] == 'D')
            fputs(c->dir, f), text++;
        else
            fputc(*text, f);
    }
    fclose(f);
    return out;
}

static bool make_bundle(struct cell *c, const char *domains)
{
    char tool[CELL_PATH + 32], conf[CELL_PATH + 16];
    char *text = expand(c, domains);
    bool ok = text && write_file(c->dir, "cell.conf", text, strlen(text));

    free(text);
    snprintf(tool, sizeof(tool), "%s/bin/scree-bundle", cell_build());
    snprintf(conf, sizeof(conf), "%s/cell.conf", c->dir);
    snprintf(c->bundle, sizeof(c->bundle), "%s/cell.bundle", c->dir);
    if (ok && !cell_run(c, (const char *[]){tool, conf, c->bundle, NULL}, 60))
        return true;
    printf("\n    scree-bundle refused:\n");
    fflush(stdout);
    return cell_output_has(c, NULL);
}

/* ---------------------------------------------------------- programs */

static pid_t run_into(const char *const *argv, const char *output)
{
    pid_t pid = fork();
    int fd;

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execvp(argv[0], (char *const *)argv);
    dprintf(2, "cannot start %s\n", argv[0]);
    _exit(127);
}

int cell_run(struct cell *c, const char *const *argv, unsigned seconds)
{
    char output[CELL_PATH + 16];
    int status = 0;
    pid_t pid;

    snprintf(output, sizeof(output), "%s/output", c->dir);
    fflush(stdout);
    pid = run_into(argv, output);
    for (unsigned i = 0; i < seconds * 50; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
        usleep(20000);
    }
    kill(-pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

bool cell_output_has(struct cell *c, const char *text)
{
    char path[CELL_PATH + 16], line[1024];
    bool found = false;
    FILE *f;

    snprintf(path, sizeof(path), "%s/output", c->dir);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        if (!text)
            printf("    | %s", line);
        else if (strstr(line, text))
            found = true;
    }
    if (f)
        fclose(f);
    return found;
}

/* ---------------------------------------------------------- the cell */

static void add_web_forward(struct cell *c, const char *domains)
{
    if (!domains || !strstr(domains, CELL_WEB))
        return;
    c->q.forwards[c->q.forward_count++] =
        (struct forward){.guest = CELL_WEB_ADDRESS, .port = 80};
}

bool cell_prepare(struct cell *c, const struct cell_options *o)
{
    memset(c, 0, sizeof(*c));
    c->failures = CU_get_number_of_failures();
    snprintf(c->dir, sizeof(c->dir), "/tmp/scree-system-XXXXXX");
    if (!mkdtemp(c->dir) || !make_www(c->dir))
        return false;
    snprintf(c->kernel, sizeof(c->kernel), "%s/hypervisor/scree.elf",
             cell_build());
    c->q = (struct qemu_options){
        .machine = o->machine,
        .cpu = o->cpu,
        .cpus = o->cpus,
        .memory_mib = o->memory_mib,
        .kernel = c->kernel,
        .append = o->cmdline,
        .network = "10.0.0.0/24",
        .host = "10.0.0.1",
        .forward_count = o->forward_count,
    };
    memcpy(c->q.forwards, o->forwards, sizeof(o->forwards));
    add_web_forward(c, o->domains);
    if (!o->domains)
        return true;
    c->q.initrd = c->bundle;
    return make_bundle(c, o->domains);
}

bool cell_boot(struct cell *c)
{
    c->qemu = qemu_start(&c->q);
    for (unsigned i = 0; i < c->q.forward_count; i++)
        if (!strcmp(c->q.forwards[i].guest, CELL_WEB_ADDRESS) &&
            c->q.forwards[i].port == 80)
            c->web = c->q.forwards[i].host;
    return c->qemu != NULL;
}

bool cell_start(struct cell *c, const struct cell_options *o)
{
    return CHECK(cell_prepare(c, o)) && CHECK(cell_boot(c));
}

void cell_stop(struct cell *c)
{
    char dir[CELL_PATH];

    if (c->qemu && CU_get_number_of_failures() > c->failures)
        qemu_print_tail(c->qemu, 40);
    qemu_stop(c->qemu);
    c->qemu = NULL;
    snprintf(dir, sizeof(dir), "%s", c->dir);
    if (strncmp(dir, "/tmp/scree-system-", 18) || getenv("SYSTEM_KEEP"))
        return;
    snprintf(c->dir, sizeof(c->dir), "/tmp");
    (void)run_into((const char *[]){"rm", "-rf", dir, NULL}, "/dev/null");
    (void)wait(NULL);
    c->dir[0] = '\0';
}

/* A connection that was opened before web listens is lost: short tries. */
bool cell_web_up(struct cell *c)
{
    time_t end = time(NULL) + WEB_SECONDS;
    long status = 0;

    while (c->qemu && status != 200 && time(NULL) < end) {
        status = http_try(c->web, "/", 1000);
        if (status != 200)
            usleep(100000);
    }
    return status == 200;
}

/* ------------------------------------------------------ the console */

bool cell_tap(struct cell *c, size_t from, const char *name, unsigned seconds,
              struct tap *t)
{
    char regex[128], points[16], *text, *save = NULL;
    size_t prefix = strlen(name) + 3;

    *t = (struct tap){0, 0, 0};
    snprintf(regex, sizeof(regex),
             "^\\[%s\\] # end: ([0-9]+) points|\\(%s\\) gone", name, name);
    if (!qemu_match(c->qemu, from, regex, seconds, points, sizeof(points)) ||
        !points[0])
        return false;
    t->points = (unsigned)atoi(points);
    text = qemu_text(c->qemu, from);
    snprintf(regex, sizeof(regex), "[%s] ", name);
    for (char *line = strtok_r(text, "\r\n", &save); line;
         line = strtok_r(NULL, "\r\n", &save)) {
        if (strncmp(line, regex, prefix))
            continue;
        t->ok += !strncmp(line + prefix, "ok ", 3);
        if (!strncmp(line + prefix, "not ok ", 7)) {
            t->failed++;
            printf("\n    %s", line);
        }
    }
    free(text);
    return true;
}

static bool frames_line(struct cell *c, size_t from, const char *name,
                        const char *what, unsigned seconds, uint64_t *frames)
{
    char regex[160], number[32];

    snprintf(regex, sizeof(regex),
             "domain [0-9]+ \\(%s\\) %s.*frames: ([0-9]+) available", name,
             what);
    if (!qemu_match(c->qemu, from, regex, seconds, number, sizeof(number)))
        return false;
    *frames = strtoull(number, NULL, 10);
    return true;
}

bool cell_created(struct cell *c, size_t from, const char *name,
                  unsigned seconds, uint64_t *frames)
{
    return frames_line(c, from, name, "created", seconds, frames);
}

bool cell_gone(struct cell *c, size_t from, const char *name, unsigned seconds,
               uint64_t *frames)
{
    return frames_line(c, from, name, "gone", seconds, frames);
}
