/* SPDX-License-Identifier: MIT */
/* What all of screed uses; see screed.h. */
#define _GNU_SOURCE
#include "tools/screed/screed.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_LIMIT (512u << 10)

uint64_t screed_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t screed_unix(const struct screed *s, uint64_t system_ns)
{
    return s->epoch + system_ns;
}

void screed_clean(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

struct path screed_path(const struct screed *s, const char *format, ...)
{
    struct path p;
    va_list args;
    int n = snprintf(p.text, sizeof(p.text), "%s/", s->directory);

    va_start(args, format);
    vsnprintf(p.text + n, sizeof(p.text) - (size_t)n, format, args);
    va_end(args);
    return p;
}

/* Copies in the kernel, what it has of memory: the file stays the same for
 * whoever has it open for appending. */
void screed_shorten(struct screed *s, const char *file, uint64_t limit)
{
    struct path from = screed_path(s, "%s", file);
    struct path to = screed_path(s, "%s.1", file);
    struct stat st;
    int in, out;
    off_t at = 0;

    if (stat(from.text, &st) || (uint64_t)st.st_size <= limit)
        return;
    in = open(from.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    out = open(to.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
               0600);
    if ((uint64_t)st.st_size > 4 * limit) /* it grew fast: its end is kept */
        at = st.st_size - (off_t)limit;
    while (in >= 0 && out >= 0 &&
           copy_file_range(in, &at, out, NULL, limit, 0) > 0)
        continue;
    if (in >= 0)
        (void)!ftruncate(in, 0);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
}

void screed_log(struct screed *s, const char *format, ...)
{
    struct path p = screed_path(s, CELL_SCREED);
    uint64_t ms = screed_now() / 1000000;
    char line[1200];
    va_list args;
    int fd, n, used;

    n = snprintf(line, sizeof(line), "%llu.%03llu ",
                 (unsigned long long)ms / 1000, (unsigned long long)ms % 1000);
    va_start(args, format);
    used = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
    va_end(args);
    n += used < (int)sizeof(line) - n - 1 ? used : (int)sizeof(line) - n - 2;
    line[n++] = '\n';
    screed_shorten(s, CELL_SCREED, LOG_LIMIT);
    fd = open(p.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
              0600);
    if (fd < 0)
        return;
    (void)!write(fd, line, (size_t)n);
    close(fd);
}
