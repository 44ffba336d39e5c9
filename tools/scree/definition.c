/* SPDX-License-Identifier: MIT */
/* Between cell.conf and the API; see definition.h. */
#include "tools/scree/definition.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"

static const char *const crashes[] = {"destroy", "restart", "preserve"};

/* ------------------------------------------------------------- to JSON */

static void put_forwards(cJSON *o, const struct conf_domain *d)
{
    cJSON *list = cJSON_AddArrayToObject(o, "forwards");

    for (uint32_t i = 0; i < d->forward_count; i++) {
        const struct forward *f = &d->forwards[i];
        cJSON *one = cJSON_CreateObject();
        json_put_number(one, "host", f->host);
        json_put_number(one, "guest", f->guest);
        json_put_text(one, "protocol", f->udp ? "udp" : "tcp");
        cJSON_AddItemToArray(list, one);
    }
}

static void put_labels(cJSON *o, const struct conf_domain *d)
{
    cJSON *labels = cJSON_AddObjectToObject(o, "labels");

    for (uint32_t i = 0; i < d->label_count; i++) {
        char key[VALUE_LABEL_MAX + 1];
        size_t n = strcspn(d->labels[i], "=");
        snprintf(key, sizeof(key), "%.*s", (int)n, d->labels[i]);
        json_put_text(labels, key, d->labels[i] + n + 1);
    }
}

static void put_network(cJSON *o, const struct conf_domain *d)
{
    const char *address = d->address_kind == CONF_NONE ? "none" : "auto";

    if (d->net_rate)
        json_put_number(o, "net_rate", d->net_rate);
    if (d->group)
        json_put_number(o, "group", d->group);
    json_put_text(o, "address",
                  d->address_kind == CONF_FIXED ? address_text(d->address).text
                                                : address);
    if (d->forward_count)
        put_forwards(o, d);
}

static void put_source(cJSON *o, const struct conf_domain *d)
{
    cJSON *source;

    if (!d->source_image && !d->source_files)
        return;
    source = cJSON_AddObjectToObject(o, "source");
    if (d->source_image)
        json_put_text(source, "image", d->source_image);
    if (d->source_files)
        json_put_text(source, "files", d->source_files);
}

cJSON *definition_to_json(const struct conf_domain *d)
{
    cJSON *o = cJSON_CreateObject();

    if (d->name[0])
        json_put_text(o, "name", d->name);
    json_put_text(o, "image", d->image);
    if (d->files)
        json_put_text(o, "files", d->files);
    if (d->memory)
        json_put_number(o, "memory", d->memory);
    json_put_number(o, "weight", d->weight);
    put_network(o, d);
    if (d->cmdline[0])
        json_put_text(o, "cmdline", d->cmdline);
    json_put_text(o, "restart", conf_restart_text(d->restart, d->retries).text);
    if (d->on_crash == SCREE_ON_CRASH_PRESERVE)
        json_put_text(o, "on_crash", "preserve");
    if (d->remove)
        json_put_bool(o, "remove", true);
    if (d->label_count)
        put_labels(o, d);
    put_source(o, d);
    return o;
}

/* ----------------------------------------------------------- from JSON */

static bool odd(struct error *e, const char *what)
{
    return error_set(e, "failed",
                     "the cell's answer has a %s that this scree does not "
                     "understand; are both of the same version?",
                     what);
}

static char *copy_text(const cJSON *o, const char *key)
{
    const char *text = json_text(o, key, NULL);

    return text ? must_copy(text, strlen(text)) : NULL;
}

static bool take_address(const cJSON *o, struct conf_domain *d)
{
    const char *text = json_text(o, "address", "none");

    d->address_kind = CONF_FIXED;
    if (!strcmp(text, "auto"))
        d->address_kind = CONF_AUTO;
    else if (!strcmp(text, "none") || !*text)
        d->address_kind = CONF_NONE;
    else
        return value_address(text, &d->address);
    return true;
}

static bool take_forwards(const cJSON *o, struct conf_domain *d)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "forwards"), *one;

    cJSON_ArrayForEach(one, list)
    {
        struct forward f = {
            .host = (uint32_t)json_number(one, "host", 0),
            .guest = (uint16_t)json_number(one, "guest", 0),
            .udp = !strcmp(json_text(one, "protocol", "tcp"), "udp"),
        };
        if (d->forward_count == CONF_FORWARDS_MAX)
            return false;
        d->forwards[d->forward_count++] = f;
    }
    return true;
}

static bool take_labels(const cJSON *o, struct conf_domain *d)
{
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(o, "labels"), *one;

    cJSON_ArrayForEach(one, labels)
    {
        char text[2 * VALUE_LABEL_MAX + 2];
        if (d->label_count == CONF_LABELS_MAX || !cJSON_IsString(one) ||
            snprintf(text, sizeof(text), "%s=%s", one->string,
                     one->valuestring) >= (int)sizeof(text))
            return false;
        d->labels[d->label_count++] = must_copy(text, strlen(text));
    }
    return true;
}

static bool take_on_crash(const cJSON *o, struct conf_domain *d)
{
    const char *text = json_text(o, "on_crash", "destroy");

    for (uint32_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        if (strcmp(text, crashes[i]) != 0)
            continue;
        d->on_crash = i;
        return true;
    }
    return false;
}

bool definition_from_json(const cJSON *o, struct conf_domain *d,
                          struct error *e)
{
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(o, "source");

    conf_domain_init(d, json_text(o, "name", ""));
    d->image = copy_text(o, "image");
    d->files = copy_text(o, "files");
    d->source_image = copy_text(source, "image");
    d->source_files = copy_text(source, "files");
    d->memory = json_number(o, "memory", 0);
    d->net_rate = json_number(o, "net_rate", 0);
    d->weight = (uint32_t)json_number(o, "weight", SCREE_WEIGHT_DEFAULT);
    d->group = (uint32_t)json_number(o, "group", 0);
    d->remove = json_true(o, "remove");
    d->stopped = json_true(o, "stopped");
    snprintf(d->cmdline, sizeof(d->cmdline), "%s", json_text(o, "cmdline", ""));
    if (!take_address(o, d))
        return odd(e, "'address'");
    if (!take_forwards(o, d))
        return odd(e, "'forwards'");
    if (!take_labels(o, d))
        return odd(e, "'labels'");
    if (!take_on_crash(o, d))
        return odd(e, "'on_crash'");
    if (!conf_restart(json_text(o, "restart", "no"), &d->restart, &d->retries))
        return odd(e, "'restart'");
    return true;
}

/* ---------------------------------------------------------------- diff */

struct diff {
    enum change change;
    char *text;
    size_t size, used;
};

static void differ(struct diff *f, enum change change, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void differ(struct diff *f, enum change change, const char *format, ...)
{
    va_list args;
    size_t left = f->size - f->used;
    int n;

    if (f->change < change)
        f->change = change;
    if (left < 3)
        return;
    n = snprintf(f->text + f->used, left, "%s", f->used ? ", " : "");
    f->used += (size_t)n;
    va_start(args, format);
    n = vsnprintf(f->text + f->used, left - (size_t)n, format, args);
    va_end(args);
    f->used += (size_t)n < left - 2 ? (size_t)n : left - 3;
}

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

/* As people say it: a memory of 1.5M is 1536K in cell.conf. */
static void differ_number(struct diff *f, enum change change, const char *what,
                          uint64_t is, uint64_t want)
{
    if (is != want)
        differ(f, change, "%s %" PRIu64 " -> %" PRIu64, what, is, want);
}

static const char *address_of(const struct conf_domain *d,
                              struct address_text *room)
{
    if (d->address_kind != CONF_FIXED)
        return d->address_kind == CONF_NONE ? "none" : "auto";
    *room = address_text(d->address);
    return room->text;
}

static void diff_address(struct diff *f, const struct conf_domain *is,
                         const struct conf_domain *want)
{
    struct address_text a, b;

    if (want->address_kind == CONF_AUTO && is->address_kind != CONF_NONE)
        return;
    if (want->address_kind == is->address_kind &&
        (is->address_kind != CONF_FIXED || is->address == want->address))
        return;
    differ(f, CHANGE_REPLACE, "address %s -> %s", address_of(is, &a),
           address_of(want, &b));
}

static bool has_forward(const struct conf_domain *d, const struct forward *f)
{
    for (uint32_t i = 0; i < d->forward_count; i++)
        if (d->forwards[i].host == f->host &&
            d->forwards[i].guest == f->guest && d->forwards[i].udp == f->udp)
            return true;
    return false;
}

static void diff_forwards(struct diff *f, const struct conf_domain *is,
                          const struct conf_domain *want)
{
    bool same = is->forward_count == want->forward_count;

    for (uint32_t i = 0; same && i < is->forward_count; i++)
        same = has_forward(want, &is->forwards[i]);
    if (!same)
        differ(f, CHANGE_REPLACE, "forwards");
}

static bool has_label(const struct conf_domain *d, const char *label)
{
    for (uint32_t i = 0; i < d->label_count; i++)
        if (!strcmp(d->labels[i], label))
            return true;
    return false;
}

static void diff_labels(struct diff *f, const struct conf_domain *is,
                        const struct conf_domain *want)
{
    bool same = is->label_count == want->label_count;

    for (uint32_t i = 0; same && i < is->label_count; i++)
        same = has_label(want, is->labels[i]);
    if (!same)
        differ(f, CHANGE_SET, "labels");
}

static void diff_contents(struct diff *f, const struct conf_domain *is,
                          const struct conf_domain *want)
{
    if (!same_text(is->image, want->image))
        differ(f, CHANGE_REPLACE, "image");
    if (!same_text(is->files, want->files))
        differ(f, CHANGE_REPLACE, "files");
    if (!same_text(is->cmdline, want->cmdline))
        differ(f, CHANGE_REPLACE, "cmdline '%.60s' -> '%.60s'", is->cmdline,
               want->cmdline);
    if (want->memory && is->memory != want->memory)
        differ(f, CHANGE_REPLACE, "memory %" PRIu64 "K -> %" PRIu64 "K",
               is->memory >> 10, want->memory >> 10);
}

enum change definition_diff(const struct conf_domain *is,
                            const struct conf_domain *want, char *text,
                            size_t size)
{
    struct diff f = {.text = text, .size = size};
    struct restart_text a = conf_restart_text(is->restart, is->retries);
    struct restart_text b = conf_restart_text(want->restart, want->retries);

    text[0] = '\0';
    diff_contents(&f, is, want);
    diff_address(&f, is, want);
    diff_forwards(&f, is, want);
    differ_number(&f, CHANGE_REPLACE, "group", is->group, want->group);
    if (is->on_crash != want->on_crash)
        differ(&f, CHANGE_REPLACE, "on_crash %s -> %s", crashes[is->on_crash],
               crashes[want->on_crash]);
    if (is->remove != want->remove)
        differ(&f, CHANGE_REPLACE, "remove");
    differ_number(&f, CHANGE_SET, "weight", is->weight, want->weight);
    differ_number(&f, CHANGE_SET, "net-rate", is->net_rate, want->net_rate);
    if (strcmp(a.text, b.text) != 0)
        differ(&f, CHANGE_SET, "restart %s -> %s", a.text, b.text);
    diff_labels(&f, is, want);
    return f.change;
}
