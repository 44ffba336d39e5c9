/* SPDX-License-Identifier: MIT */
/* `image ls`, `image rm`, `image put`: the objects that a cell keeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/scree/commands.h"
#include "tools/scree/image.h"
#include "tools/scree/select.h"
#include "tools/scree/text.h"

const struct args_option image_options[] = {
    {"json", 0, NULL, "ls: as a JSON array"},
    {"digests", 0, NULL, "ls: whole digests"},
    {"files", 0, NULL, "put: it is a directory of files"},
    {"unused", 0, NULL, "rm: all that no domain uses"},
    {NULL, 0, NULL, NULL},
};

static void collect(void *list, const cJSON *line)
{
    cJSON *images = cJSON_GetObjectItemCaseSensitive(line, "images");

    while (cJSON_GetArraySize(images))
        cJSON_AddItemToArray(list, cJSON_DetachItemFromArray(images, 0));
}

static cJSON *all_images(struct cli *c, struct error *e)
{
    cJSON *list = cli_must(cJSON_CreateArray()), *answer;
    const struct client_lines lines = {collect, list};

    if (!cli_open(c, e) ||
        !cli_collect(c, cli_request("image-ls"), &lines, &answer, e)) {
        cJSON_Delete(list);
        return NULL;
    }
    collect(list, answer);
    cJSON_Delete(answer);
    return list;
}

static void print_images(const struct cli *c, const cJSON *list)
{
    static const char *const titles[] = {"NAME",  "DIGEST",  "KIND", "SIZE",
                                         "USERS", "CREATED", NULL};
    int digits = args_has(&c->args, "digests") ? 71 : 19;
    double now = cli_now();
    struct table t;
    const cJSON *i;

    table_begin(&t, titles);
    cJSON_ArrayForEach(i, list)
    {
        double age = now - (double)json_number(i, "created", (uint64_t)now);
        table_add(&t, "%s", json_text(i, "name", "-"));
        table_add(&t, "%.*s", digits, json_text(i, "digest", "-"));
        table_add(&t, "%s", json_text(i, "kind", "-"));
        table_add(&t, "%s", text_size(json_number(i, "size", 0)).text);
        table_add(&t, "%llu", (unsigned long long)json_number(i, "users", 0));
        table_add(&t, "%s ago", text_span(age > 0 ? (uint64_t)age : 0).text);
    }
    table_print(&t, stdout, true);
    table_free(&t);
}

static int image_ls(struct cli *c)
{
    struct error e;
    cJSON *list = all_images(c, &e);

    if (!list)
        return cli_fail(&e);
    if (args_has(&c->args, "json")) {
        cli_print_json(list);
        return STATUS_GOOD;
    }
    print_images(c, list);
    cJSON_Delete(list);
    return STATUS_GOOD;
}

/* ------------------------------------------------------------------ rm */

/* A word means an image by its name, or by the beginning of its digest (with
 * "sha256:" or without). */
static bool means(const char *word, const cJSON *image)
{
    const char *digest = json_text(image, "digest", "");

    if (!strcmp(word, json_text(image, "name", "")))
        return true;
    if (strncmp(word, "sha256:", 7) != 0 && strlen(digest) > 7)
        digest += 7;
    return strlen(word) >= 4 && !strncmp(word, digest, strlen(word));
}

static bool remove_one(struct cli *c, const cJSON *image, struct error *e)
{
    const char *digest = json_text(image, "digest", "");
    cJSON *r = cli_request("image-rm");

    json_put_text(r, "digest", digest);
    if (!cli_call(c, r, NULL, e))
        return false;
    puts(digest);
    return true;
}

/* Removes what the word means; without one, what is not used. */
static int remove_those(struct cli *c, const cJSON *list, const char *word)
{
    const cJSON *image;
    int status = STATUS_GOOD;
    size_t found = 0;
    struct error e;

    cJSON_ArrayForEach(image, list)
    {
        if (word ? !means(word, image) : json_number(image, "users", 1) > 0)
            continue;
        found++;
        if (!remove_one(c, image, &e))
            status = cli_fail(&e);
    }
    if (found || !word)
        return status;
    error_set(&e, "no-such-image",
              "no image '%.80s'; 'scree image ls' lists them", word);
    return cli_fail(&e);
}

static int image_rm(struct cli *c)
{
    bool unused = args_has(&c->args, "unused");
    int status = STATUS_GOOD;
    struct error e;
    cJSON *list;

    if (c->args.word_count < 2 && !unused)
        return cli_usage(c, "rm: which image? its name or its digest");
    list = all_images(c, &e);
    if (!list)
        return cli_fail(&e);
    if (unused)
        status = remove_those(c, list, NULL);
    for (size_t i = 1; i < c->args.word_count; i++) {
        int one = remove_those(c, list, c->args.words[i]);
        if (one)
            status = one;
    }
    cJSON_Delete(list);
    return status;
}

/* ----------------------------------------------------------------- put */

static int image_put(struct cli *c)
{
    int status = STATUS_GOOD;

    if (c->args.word_count < 2)
        return cli_usage(c, "put: which image? a file");
    for (size_t i = 1; i < c->args.word_count; i++) {
        const char *name = c->args.words[i];
        struct object o;
        struct error e;
        bool good = args_has(&c->args, "files")
                        ? files_load(&o, name, NULL, &e)
                        : image_load(&o, name, NULL, &e);
        if (good && cli_open(c, &e) && object_put(c, &o, &e))
            puts(o.digest);
        else
            status = cli_fail(&e);
        object_free(&o);
    }
    return status;
}

int image_run(struct cli *c)
{
    const char *verb = c->args.word_count ? c->args.words[0] : "";

    if (!strcmp(verb, "ls") || !strcmp(verb, "list"))
        return image_ls(c);
    if (!strcmp(verb, "rm"))
        return image_rm(c);
    if (!strcmp(verb, "put"))
        return image_put(c);
    return cli_usage(c, "'%.40s': there are ls, rm and put", verb);
}
