/* SPDX-License-Identifier: MIT */
/*
 * cell.conf as the bundle tool reads it. What is taken must make a plan, or
 * say why not, in which every promise of plan.h holds; and what is written of
 * its sections is read again, and written alike.
 */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "fuzz.h"
#include "plan.h"

#define COPIES_MAX 4096 /* more only cost time */

static void check_plan(const struct plan *p)
{
    struct plan_forwards f = {0};
    struct why w = {{0}};

    for (size_t i = 0; i < p->count; i++) {
        const struct plan_domain *d = &p->domains[i];

        FUZZ_CHECK(d->name[0] && memchr(d->name, 0, sizeof(d->name)));
        FUZZ_CHECK(!d->ipv4 ||
                   d->ipv4 - p->conf->network <= UINT32_MAX >> p->conf->prefix);
    }
    if (!plan_forward(p, 8080, &f, &w))
        FUZZ_CHECK(w.text[0]);
    free(f.list);
}

static char *write_all(const struct conf *c, size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    for (size_t i = 0; i < c->domain_count; i++)
        conf_write_domain(f, &c->domains[i]);
    fclose(f);
    return text;
}

static void check_written(const struct conf *c)
{
    struct why w = {{0}};
    size_t size[2];
    char *text[2];
    struct conf again;

    text[0] = write_all(c, &size[0]);
    FUZZ_CHECK(conf_parse(&again, "again", text[0], size[0], &w));
    text[1] = write_all(&again, &size[1]);
    FUZZ_CHECK(size[0] == size[1] && !memcmp(text[0], text[1], size[0]));
    conf_free(&again);
    free(text[0]);
    free(text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct why w = {{0}};
    struct conf c;
    struct plan p = {0};
    uint64_t copies = 0;

    if (!conf_parse(&c, "cell.conf", (const char *)data, size, &w)) {
        FUZZ_CHECK(w.text[0]);
        conf_free(&c);
        return 0;
    }
    if (size < 2000) /* quotes lengthen lines, which have a limit */
        check_written(&c);
    for (size_t i = 0; i < c.domain_count; i++)
        copies += c.domains[i].count;
    if (copies <= COPIES_MAX) {
        if (plan_make(&p, &c, &w))
            check_plan(&p);
        else
            FUZZ_CHECK(w.text[0]);
        plan_free(&p);
    }
    conf_free(&c);
    return 0;
}
