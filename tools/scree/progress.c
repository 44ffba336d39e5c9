/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "tools/scree/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define EVERY_MS 200

uint64_t progress_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *format, ...)
{
    va_list args;

    *p = (struct progress){.begun_ms = progress_now_ms(),
                           .terminal = isatty(STDERR_FILENO)};
    va_start(args, format);
    vsnprintf(p->what, sizeof(p->what), format, args);
    va_end(args);
}

void progress_tick(struct progress *p, uint64_t done, uint64_t total)
{
    uint64_t now = progress_now_ms();

    if (now - p->begun_ms < FIRST_MS ||
        (p->shown && (!p->terminal || now - p->shown_ms < EVERY_MS)))
        return;
    p->shown = true;
    p->shown_ms = now;
    fprintf(stderr, "%s%s ...", p->terminal ? "\r" : "", p->what);
    if (p->terminal && total)
        fprintf(stderr, " %u%%", (unsigned)(done * 100 / total));
    else if (p->terminal)
        fprintf(stderr, " %u s", (unsigned)((now - p->begun_ms) / 1000));
    if (!p->terminal)
        fputc('\n', stderr);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown && p->terminal)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
