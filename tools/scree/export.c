/* SPDX-License-Identifier: MIT */
/*
 * `export`: the cell's domains as a file for `apply`. An image is named by the
 * path it came from while that still gives the same image, so that the file is
 * good for other cells, too; else by its digest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/scree/commands.h"
#include "tools/scree/definition.h"
#include "tools/scree/image.h"
#include "tools/scree/select.h"

const struct args_option export_options[] = {
    {"label", 'l', "KEY=VALUE", "those with this label; often"},
    {"digests", 0, NULL, "images by digest, not by path"},
    {NULL, 0, NULL, NULL},
};

/* Sources that were looked at: path and digest. */
struct seen {
    char *path;
    char digest[DIGEST_ROOM]; /* "" if it makes no object */
};

struct exporter {
    struct seen *list;
    size_t count;
    bool digests;
};

static const char *digest_of_path(struct exporter *x, const char *path,
                                  bool is_image)
{
    struct object o;
    struct error ignored;
    struct seen *s;

    for (size_t i = 0; i < x->count; i++)
        if (!strcmp(x->list[i].path, path))
            return x->list[i].digest;
    x->list = must_grow(x->list, x->count + 1, sizeof(*x->list));
    s = &x->list[x->count++];
    *s = (struct seen){.path = must_copy(path, strlen(path))};
    if (is_image ? image_load(&o, path, NULL, &ignored)
                 : files_load(&o, path, NULL, &ignored))
        snprintf(s->digest, sizeof(s->digest), "%s", o.digest);
    object_free(&o);
    return s->digest;
}

/* Puts the path in place of the digest, if that says the same. */
static void name_by_path(struct exporter *x, char **digest, char **source,
                         bool is_image)
{
    if (x->digests || !*digest || !*source || (*source)[0] != '/' ||
        strcmp(digest_of_path(x, *source, is_image), *digest) != 0)
        return;
    free(*digest);
    *digest = *source;
    *source = NULL;
}

static bool export_one(struct exporter *x, const cJSON *state, struct error *e)
{
    struct conf_domain d;
    bool good = definition_from_json(state, &d, e);

    if (good) {
        name_by_path(x, &d.image, &d.source_image, true);
        name_by_path(x, &d.files, &d.source_files, false);
        d.stopped = json_true(state, "stopped");
        putchar('\n');
        conf_write_domain(stdout, &d);
    }
    conf_domain_free(&d);
    return good;
}

static bool export_cell(struct cli *c, struct error *e)
{
    cJSON *answer;
    const cJSON *cell = cli_ask(c, "cell", "cell", &answer, e);

    if (cell)
        printf("# cell '%s', by 'scree export'; 'scree apply' takes it back\n"
               "[cell]\nnetwork = %s\n",
               c->cell, json_text(cell, "network", "10.0.0.0/8"));
    cJSON_Delete(answer);
    return cell != NULL;
}

int export_run(struct cli *c)
{
    struct exporter x = {.digests = args_has(&c->args, "digests")};
    cJSON *r = cli_request("ls"), *list = NULL;
    const cJSON *s;
    struct error e;
    bool good;

    good = select_put(&c->args, c->args.words, c->args.word_count, r, &e) &&
           cli_open(c, &e) && export_cell(c, &e);
    if (!good)
        cJSON_Delete(r);
    else
        list = select_states(c, r, NULL, &e);
    good = list != NULL;
    cJSON_ArrayForEach(s, list) good = good && export_one(&x, s, &e);
    cJSON_Delete(list);
    for (size_t i = 0; i < x.count; i++)
        free(x.list[i].path);
    free(x.list);
    return good ? STATUS_GOOD : cli_fail(&e);
}
