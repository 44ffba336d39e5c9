/* SPDX-License-Identifier: MIT */
/*
 * The console's output: lines, names, limits. See console.h; input is in
 * console_input.c.
 */
#include "io/console.h"

#include "base/format.h"
#include "base/string.h"
#include "core/log.h"
#include "io/console_state.h"
#include "io/console_text.h"
#include "io/journal.h"
#include "scree/control.h"

#define SILENCE_NS 1000000000ull /* after the limit was passed */

_Static_assert(sizeof(struct console) <= PAGE_SIZE, "one frame");

/* It outlives the console's end: d->console is NULL then. */
static struct console_domain *state_of(struct domain *d)
{
    return (struct console_domain *)(void *)d->console_state;
}

int console_create(struct cell *cell)
{
    mfn_t m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    struct console *c;

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    c = machine_frame(m);
    memset(c, 0, sizeof(*c));
    c->cell = cell;
    c->open = CONSOLE_NONE;
    atomic_store(&c->selected, CONSOLE_NONE);
    lock_init(&c->lock, RANK_CONSOLE, 0);
    cell->console = c;
    cell->log = console_log;
    return 0;
}

/* --------------------------------------------- output, under the lock */

static void put(const char *s, size_t n)
{
    machine_console_write(s, n);
}

static void put_harmless(const char *s, size_t n)
{
    char text[64 * CONSOLE_TEXT_GROWTH];

    while (n) {
        size_t part = min_u64(n, 64);

        if (part < n)
            part -= console_text_unfinished(s, part);
        put(text, console_text(text, s, part));
        s += part;
        n -= part;
    }
}

/* Ends somebody else's half line. */
static void begin_line(struct console *c)
{
    if (c->open != CONSOLE_NONE)
        put("\n", 1);
    c->open = CONSOLE_NONE;
}

static void put_name(const struct domain *d)
{
    put("[", 1);
    put_harmless(domain_name(d),
                 string_length_max(domain_name(d), SCREE_NAME_MAX));
    put("] ", 2);
}

/* Shows d's line so far; `end` ends it. */
static void show(struct console *c, struct domain *d, bool end)
{
    struct console_domain *s = d->console;
    uint32_t n = s->used;

    if (!end)
        n -= (uint32_t)console_text_unfinished(s->line, n);
    if (c->open != d->id) {
        begin_line(c);
        put_name(d);
    }
    put_harmless(s->line, n);
    c->open = end ? CONSOLE_NONE : d->id;
    if (end)
        put("\n", 1);
    memmove(s->line, s->line + n, s->used - n);
    s->used -= n;
}

static void add(struct console *c, struct domain *d, char byte)
{
    struct console_domain *s = d->console;

    if (byte == '\r')
        return;
    if (byte == '\n') {
        show(c, d, true);
        return;
    }
    s->line[s->used++] = byte;
    if (s->used < CONSOLE_LINE)
        return;
    show(c, d, false);
    begin_line(c);
}

static void report_dropped(struct console *c, struct domain *d)
{
    struct console_domain *s = d->console;
    char text[48];
    size_t n;

    if (s->dropped == 0)
        return;
    n = format_text(text, sizeof(text), "(%llu bytes dropped)\n",
                    (unsigned long long)s->dropped);
    if (s->used || c->open == d->id)
        show(c, d, true);
    begin_line(c);
    put_name(d);
    put(text, n);
    s->dropped = 0;
}

/* May n bytes be shown now? Once over the limit, a while of silence, so that
 * what is shown is not in shreds. */
static bool allowed(struct console_domain *s, size_t n)
{
    uint64_t now = machine_clock();

    if (now < s->silent_until)
        return false;
    if (ratelimit_take(&s->limit, (uint32_t)n, now))
        return true;
    s->silent_until = now + SILENCE_NS;
    return false;
}

static void print(struct console *c, struct domain *d, const char *bytes,
                  size_t n)
{
    struct console_domain *s = d->console;

    report_dropped(c, d);
    for (size_t i = 0; i < n; i++)
        add(c, d, bytes[i]);
    if (s->used && atomic_load(&c->selected) == d->id)
        show(c, d, false);
}

/* Ends what d has on the screen: from now on it prints elsewhere. */
static void leave_screen(struct console *c, struct domain *d)
{
    struct console_domain *s = d->console;

    if (s->used || c->open == d->id)
        show(c, d, true);
}

/* ---------------------------------------------------------- the journal */

/* Is that where d's bytes go? */
static bool is_kept(const struct domain *d)
{
    return d->id != 0 && journal_attached(d->cell);
}

/* Says in d's own record how much is missing there. */
static void keep_dropped(struct domain *d, uint64_t dropped, bool half)
{
    char text[48];
    size_t n = format_text(text, sizeof(text), "%s(%llu bytes dropped)\n",
                           half ? "\n" : "", (unsigned long long)dropped);

    journal_put(d->cell, d->id, text, n);
}

/* A line of ours, whole. */
static void keep_line(struct cell *cell, const char *line, size_t n)
{
    char text[LOG_LINE_MAX + 1];

    n = min_u64(n, LOG_LINE_MAX);
    memcpy(text, line, n);
    text[n] = '\n';
    journal_put(cell, SCREE_CONSOLE_HYPERVISOR, text, n + 1);
}

/* --------------------------------------------------------------- writing */

/* One piece, at most a page; where it goes is looked up under the lock, and
 * the journal takes it afterwards: it may wake somebody. A domain has one vcpu,
 * so its pieces stay in order. */
static void write_piece(struct console *c, struct domain *d, const char *bytes,
                        size_t n)
{
    struct console_domain *s = d->console;
    uint64_t dropped = 0;
    bool half = false, kept, now;

    lock_take(&c->lock);
    kept = is_kept(d);
    now = allowed(s, n);
    if (!now) {
        s->dropped += n;
        s->lost += n;
    } else if (kept) {
        leave_screen(c, d);
        dropped = s->dropped;
        s->dropped = 0;
        half = s->half;
        s->half = bytes[n - 1] != '\n';
    } else {
        print(c, d, bytes, n);
    }
    lock_release(&c->lock);
    if (!now || !kept)
        return;
    if (dropped)
        keep_dropped(d, dropped, half);
    journal_put(d->cell, d->id, bytes, n);
}

void console_guest_write(struct domain *d, const char *bytes, size_t n)
{
    struct console *c = d->cell->console;

    if (!c || !d->console)
        return;
    while (n) {
        size_t part = min_u64(n, PAGE_SIZE);

        write_piece(c, d, bytes, part);
        bytes += part;
        n -= part;
    }
}

uint64_t console_lost(struct domain *d)
{
    struct console *c = d->cell->console;
    const struct console_domain *s = state_of(d);
    uint64_t lost;

    if (!c)
        return 0;
    lock_take(&c->lock);
    lost = s->lost;
    lock_release(&c->lock);
    return lost;
}

void console_log(struct cell *cell, const char *line, size_t n)
{
    struct console *c = cell->console;

    lock_take(&c->lock);
    begin_line(c);
    put("scree: ", 7);
    put_harmless(line, n);
    put("\n", 1);
    lock_release(&c->lock);
    keep_line(cell, line, n);
}

/* ------------------------------------------------------------- domains */

void console_domain_init(struct domain *d)
{
    struct console_domain *s = state_of(d);

    memset(s, 0, sizeof(*s));
    ratelimit_init(&s->limit, CONSOLE_RATE, CONSOLE_BURST);
    d->console = s;
}

void console_domain_fini(struct domain *d)
{
    struct console *c = d->cell->console;
    struct console_domain *s = d->console;
    uint64_t dropped = 0;

    if (!c || !s)
        return;
    if (d->id == 0)
        journal_attach(d->cell, false);
    lock_take(&c->lock);
    leave_screen(c, d);
    if (is_kept(d))
        dropped = s->dropped;
    else
        report_dropped(c, d);
    d->console = NULL;
    lock_release(&c->lock);
    if (dropped)
        keep_dropped(d, dropped, s->half);
}
