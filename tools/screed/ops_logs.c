/* SPDX-License-Identifier: MIT */
/*
 * logs: one log is read as the client takes it; several are collected first
 * and put in the order of time. With `follow` the op then stays, and gets each
 * line of whatever it selects, also of domains that come later.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/ops.h"

#define COLLECT_MOST (64u << 20) /* bytes */

struct line {
    uint64_t ms;
    size_t order;
    const char *name; /* in names */
    char *text;
};

struct logs {
    bool follow, hypervisor, several;
    uint64_t since; /* ms */
    uint64_t tail;
    struct journal_reader reader; /* of one */
    bool reading;
    struct line *lines; /* of several */
    size_t count, room, at, bytes;
};

static void free_logs(void *data)
{
    struct logs *l = data;

    if (l->reading)
        journal_read_end(&l->reader);
    for (size_t i = l->at; i < l->count; i++)
        free(l->lines[i].text);
    free(l->lines);
    free(l);
}

static void cancel(struct op *op)
{
    op_answer(op, NULL);
}

/* ---------------------------------------------------------------- lines */

static void put_line(struct op *op, const char *name, uint64_t ms,
                     const char *text, size_t n)
{
    char *clean = op_clean_text(text, n);
    cJSON *o = cJSON_CreateObject();

    json_put_time(o, "time", ms * 1000000);
    if (name[0] != '_')
        json_put_text(o, "name", name);
    json_put_text(o, "line", clean);
    op_more(op, o);
    free(clean);
}

static bool is_wanted(struct op *op, const char *name)
{
    const struct logs *l = op->data;
    const struct domain *d;

    if (l->hypervisor)
        return !strcmp(name, JOURNAL_HYPERVISOR);
    if (!l->several)
        return !strcmp(name, op->name);
    d = domain_find(op->s, name);
    return d && op_selects(op, d);
}

static void on_line(struct journal_follower *f, const char *name, uint64_t ms,
                    const char *text, size_t n)
{
    struct op *op = table_item(f, struct op, follower);

    if (is_wanted(op, name))
        put_line(op, name, ms, text, n);
}

/* A log of one domain ends when the domain does. */
static void on_watch(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);

    if (e && (e->event == SCREE_EVENT_DOWN || e->event == SCREE_EVENT_REMOVED))
        op_answer(op, NULL);
}

static void follow_or_end(struct op *op)
{
    struct logs *l = op->data;
    struct domain *d = NULL;

    op->pump = NULL;
    if (!l->hypervisor && !l->several)
        d = domain_find(op->s, op->name);
    if (!l->follow || (!l->hypervisor && !l->several &&
                       (!d || (domain_is_down(d) && !d->op)))) {
        op_answer(op, NULL);
        return;
    }
    if (d) {
        op->watch.event = on_watch;
        op->watch.output = NULL;
        domain_watch(d, &op->watch);
    }
    op->follower.line = on_line;
    journal_follow(op->s->journal, &op->follower);
}

/* -------------------------------------------------------------- one log */

static const struct journal_log *memory_of(struct op *op)
{
    const struct logs *l = op->data;
    struct domain *d;

    if (l->hypervisor)
        return journal_hypervisor(op->s->journal);
    d = domain_find(op->s, op->name);
    return d ? &d->log : NULL;
}

/* From where the files end to the last line in memory without a pause, so that
 * nothing is written between. */
static void pump_one(struct op *op)
{
    const struct journal_log *memory = memory_of(op);
    struct logs *l = op->data;
    const char *text;
    uint64_t ms;
    size_t n;

    while (op_has_room(op) || l->reader.stage >= 2) {
        if (!journal_next(&l->reader, memory, &ms, &text, &n)) {
            journal_read_end(&l->reader);
            l->reading = false;
            follow_or_end(op);
            return;
        }
        if (l->reader.stage == 3 && l->follow)
            continue; /* it comes whole when it ends */
        if (ms >= l->since)
            put_line(op, l->reader.name, ms, text, n);
    }
}

static void begin_one(struct op *op)
{
    struct logs *l = op->data;

    journal_read(&l->reader, op->s,
                 l->hypervisor ? JOURNAL_HYPERVISOR : op->name, l->tail,
                 memory_of(op));
    l->reading = true;
    op->pump = pump_one;
    pump_one(op);
}

/* ---------------------------------------------------------- several logs */

static void keep(struct logs *l, const char *name, uint64_t ms,
                 const char *text, size_t n)
{
    if (ms < l->since || l->bytes > COLLECT_MOST)
        return;
    if (l->count == l->room) {
        l->room = l->room * 2 + 64;
        l->lines = must_grow(l->lines, l->room, sizeof(*l->lines));
    }
    l->lines[l->count] =
        (struct line){ms, l->count, name, must_alloc(strlen(name) + n + 2, 1)};
    memcpy(l->lines[l->count].text, name, strlen(name) + 1);
    memcpy(l->lines[l->count].text + strlen(name) + 1, text, n);
    l->lines[l->count].name = l->lines[l->count].text;
    l->bytes += n + sizeof(struct line);
    l->count++;
}

static void collect(struct op *op, const struct domain *d)
{
    struct logs *l = op->data;
    struct journal_reader r;
    const char *text;
    uint64_t ms;
    size_t n;

    journal_read(&r, op->s, d->def.name, l->tail, &d->log);
    while (journal_next(&r, &d->log, &ms, &text, &n))
        if (r.stage < 3 || !l->follow)
            keep(l, d->def.name, ms, text, n);
    journal_read_end(&r);
}

static int by_time(const void *left, const void *right)
{
    const struct line *a = left, *b = right;

    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void pump_several(struct op *op)
{
    struct logs *l = op->data;

    while (op_has_room(op) && l->at < l->count) {
        struct line *line = &l->lines[l->at++];
        const char *text = line->text + strlen(line->name) + 1;
        put_line(op, line->name, line->ms, text, strlen(text));
        free(line->text);
    }
    if (l->at < l->count)
        return;
    op->pump = NULL;
    if (!l->follow)
        op_answer(op, NULL);
}

/* What comes while the client still takes what was is written behind it. */
static void begin_several(struct op *op)
{
    struct logs *l = op->data;

    for (const struct domain *d = op->s->domains.first; d; d = d->next)
        if (op_selects(op, d))
            collect(op, d);
    if (l->count)
        qsort(l->lines, l->count, sizeof(*l->lines), by_time);
    op->pump = pump_several;
    op->follower.line = on_line;
    if (l->follow)
        journal_follow(op->s->journal, &op->follower);
    pump_several(op);
}

/* ---------------------------------------------------------------- start */

static bool parse(struct op *op, struct logs *l, struct error *e)
{
    const char *name = NULL;

    l->tail = UINT64_MAX;
    if (!json_get_text(op->request, "name", JSON_MAY, &name, e) ||
        !op_check_selection(op, e) || !op_get_since(op, &l->since, e) ||
        !json_get_bool(op->request, "follow", &l->follow, e))
        return false;
    if (cJSON_HasObjectItem(op->request, "tail") &&
        !json_get_number(op->request, "tail", JSON_NUMBER_MAX, &l->tail, e))
        return false;
    l->since /= 1000000;
    l->several = !name && (cJSON_HasObjectItem(op->request, "names") ||
                           cJSON_HasObjectItem(op->request, "labels"));
    l->hypervisor = !name && !l->several;
    if (name && !domain_find(op->s, name))
        return error_set(e, "no-such-domain",
                         "there is no domain '%.60s'; 'scree ls' lists them",
                         name);
    snprintf(op->name, sizeof(op->name), "%s", name ? name : "");
    return true;
}

void op_logs(struct op *op)
{
    struct logs *l = must_alloc(1, sizeof(*l));
    struct error e;

    op->data = l;
    op->free_data = free_logs;
    if (!parse(op, l, &e)) {
        op_fail(op, &e);
        return;
    }
    op->cancel = cancel;
    if (l->follow)
        op_loosen(op);
    if (l->several)
        begin_several(op);
    else
        begin_one(op);
}
