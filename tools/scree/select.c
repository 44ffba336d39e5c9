/* SPDX-License-Identifier: MIT */
/* See select.h. The cell matches globs and labels; here they only travel. */
#include "tools/scree/select.h"

#include <stdlib.h>
#include <string.h>

#include "tools/bundle/value.h"

bool select_is_glob(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

static bool put_label(cJSON *labels, const char *text, struct error *e)
{
    char key[VALUE_LABEL_MAX + 1];
    size_t n = strcspn(text, "=");

    if (!value_label(text))
        return error_set(e, "usage",
                         "-l %.100s: a label is KEY=VALUE; KEY of a-z, 0-9 "
                         "and inner .-_/",
                         text);
    snprintf(key, sizeof(key), "%.*s", (int)n, text);
    cJSON_DeleteItemFromObjectCaseSensitive(labels, key);
    json_put_text(labels, key, text + n + 1);
    return true;
}

bool select_put(const struct args *a, char *const *words, size_t count,
                cJSON *request, struct error *e)
{
    const char *label;
    size_t at = 0;
    cJSON *to;

    if (count) {
        to = cJSON_AddArrayToObject(request, "names");
        for (size_t i = 0; i < count; i++)
            cJSON_AddItemToArray(to, cJSON_CreateString(words[i]));
    }
    if (!args_has(a, "label"))
        return true;
    to = cJSON_AddObjectToObject(request, "labels");
    while ((label = args_next(a, "label", &at)))
        if (!put_label(to, label, e))
            return false;
    return true;
}

/* A long list comes in several lines. */
static void collect(void *list, const cJSON *line)
{
    cJSON *domains = cJSON_GetObjectItemCaseSensitive(line, "domains");

    while (cJSON_GetArraySize(domains))
        cJSON_AddItemToArray(list, cJSON_DetachItemFromArray(domains, 0));
}

cJSON *select_states(struct cli *c, cJSON *request, double *now,
                     struct error *e)
{
    cJSON *list = cli_must(cJSON_CreateArray()), *answer;
    const struct client_lines lines = {collect, list};
    const cJSON *time;

    if (!cli_collect(c, request, &lines, &answer, e)) {
        cJSON_Delete(list);
        return NULL;
    }
    collect(list, answer);
    time = cJSON_GetObjectItemCaseSensitive(answer, "now");
    if (now)
        *now = cJSON_IsNumber(time) ? time->valuedouble : cli_now();
    cJSON_Delete(answer);
    return list;
}

static void add(struct selection *s, const char *name)
{
    s->names = must_grow(s->names, s->count + 1, sizeof(*s->names));
    s->names[s->count++] = must_copy(name, strlen(name));
}

/* ls of the words and labels, as names. */
static bool look_up(struct cli *c, char *const *words, size_t count,
                    struct selection *s, struct error *e)
{
    cJSON *r = cli_request("ls"), *list;
    const cJSON *one;

    if (!select_put(&c->args, words, count, r, e)) {
        cJSON_Delete(r);
        return false;
    }
    list = select_states(c, r, NULL, e);
    if (!list)
        return false;
    cJSON_ArrayForEach(one, list)
    {
        add(s, json_text(one, "name", ""));
    }
    cJSON_Delete(list);
    return true;
}

static bool any_glob(char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (select_is_glob(words[i]))
            return true;
    return false;
}

static bool take_word(struct cli *c, char *const *word, struct selection *s,
                      struct error *e)
{
    size_t before = s->count;

    if (!select_is_glob(*word)) {
        add(s, *word);
        return true;
    }
    if (!look_up(c, word, 1, s, e))
        return false;
    return s->count > before ||
           error_set(e, "no-such-domain",
                     "no domain matches '%.60s'; 'scree ls' lists them", *word);
}

/* A name that an earlier word meant, too, is named once. */
static void drop_doubles(struct selection *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        size_t j = 0;
        while (j < kept && strcmp(s->names[j], s->names[i]) != 0)
            j++;
        if (j < kept)
            free(s->names[i]);
        else
            s->names[kept++] = s->names[i];
    }
    s->count = kept;
}

bool select_names(struct cli *c, char *const *words, size_t count,
                  struct selection *s, struct error *e)
{
    *s = (struct selection){0};
    if (args_has(&c->args, "label")) {
        if (!look_up(c, words, count, s, e))
            return false;
        return s->count || error_set(e, "no-such-domain",
                                     "no domain has these labels%s; 'scree ls' "
                                     "lists them",
                                     count ? " and names" : "");
    }
    for (size_t i = 0; i < count; i++)
        if (!take_word(c, &words[i], s, e))
            return false;
    if (any_glob(words, count) && count > 1)
        drop_doubles(s);
    return true;
}

void select_free(struct selection *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->names[i]);
    free(s->names);
}
