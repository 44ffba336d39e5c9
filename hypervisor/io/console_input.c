/* SPDX-License-Identifier: MIT */
/*
 * Typed bytes: the escape commands, and delivery to the selected domain. Runs
 * on CPU 0 only, from its loop.
 */
#include "base/string.h"
#include "core/log.h"
#include "io/console_state.h"
#include "io/net_report.h"
#include "io/vio_console.h"

#define POLL_MAX 64 /* bytes taken per pass */
#define LIST_MAX 16 /* domains that the help names */

static struct domain *with_console(struct cell *cell, uint32_t id)
{
    struct domain *d = domain_find(cell, id);

    return d && d->console ? d : NULL;
}

/* The next domain with a console, going round; step is 1 or -1 (mod 2^32). */
static struct domain *neighbour(struct cell *cell, uint32_t id, uint32_t step)
{
    uint32_t limit = cell->domain_limit;

    if (id >= limit)
        id = step == 1 ? limit - 1 : 0;
    for (uint32_t i = 0; i < limit; i++) {
        struct domain *d;

        id = (id + limit + step) % limit;
        d = with_console(cell, id);
        if (d)
            return d;
    }
    return NULL;
}

static void select(struct console *c, struct domain *d)
{
    if (!d) {
        log_line(c->cell, "console: no domain to talk to");
        return;
    }
    atomic_store(&c->selected, d->id);
    log_line(c->cell, "console: input goes to %s (id %u)", domain_name(d),
             d->id);
}

static void help(struct console *c)
{
    uint32_t shown = 0;

    log_line(c->cell, "console: Ctrl-] n next domain, p previous, "
                      "s network counters, Ctrl-] sends Ctrl-]");
    for (uint32_t i = 0; i < c->cell->domain_limit && shown < LIST_MAX; i++) {
        struct domain *d = with_console(c->cell, i);

        if (!d)
            continue;
        shown++;
        log_line(c->cell, "console: %c %u %s",
                 i == atomic_load(&c->selected) ? '*' : ' ', i, domain_name(d));
    }
}

size_t console_type(struct domain *d, const char *bytes, size_t n)
{
    struct console *c = d->cell->console;
    struct console_domain *s;

    if (!c)
        return 0;
    lock_take(&c->lock);
    s = d->console;
    n = s ? min_u64(n, CONSOLE_INPUT - s->input_used) : 0;
    if (n) {
        memcpy(s->input + s->input_used, bytes, n);
        s->input_used += (uint32_t)n;
    }
    lock_release(&c->lock);
    if (!s)
        return 0;
    vio_console_drain(d);
    event_raise(d, SCREE_PORT_CONSOLE);
    return n;
}

static void send(struct console *c, char byte)
{
    struct domain *d = with_console(c->cell, atomic_load(&c->selected));

    if (!d) {
        d = neighbour(c->cell, CONSOLE_NONE, 1);
        select(c, d);
    }
    if (d)
        (void)console_type(d, &byte, 1); /* no room: it does not read */
}

static void command(struct console *c, char byte)
{
    uint32_t now = atomic_load(&c->selected);

    switch (byte) {
    case 'n':
        select(c, neighbour(c->cell, now, 1));
        break;
    case 'p':
        select(c, neighbour(c->cell, now, UINT32_MAX));
        break;
    case 's':
        net_report(c->cell);
        break;
    case CONSOLE_ESCAPE:
        send(c, byte);
        break;
    default:
        help(c);
    }
}

void console_poll(struct cell *cell)
{
    struct console *c = cell->console;

    for (unsigned i = 0; c && i < POLL_MAX; i++) {
        int byte = machine_console_read();

        if (byte < 0)
            return;
        if (c->escaped)
            command(c, (char)byte);
        else if (byte != CONSOLE_ESCAPE)
            send(c, (char)byte);
        c->escaped = byte == CONSOLE_ESCAPE && !c->escaped;
    }
}

size_t console_read(struct domain *d, char *to, size_t n)
{
    return d->vio[SCREE_VIO_CONSOLE].ring ? 0 : console_take(d, to, n);
}

size_t console_take(struct domain *d, char *to, size_t n)
{
    struct console *c = d->cell->console;
    struct console_domain *s;

    if (!c)
        return 0;
    lock_take(&c->lock);
    s = d->console;
    n = s ? min_u64(n, s->input_used) : 0;
    if (n) {
        memcpy(to, s->input, n);
        memmove(s->input, s->input + n, s->input_used - n);
        s->input_used -= (uint32_t)n;
    }
    lock_release(&c->lock);
    return n;
}
