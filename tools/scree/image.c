/* SPDX-License-Identifier: MIT */
/* See image.h. */
#define _GNU_SOURCE
#include "tools/scree/image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bundle/object.h"
#include "tools/bundle/value.h"
#include "scree/control.h"
#include "tools/scree/progress.h"

#define PIECE (256u << 10) /* of an object, between looks at the clock */

/* The path of name below directory: real, to be freed; NULL: not there. */
static char *below(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (!directory || name[0] == '/')
        return realpath(name, NULL);
    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >=
        (int)sizeof(path))
        return NULL;
    return realpath(path, NULL);
}

/* One that comes with scree: NAME or NAME.elf of its guests, or a directory
 * such as "site". */
static char *bundled(const char *name)
{
    static const struct {
        const char *before, *after;
    } forms[] = {{"guests/", ".elf"}, {"guests/", ""}, {"", ""}};
    struct error ignored;
    struct path p;
    char file[256];

    if (strchr(name, '/') || !*name || *name == '.')
        return NULL;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        int n = snprintf(file, sizeof(file), "%s%s%s", forms[i].before, name,
                         forms[i].after);
        if (n < (int)sizeof(file) && paths_library(&p, file, &ignored))
            return realpath(p.text, NULL);
    }
    return NULL;
}

/* A file of this name goes before one that comes with scree. */
static bool find(struct object *o, const char *name, const char *directory,
                 struct error *e)
{
    o->source = below(directory, name);
    if (!o->source)
        o->source = bundled(name);
    if (o->source)
        return true;
    return error_set(e, "no-such-image",
                     "%.300s: neither a file nor one that comes with scree "
                     "(web, dns, echo, hello); give the path of an ELF image",
                     name);
}

static char *label_of(const char *path)
{
    size_t n;
    const char *base = value_base(path, &n);

    return must_copy(base, n);
}

static bool only_digest(struct object *o, const char *name, struct error *e)
{
    if (!value_is_digest(name))
        return error_set(e, "usage",
                         "%.100s: a digest is sha256: and 64 hexadecimal "
                         "digits, as 'scree image ls --digests' shows them",
                         name);
    snprintf(o->digest, sizeof(o->digest), "%s", name);
    o->label = must_copy(name, strlen(name));
    return true;
}

static void name_by_digest(struct object *o)
{
    struct digest d = digest_of(o->bytes.bytes, o->bytes.size);
    struct object_facts facts;
    struct why ignored;

    digest_text(&d, o->digest);
    if (object_look(o->bytes.bytes, o->bytes.size, o->bytes.size, &facts,
                    &ignored))
        o->least_memory = facts.least_memory;
}

/* Whether it fits what a cell takes as one object. */
static bool check_size(const struct object *o, struct error *e)
{
    if (o->bytes.size <= SCREE_OBJECT_SIZE_MAX)
        return true;
    return error_set(e, "failed",
                     "%.300s: makes an object of %zu MiB; a cell takes at "
                     "most %u MiB",
                     o->source, o->bytes.size >> 20,
                     SCREE_OBJECT_SIZE_MAX >> 20);
}

static bool load(struct object *o, const char *name, const char *directory,
                 bool is_image, struct error *e)
{
    struct why w;
    bool good;

    *o = (struct object){0};
    if (!strncmp(name, "sha256:", 7))
        return only_digest(o, name, e);
    if (!find(o, name, directory, e))
        return false;
    o->label = label_of(o->source);
    good = is_image ? object_make_image(o->source, &o->bytes, &w)
                    : object_make_files(o->source, &o->bytes, &w);
    if (!good && !strncmp(w.text, o->source, strlen(o->source)))
        return cli_why(e, &w);
    if (!good)
        return error_set(e, "failed", "%.300s: %.600s", o->source, w.text);
    if (!check_size(o, e))
        return false;
    name_by_digest(o);
    return true;
}

bool image_load(struct object *o, const char *name, const char *directory,
                struct error *e)
{
    return load(o, name, directory, true, e);
}

bool files_load(struct object *o, const char *name, const char *directory,
                struct error *e)
{
    return load(o, name, directory, false, e);
}

void object_free(struct object *o)
{
    free(o->source);
    free(o->label);
    buffer_free(&o->bytes);
    *o = (struct object){0};
}

static bool has(struct cli *c, const struct object *o, bool *answer_out,
                struct error *e)
{
    cJSON *r = cli_request("image-has"), *answer;

    json_put_text(r, "digest", o->digest);
    if (!cli_call(c, r, &answer, e))
        return false;
    *answer_out = json_true(answer, "has");
    cJSON_Delete(answer);
    return true;
}

/* A cell may refuse in the middle: then it has closed the connection, and what
 * it said is read first. */
static bool send_bytes(struct cli *c, const struct object *o, struct error *e)
{
    struct progress p;
    bool good = true;

    progress_begin(&p, "sending %.80s (%zu KiB) to the cell", o->label,
                   o->bytes.size >> 10);
    for (size_t at = 0; good && at < o->bytes.size; at += PIECE) {
        size_t left = o->bytes.size - at;
        good = client_send_bytes(&c->api, o->bytes.bytes + at,
                                 left < PIECE ? left : PIECE, e);
        progress_tick(&p, at, o->bytes.size);
    }
    progress_end(&p);
    return good;
}

static bool put(struct cli *c, const struct object *o, struct error *e)
{
    cJSON *r = cli_request("image-put"), *line;
    uint64_t id;
    bool good;

    json_put_text(r, "digest", o->digest);
    json_put_number(r, "size", o->bytes.size);
    if (!client_send(&c->api, r, &id, e))
        return false;
    good = send_bytes(c, o, e);
    if (!client_receive(&c->api, good ? -1 : 1000, &line, e) || !line)
        return false;
    good = json_true(line, "ok");
    if (!good)
        json_take_error(line, e);
    cJSON_Delete(line);
    return good;
}

bool object_put(struct cli *c, const struct object *o, struct error *e)
{
    bool there = false;

    if (!has(c, o, &there, e))
        return false;
    if (there)
        return true;
    if (o->bytes.size)
        return put(c, o, e);
    return error_set(e, "no-such-image",
                     "the cell has no image %s; 'scree image ls' lists what it "
                     "has",
                     o->digest);
}
