/* SPDX-License-Identifier: MIT */
/*
 * `store`: the cell's store, by the library that other programs use
 * (tools/libxenstore) on the cell's store socket.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "tools/bundle/value.h"
#include "tools/scree/commands.h"

#define DEPTH_MAX 64
#define PERMS_MAX 64

const struct args_option store_options[] = {
    {"recursive", 'r', NULL, "ls: all that is below, with values; chmod: too"},
    {"perms", 'p', NULL, "ls: rights, too"},
    {"count", 'n', "N", "watch: end after so many events"},
    {NULL, 0, NULL, NULL},
};

struct store {
    struct cli *c;
    struct xs_handle *xs;
    char **paths; /* what follows the verb */
    size_t count;
};

/* What errno means here, and what to do. */
static int fail(const struct store *s, const char *path)
{
    static const struct {
        int error;
        const char *says;
    } known[] = {
        {ENOENT, "there is no such node"},
        {EACCES, "its rights do not allow that (scree store ls -p)"},
        {EINVAL, "a path is /A/B of letters, digits and -/_@, at most 3,071 "
                 "bytes; a value at most 4,096"},
        {ENOSPC, "a quota is used up (docs/store.md)"},
        {E2BIG, "too long"},
        {EIO, "the cell has closed the store's connection"},
    };
    const char *says = strerror(errno);

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (errno == known[i].error)
            says = known[i].says;
    (void)s;
    fprintf(stderr, "scree: %s: %s\n", path, says);
    return STATUS_FAILED;
}

static void print_value(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)bytes[i];
        if (b < ' ' || b > '~')
            printf("\\x%02x", b);
        else if (b == '\\')
            fputs("\\\\", stdout);
        else
            putchar(b);
    }
}

static void print_perms(const struct store *s, const char *path)
{
    static const char letters[] = "nrwb";
    unsigned n;
    struct xs_permissions *p = xs_get_permissions(s->xs, XBT_NULL, path, &n);

    for (unsigned i = 0; p && i < n; i++)
        printf("%s%c%u", i ? "," : "  (", letters[p[i].perms & 3], p[i].id);
    if (p)
        putchar(')');
    free(p);
}

static char *join(const char *path, const char *name)
{
    size_t n = strlen(path);
    bool slash = n && path[n - 1] == '/';
    char *out = cli_must(malloc(n + strlen(name) + 2));

    sprintf(out, "%s%s%s", path, slash ? "" : "/", name);
    return out;
}

/* "path = "value"  (n0,r1)" of the node and all below it. */
static int list_tree(const struct store *s, const char *path, unsigned depth)
{
    unsigned n, length;
    char **names, *value;
    int status = STATUS_GOOD;

    value = xs_read(s->xs, XBT_NULL, path, &length);
    if (value && strcmp(path, "/") != 0) {
        printf("%s = \"", path);
        print_value(value, length);
        putchar('"');
        if (args_has(&s->c->args, "perms"))
            print_perms(s, path);
        putchar('\n');
    }
    free(value);
    names = depth < DEPTH_MAX ? xs_directory(s->xs, XBT_NULL, path, &n) : NULL;
    if (!names)
        return errno == ENOENT && depth ? STATUS_GOOD : fail(s, path);
    for (unsigned i = 0; i < n && !status; i++) {
        char *below = join(path, names[i]);
        status = list_tree(s, below, depth + 1);
        free(below);
    }
    free(names);
    return status;
}

static int list_names(const struct store *s, const char *path)
{
    unsigned n;
    char **names = xs_directory(s->xs, XBT_NULL, path, &n);

    if (!names)
        return fail(s, path);
    for (unsigned i = 0; i < n; i++) {
        char *below = join(path, names[i]);
        fputs(names[i], stdout);
        if (args_has(&s->c->args, "perms"))
            print_perms(s, below);
        putchar('\n');
        free(below);
    }
    free(names);
    return STATUS_GOOD;
}

static int do_ls(struct store *s)
{
    const char *path = s->count ? s->paths[0] : "/";

    return args_has(&s->c->args, "recursive") ? list_tree(s, path, 0)
                                              : list_names(s, path);
}

static int do_read(struct store *s)
{
    for (size_t i = 0; i < s->count; i++) {
        unsigned n;
        char *value = xs_read(s->xs, XBT_NULL, s->paths[i], &n);
        if (!value)
            return fail(s, s->paths[i]);
        print_value(value, n);
        putchar('\n');
        free(value);
    }
    return STATUS_GOOD;
}

static int do_write(struct store *s)
{
    if (s->count % 2)
        return cli_usage(s->c, "write: PATH VALUE, in pairs");
    for (size_t i = 0; i < s->count; i += 2) {
        const char *value = s->paths[i + 1];
        if (!xs_write(s->xs, XBT_NULL, s->paths[i], value,
                      (unsigned)strlen(value)))
            return fail(s, s->paths[i]);
    }
    return STATUS_GOOD;
}

static int do_mkdir(struct store *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!xs_mkdir(s->xs, XBT_NULL, s->paths[i]))
            return fail(s, s->paths[i]);
    return STATUS_GOOD;
}

static int do_rm(struct store *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!xs_rm(s->xs, XBT_NULL, s->paths[i]))
            return fail(s, s->paths[i]);
    return STATUS_GOOD;
}

/* Says nothing; status 1: one is not there. */
static int do_exists(struct store *s)
{
    for (size_t i = 0; i < s->count; i++) {
        unsigned n;
        char *value = xs_read(s->xs, XBT_NULL, s->paths[i], &n);
        if (!value && errno != ENOENT)
            return fail(s, s->paths[i]);
        if (!value)
            return STATUS_FAILED;
        free(value);
    }
    return STATUS_GOOD;
}

/* ---------------------------------------------------------------- watch */

/* Each watch fires once when it is set, which is not an event to be told. */
static int do_watch(struct store *s)
{
    const char *text = args_value(&s->c->args, "count");
    size_t skip = s->count;
    uint64_t left = UINT64_MAX;

    if (text && !value_number(text, 1, UINT64_MAX, &left))
        return cli_usage(s->c, "--count %.40s: it wants a number", text);
    for (size_t i = 0; i < s->count; i++)
        if (!xs_watch(s->xs, s->paths[i], s->paths[i]))
            return fail(s, s->paths[i]);
    while (left) {
        unsigned n;
        char **event = xs_read_watch(s->xs, &n);
        if (!event)
            return fail(s, "watch");
        if (skip) {
            skip--;
        } else {
            puts(event[XS_WATCH_PATH]);
            fflush(stdout);
            left--;
        }
        free(event);
    }
    return STATUS_GOOD;
}

/* ---------------------------------------------------------------- chmod */

/* "n0", "r5", "w5", "b5": nothing, read, write, both, for domain N. */
static bool parse_perm(const char *text, struct xs_permissions *p)
{
    static const char letters[] = "nrwb";
    const char *letter = *text ? strchr(letters, *text) : NULL;
    uint64_t id;

    if (!letter || !value_number(text + 1, 0, 65535, &id))
        return false;
    *p = (struct xs_permissions){
        .id = (unsigned)id,
        .perms = (unsigned)(letter - letters),
    };
    return true;
}

static int chmod_tree(const struct store *s, const char *path,
                      struct xs_permissions *perms, unsigned n, unsigned depth)
{
    unsigned found;
    char **names;
    int status = STATUS_GOOD;

    if (!xs_set_permissions(s->xs, XBT_NULL, path, perms, n))
        return fail(s, path);
    if (!args_has(&s->c->args, "recursive") || depth == DEPTH_MAX)
        return STATUS_GOOD;
    names = xs_directory(s->xs, XBT_NULL, path, &found);
    for (unsigned i = 0; names && i < found && !status; i++) {
        char *below = join(path, names[i]);
        status = chmod_tree(s, below, perms, n, depth + 1);
        free(below);
    }
    free(names);
    return status;
}

static int do_chmod(struct store *s)
{
    struct xs_permissions perms[PERMS_MAX];
    unsigned n = 0;

    for (size_t i = 1; i < s->count && n < PERMS_MAX; i++)
        if (!parse_perm(s->paths[i], &perms[n++]))
            return cli_usage(s->c,
                             "chmod: '%.40s': rights are nN, rN, wN or bN: "
                             "none, read, write or both for domain N; the "
                             "first names the owner and all others' rights",
                             s->paths[i]);
    if (!n)
        return cli_usage(s->c, "chmod: PATH and rights, such as n0 r5");
    return chmod_tree(s, s->paths[0], perms, n, 0);
}

/* ---------------------------------------------------------------- verbs */

static const struct verb {
    const char *name;
    size_t least; /* words */
    int (*run)(struct store *s);
} verbs[] = {
    {"ls", 0, do_ls},         {"list", 0, do_ls},     {"read", 1, do_read},
    {"write", 2, do_write},   {"rm", 1, do_rm},       {"mkdir", 1, do_mkdir},
    {"exists", 1, do_exists}, {"watch", 1, do_watch}, {"chmod", 2, do_chmod},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (!strcmp(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* The library finds the socket as it does for every program. */
static bool open_store(struct store *s, struct error *e)
{
    struct path socket;

    if (!cli_choose(s->c, e) || !paths_cell(&socket, s->c->cell, CELL_STORE, e))
        return false;
    setenv("XENSTORED_PATH", socket.text, 1);
    s->xs = xs_open(0);
    if (s->xs)
        return true;
    return error_set(e, "cell-down",
                     "the store of cell '%s' cannot be reached (%s); is the "
                     "cell up? start it: scree up --name %s",
                     s->c->cell, strerror(errno), s->c->cell);
}

int store_run(struct cli *c)
{
    struct args *a = &c->args;
    struct store s = {.c = c};
    const struct verb *v = find_verb(a->word_count ? a->words[0] : "");
    struct error e;
    int status;

    if (!v)
        return cli_usage(c, "there are ls, read, write, mkdir, rm, exists, "
                            "watch and chmod");
    for (size_t i = 0; i < a->rest_count && a->word_count < ARGS_MAX; i++)
        a->words[a->word_count++] = a->rest[i];
    s.paths = a->words + 1;
    s.count = a->word_count - 1;
    if (s.count < v->least)
        return cli_usage(c, "%s: it wants a path%s", v->name,
                         v->least > 1 ? " and more" : "");
    if (!open_store(&s, &e))
        return cli_fail(&e);
    status = v->run(&s);
    xs_close(s.xs);
    return status;
}
