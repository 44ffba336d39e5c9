/* SPDX-License-Identifier: MIT */
/*
 * `top`: who uses the cell, once a second. On a terminal by ncurses; into a
 * pipe or with --batch as tables. Samples stay sorted by name until they are
 * shown, since the next one is compared with them.
 */
#include <curses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/bundle/value.h"
#include "tools/scree/commands.h"
#include "tools/scree/progress.h"
#include "tools/scree/rates.h"
#include "tools/scree/select.h"
#include "tools/scree/text.h"

#define REFRESH_MS 1000
#define HEAD_ROWS  4 /* above the domains */

const struct args_option top_options[] = {
    {"batch", 'b', NULL, "print tables, as into a pipe"},
    {"count", 'n', "N", "end after so many (into a pipe: 1)"},
    {"sort", 's', "KEY", "n name, c CPU, m memory, p packets, w, h"},
    {"label", 'l', "KEY=VALUE", "those with this label; often"},
    {NULL, 0, NULL, NULL},
};

struct top {
    struct cli *c;
    struct rates now;
    size_t first; /* domain on the first row */
    int sort;
    bool reverse;
};

/* ------------------------------------------------------------- samples */

static bool sample(struct top *t, struct error *e)
{
    cJSON *r = cli_request("ls"), *states, *answer = NULL;
    const cJSON *cell = NULL;
    struct rates next;

    if (!select_put(&t->c->args, t->c->args.words, t->c->args.word_count, r,
                    e)) {
        cJSON_Delete(r);
        return false;
    }
    states = select_states(t->c, r, NULL, e);
    if (states)
        cell = cli_ask(t->c, "cell", "cell", &answer, e);
    if (cell) {
        rates_sort(&t->now, 'n', false);
        rates_take(&next, states, cell, t->now.now_ns ? &t->now : NULL);
        rates_free(&t->now);
        t->now = next;
        rates_sort(&t->now, t->sort, t->reverse);
    }
    cJSON_Delete(states);
    cJSON_Delete(answer);
    return cell != NULL;
}

/* ---------------------------------------------------------------- lines */

#define LINE_ROOM 1024
#define ROW       "%-20.20s %-10.10s %6s %9s %5s %5s %6s %7s"

static void format_title(char line[LINE_ROOM])
{
    snprintf(line, LINE_ROOM, ROW, "NAME", "STATE", "CPU%", "MEMORY", "IN/s",
             "OUT/s", "WAKE/s", "HYPER/s");
}

static void format_row(const struct rates_domain *d, char line[LINE_ROOM])
{
    char cpu[16];

    snprintf(cpu, sizeof(cpu), "%.1f", d->rates[RATE_CPU]);
    snprintf(line, LINE_ROOM, ROW, d->name, d->phase, cpu,
             text_size(d->memory).text, text_count(d->rates[RATE_IN]).text,
             text_count(d->rates[RATE_OUT]).text,
             text_count(d->rates[RATE_WAKEUPS]).text,
             text_count(d->rates[RATE_HYPERCALLS]).text);
}

static void format_cell(const struct top *t, char line[LINE_ROOM])
{
    const struct rates *r = &t->now;

    snprintf(line, LINE_ROOM, "cell %s: %zu domain%s, %zu ready; up %s",
             t->c->cell, r->count, r->count == 1 ? "" : "s", r->ready,
             text_span(r->now_ns / 1000000000).text);
}

static void format_use(const struct top *t, char line[LINE_ROOM])
{
    const struct rates *r = &t->now;

    snprintf(line, LINE_ROOM, "CPU %.1f%% of %llu, memory %s of %s", r->busy,
             (unsigned long long)r->cpus, text_size(r->memory_used).text,
             text_size(r->memory_total).text);
}

static void format_total(const struct top *t, char line[LINE_ROOM])
{
    const double *n = t->now.total;

    snprintf(line, LINE_ROOM,
             "packets in %s/s, out %s/s; wake-ups %s/s; hypercalls %s/s",
             text_count(n[RATE_IN]).text, text_count(n[RATE_OUT]).text,
             text_count(n[RATE_WAKEUPS]).text,
             text_count(n[RATE_HYPERCALLS]).text);
}

/* --------------------------------------------------------------- screen */

static void put_line(int row, int attributes, const char *text)
{
    if (row >= LINES)
        return;
    attron(attributes);
    mvaddnstr(row, 0, text, COLS);
    attroff(attributes);
}

static size_t rows(void)
{
    return LINES > HEAD_ROWS + 1 ? (size_t)(LINES - HEAD_ROWS - 1) : 0;
}

static void draw_head(const struct top *t)
{
    char line[LINE_ROOM];

    format_cell(t, line);
    put_line(0, A_BOLD, line);
    format_use(t, line);
    put_line(1, 0, line);
    format_total(t, line);
    put_line(2, 0, line);
    format_title(line);
    put_line(HEAD_ROWS - 1, A_REVERSE, line);
}

static void draw(struct top *t)
{
    char line[LINE_ROOM];

    if (t->first + rows() > t->now.count)
        t->first = t->now.count > rows() ? t->now.count - rows() : 0;
    erase();
    draw_head(t);
    for (size_t i = 0; i < rows() && t->first + i < t->now.count; i++) {
        format_row(&t->now.domains[t->first + i], line);
        put_line(HEAD_ROWS + (int)i, 0, line);
    }
    snprintf(line, sizeof(line),
             "[%c%s] n name c CPU m memory p packets w wake-ups h hypercalls "
             "r turn q quit",
             t->sort, t->reverse ? " turned" : "");
    put_line(LINES - 1, A_DIM, line);
    refresh();
}

static void scroll_by(struct top *t, long n)
{
    long first = (long)t->first + n;

    t->first = first < 0 ? 0 : (size_t)first;
}

/* False: the user has enough. */
static bool take_key(struct top *t, int key)
{
    long page = (long)rows();

    if (key == 'q' || key == 'Q' || key == 3)
        return false;
    if (key > 0 && key < 128 && strchr("ncmpwh", key))
        t->sort = key;
    else if (key == 'r')
        t->reverse = !t->reverse;
    else if (key == KEY_DOWN || key == 'j')
        scroll_by(t, 1);
    else if (key == KEY_UP || key == 'k')
        scroll_by(t, -1);
    else if (key == KEY_NPAGE || key == ' ')
        scroll_by(t, page);
    else if (key == KEY_PPAGE)
        scroll_by(t, -page);
    else if (key == KEY_HOME)
        t->first = 0;
    rates_sort(&t->now, t->sort, t->reverse);
    return true;
}

/* Keys until it is time for the next sample. */
static bool take_keys(struct top *t)
{
    uint64_t end = progress_now_ms() + REFRESH_MS;

    for (;;) {
        uint64_t now = progress_now_ms();
        int key;
        if (now >= end)
            return true;
        timeout((int)(end - now));
        key = getch();
        if (key == ERR)
            continue;
        if (!take_key(t, key))
            return false;
        draw(t);
    }
}

static bool run_screen(struct top *t, uint64_t left, struct error *e)
{
    bool good = true;

    initscr();
    raw();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    set_escdelay(25);
    while (left-- && (good = sample(t, e))) {
        draw(t);
        if (!take_keys(t))
            break;
    }
    endwin();
    return good;
}

/* ---------------------------------------------------------------- batch */

static void print_batch(const struct top *t)
{
    void (*const heads[])(const struct top *,
                          char *) = {format_cell, format_use, format_total};
    char line[LINE_ROOM];

    for (size_t i = 0; i < 3; i++) {
        heads[i](t, line);
        puts(line);
    }
    format_title(line);
    puts(line);
    for (size_t i = 0; i < t->now.count; i++) {
        format_row(&t->now.domains[i], line);
        puts(line);
    }
    fflush(stdout);
}

/* Rates need two samples. */
static bool run_batch(struct top *t, uint64_t left, struct error *e)
{
    bool good = sample(t, e);

    while (good && left--) {
        poll(NULL, 0, REFRESH_MS);
        good = sample(t, e);
        if (good)
            print_batch(t);
        if (good && left)
            putchar('\n');
    }
    return good;
}

int top_run(struct cli *c)
{
    const char *count = args_value(&c->args, "count");
    const char *sort = args_value(&c->args, "sort");
    bool batch = args_has(&c->args, "batch") || !isatty(STDOUT_FILENO);
    uint64_t n = args_has(&c->args, "batch") || !batch ? UINT64_MAX : 1;
    struct top t = {.c = c, .sort = 'c'};
    struct error e;
    bool good;

    if (count && !value_number(count, 1, UINT64_MAX, &n))
        return cli_usage(c, "--count %.40s: it wants a number", count);
    if (sort && (!sort[0] || !strchr("ncmpwh", sort[0])))
        return cli_usage(c, "--sort %.40s: it wants n, c, m, p, w or h", sort);
    if (sort)
        t.sort = (unsigned char)sort[0];
    good = cli_open(c, &e) &&
           (batch ? run_batch(&t, n, &e) : run_screen(&t, n, &e));
    rates_free(&t.now);
    return good ? STATUS_GOOD : cli_fail(&e);
}
