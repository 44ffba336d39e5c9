/* SPDX-License-Identifier: MIT */
/* See pipeline.h. */
#include "tools/scree/pipeline.h"

#include "tools/scree/progress.h"

#define WINDOW  64 /* requests under way */
#define WAKE_MS 250

struct flight {
    uint64_t id;
    size_t index;
};

struct flights {
    struct pipeline *p;
    struct progress progress;
    size_t next, under_way, landed;
    struct flight list[WINDOW];
};

static bool send_next(struct flights *f, struct error *e)
{
    struct flight *to = &f->list[f->under_way];
    cJSON *r = f->p->make(f->p->context, f->next);

    to->index = f->next++;
    if (!client_send(&f->p->cli->api, r, &to->id, e))
        return false;
    f->under_way++;
    return true;
}

static void land(struct flights *f, const cJSON *line)
{
    uint64_t id = json_number(line, "id", 0);

    if (json_true(line, "more"))
        return;
    for (size_t i = 0; i < f->under_way; i++) {
        if (f->list[i].id != id)
            continue;
        progress_end(&f->progress);
        f->p->done(f->p->context, f->list[i].index, line);
        f->list[i] = f->list[--f->under_way];
        f->landed++;
        return;
    }
}

static bool receive_one(struct flights *f, struct error *e)
{
    cJSON *line = NULL;

    while (!line) {
        if (!client_receive(&f->p->cli->api, f->p->what ? WAKE_MS : -1, &line,
                            e))
            return false;
        if (f->p->what)
            progress_tick(&f->progress, f->landed, f->p->count);
    }
    land(f, line);
    cJSON_Delete(line);
    return true;
}

bool pipeline_run(struct pipeline *p, struct error *e)
{
    struct flights f = {.p = p};
    bool good = true;

    progress_begin(&f.progress, "%s", p->what ? p->what : "");
    while (good && (f.next < p->count || f.under_way)) {
        if (f.next < p->count && f.under_way < WINDOW)
            good = send_next(&f, e);
        else
            good = receive_one(&f, e);
    }
    progress_end(&f.progress);
    return good;
}
