/* SPDX-License-Identifier: MIT */
/* The reader of command lines; see args.h. */
#include "tools/scree/args.h"

#include <string.h>

const struct args_option args_common[] = {
    {"cell", 0, "CELL", "of this cell (else SCREE_CELL, or the only one)"},
    {"help", 'h', NULL, "show this"},
    {NULL, 0, NULL, NULL},
};

static bool is_name(const struct args_option *o, const char *name, size_t n)
{
    return strlen(o->name) == n && !strncmp(o->name, name, n);
}

/* By its whole name, of length n, or by its letter if name is NULL. */
static const struct args_option *find(const struct args_option *own,
                                      const char *name, size_t n, char letter)
{
    const struct args_option *const tables[] = {own, args_common};

    for (size_t t = 0; t < 2; t++)
        for (const struct args_option *o = tables[t]; o && o->name; o++)
            if (name ? is_name(o, name, n) : o->letter == letter)
                return o;
    return NULL;
}

static bool give(struct args *a, const struct args_option *o, const char *value,
                 struct error *e)
{
    if (a->given_count == ARGS_MAX)
        return error_set(e, "usage", "more than %d options", ARGS_MAX);
    a->given[a->given_count++] = (struct args_given){o, value ? value : ""};
    return true;
}

/* The value of an option: attached to it, or the next argument. */
static bool take_value(struct args *a, const struct args_option *o,
                       const char *attached, char ***at, struct error *e)
{
    char *next = (*at)[1];
    bool may_lack = o->value[0] == '[';

    if (attached)
        return give(a, o, attached, e);
    if (may_lack && (!next || next[0] == '-'))
        return give(a, o, "", e);
    if (!next)
        return error_set(e, "usage", "--%s wants %s", o->name, o->value);
    ++*at;
    return give(a, o, next, e);
}

static bool take_long(struct args *a, const struct args_option *own, char ***at,
                      struct error *e)
{
    const char *name = **at + 2;
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct args_option *o = find(own, name, n, 0);

    if (!o)
        return error_set(e, "usage", "unknown option '--%.*s'",
                         n < 100 ? (int)n : 100, name);
    if (o->value)
        return take_value(a, o, equals ? equals + 1 : NULL, at, e);
    if (equals)
        return error_set(e, "usage", "--%s takes no value", o->name);
    return give(a, o, NULL, e);
}

/* "-d", "-dit", "-m 2M", "-m2M" */
static bool take_letters(struct args *a, const struct args_option *own,
                         char ***at, struct error *e)
{
    for (const char *s = **at + 1; *s; s++) {
        const struct args_option *o = find(own, NULL, 0, *s);
        if (!o)
            return error_set(e, "usage", "unknown option '-%c'", *s);
        if (o->value)
            return take_value(a, o, s[1] ? s + 1 : NULL, at, e);
        if (!give(a, o, NULL, e))
            return false;
    }
    return true;
}

static bool take_word(struct args *a, char *word, struct error *e)
{
    if (a->word_count == ARGS_MAX)
        return error_set(e, "usage", "more than %d words", ARGS_MAX);
    a->words[a->word_count++] = word;
    return true;
}

bool args_parse(struct args *a, const struct args_option *own, int argc,
                char **argv, struct error *e)
{
    char **at = argv + (argc > 0);

    a->given_count = a->word_count = a->rest_count = 0;
    a->rest = argv + argc;
    for (; *at; at++) {
        bool good;
        if (!strcmp(*at, "--")) {
            a->rest = at + 1;
            a->rest_count = (size_t)(argv + argc - a->rest);
            return true;
        }
        if ((*at)[0] != '-' || !(*at)[1])
            good = take_word(a, *at, e);
        else if ((*at)[1] == '-')
            good = take_long(a, own, &at, e);
        else
            good = take_letters(a, own, &at, e);
        if (!good)
            return false;
    }
    return true;
}

const char *args_next(const struct args *a, const char *name, size_t *at)
{
    while (*at < a->given_count) {
        const struct args_given *g = &a->given[(*at)++];
        if (!strcmp(g->option->name, name))
            return g->value;
    }
    return NULL;
}

const char *args_value(const struct args *a, const char *name)
{
    const char *value = NULL, *next;

    for (size_t at = 0; (next = args_next(a, name, &at));)
        value = next;
    return value;
}

bool args_has(const struct args *a, const char *name)
{
    return args_value(a, name) != NULL;
}

static void help_one(FILE *out, const struct args_option *o)
{
    char left[64];
    char letter[5] = "    ";

    if (!o->help)
        return;
    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
             o->value ? " " : "", o->value ? o->value : "");
    fprintf(out, "  %-27s %s\n", left, o->help);
}

void args_help(FILE *out, const struct args_option *own)
{
    for (const struct args_option *o = own; o && o->name; o++)
        help_one(out, o);
    for (const struct args_option *o = args_common; o->name; o++)
        if (find(own, o->name, strlen(o->name), 0) == o)
            help_one(out, o);
}
