/* SPDX-License-Identifier: MIT */
/* See definition.h. */
#define _GNU_SOURCE
#include "tools/screed/definition.h"

#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/domain.h"

static const char *const keys[] = {
    "name",   "image",   "files",    "memory",  "weight",  "net_rate",
    "group",  "address", "forwards", "cmdline", "restart", "on_crash",
    "remove", "labels",  "source",   NULL};

#define MEMORY_MOST (SCREE_GUEST_END - SCREE_IMAGE_BASE)
#define SOURCE_MOST 900

static char *copy(const char *text)
{
    return must_copy(text, strlen(text));
}

/* A text that a line of cell.conf can have as it is. */
static bool is_plain(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127 ||
            (text[i] == '#' && (!i || text[i - 1] == ' ')))
            return false;
    return n && n < SOURCE_MOST && text[0] != ' ' && text[n - 1] != ' ';
}

static bool parse_digest(const cJSON *json, const char *key, bool must,
                         char **out, struct error *e)
{
    const char *text = NULL;

    if (!json_get_text(json, key, must, &text, e))
        return false;
    if (!text)
        return true;
    if (!value_is_digest(text))
        return error_set(e, "bad-request",
                         "\"%s\" must be sha256: and 64 hexadecimal digits",
                         key);
    *out = copy(text);
    return true;
}

static bool parse_name(struct conf_domain *d, const cJSON *json,
                       struct error *e)
{
    const char *name = "";

    if (!json_get_text(json, "name", JSON_MAY, &name, e))
        return false;
    if (name[0] && !value_name(name, SCREE_NAME_MAX))
        return error_set(e, "bad-request",
                         "bad name '%.60s'; use up to %d of a-z, 0-9 and inner "
                         "'-'",
                         name, SCREE_NAME_MAX - 1);
    conf_domain_init(d, name);
    return true;
}

static bool parse_numbers(struct conf_domain *d, const cJSON *json,
                          struct error *e)
{
    uint64_t weight = d->weight, group = 0;

    if (!json_get_number(json, "memory", MEMORY_MOST, &d->memory, e) ||
        !json_get_number(json, "weight", 65535, &weight, e) ||
        !json_get_number(json, "group", 65535, &group, e) ||
        !json_get_number(json, "net_rate", JSON_NUMBER_MAX, &d->net_rate, e))
        return false;
    if (!weight)
        return error_set(e, "bad-request", "\"weight\" must be 1 to 65535");
    if (d->memory % SCREE_PAGE_SIZE)
        return error_set(e, "bad-request",
                         "\"memory\" must be a multiple of 4096");
    d->weight = (uint32_t)weight;
    d->group = (uint32_t)group;
    return true;
}

static bool parse_address(struct conf_domain *d, const cJSON *json,
                          struct error *e)
{
    const char *text = "auto";

    if (!json_get_text(json, "address", JSON_MAY, &text, e))
        return false;
    d->address_kind = CONF_FIXED;
    if (!strcmp(text, "auto"))
        d->address_kind = CONF_AUTO;
    else if (!strcmp(text, "none"))
        d->address_kind = CONF_NONE;
    else if (!value_address(text, &d->address))
        return error_set(e, "bad-address",
                         "\"address\": '%.40s' is neither an address such as "
                         "10.0.0.5, nor auto, nor none",
                         text);
    return true;
}

static bool parse_forward(struct conf_domain *d, const cJSON *item,
                          struct error *e)
{
    static const char *const names[] = {"host", "guest", "protocol", NULL};
    const char *protocol = "tcp";
    uint64_t host = 0, guest = 0;

    if (!cJSON_IsObject(item))
        return error_set(e, "bad-request",
                         "\"forwards\" must be a list of objects");
    if (!json_only(item, names, e) || !json_need(item, "host", e) ||
        !json_get_number(item, "host", 65535, &host, e) ||
        !json_need(item, "guest", e) ||
        !json_get_number(item, "guest", 65535, &guest, e) ||
        !json_get_text(item, "protocol", JSON_MAY, &protocol, e))
        return false;
    if (!host || !guest ||
        (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
        return error_set(e, "bad-request",
                         "a forward has ports from 1 to 65535 and the protocol "
                         "tcp or udp");
    if (d->forward_count == CONF_FORWARDS_MAX)
        return error_set(e, "bad-request", "at most %d forwards",
                         CONF_FORWARDS_MAX);
    d->forwards[d->forward_count++] =
        (struct forward){.host = (uint32_t)host,
                         .guest = (uint16_t)guest,
                         .udp = !strcmp(protocol, "udp")};
    return true;
}

static bool parse_forwards(struct conf_domain *d, const cJSON *json,
                           struct error *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "forwards");
    const cJSON *item;

    if (list && !cJSON_IsArray(list))
        return error_set(e, "bad-request", "\"forwards\" must be a list");
    cJSON_ArrayForEach(item, list)
    {
        if (!parse_forward(d, item, e))
            return false;
    }
    return !d->forward_count || d->address_kind != CONF_NONE ||
           error_set(e, "bad-request",
                     "a domain without an address has no forwards");
}

static bool parse_cmdline(struct conf_domain *d, const cJSON *json,
                          struct error *e)
{
    const char *text = "";
    size_t n;

    if (!json_get_text(json, "cmdline", JSON_MAY, &text, e))
        return false;
    text += strspn(text, " \t");
    n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    if (n >= sizeof(d->cmdline))
        return error_set(e, "bad-request",
                         "\"cmdline\" has %zu bytes; at most %zu are possible",
                         n, sizeof(d->cmdline) - 1);
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 127)
            return error_set(e, "bad-request",
                             "\"cmdline\" has a control character");
    memcpy(d->cmdline, text, n);
    return true;
}

static bool parse_life(struct conf_domain *d, const cJSON *json,
                       struct error *e)
{
    const char *restart = "no", *on_crash = "destroy";

    if (!json_get_text(json, "restart", JSON_MAY, &restart, e) ||
        !json_get_text(json, "on_crash", JSON_MAY, &on_crash, e) ||
        !json_get_bool(json, "remove", &d->remove, e))
        return false;
    if (!conf_restart(restart, &d->restart, &d->retries))
        return error_set(e, "bad-request",
                         "\"restart\": '%.40s' is none of no, on-failure, "
                         "on-failure:N, always, unless-stopped",
                         restart);
    if (strcmp(on_crash, "destroy") != 0 && strcmp(on_crash, "preserve") != 0)
        return error_set(e, "bad-request",
                         "\"on_crash\": '%.40s' is neither destroy nor "
                         "preserve",
                         on_crash);
    d->on_crash = !strcmp(on_crash, "preserve") ? SCREE_ON_CRASH_PRESERVE
                                                : SCREE_ON_CRASH_DESTROY;
    if (d->remove && d->restart)
        return error_set(e, "bad-request",
                         "a domain that is removed when it ends cannot "
                         "restart; leave \"remove\" or \"restart\" away");
    return true;
}

static void free_labels(struct conf_domain *d)
{
    for (uint32_t i = 0; i < d->label_count; i++)
        free(d->labels[i]);
    d->label_count = 0;
}

static bool has_key(const struct conf_domain *d, const char *label)
{
    size_t n = strcspn(label, "=") + 1;

    for (uint32_t i = 0; i < d->label_count; i++)
        if (!strncmp(d->labels[i], label, n))
            return true;
    return false;
}

bool definition_labels(struct conf_domain *d, const cJSON *labels,
                       struct error *e)
{
    const cJSON *item;

    free_labels(d);
    if (labels && !cJSON_IsObject(labels))
        return error_set(e, "bad-request", "\"labels\" must be an object");
    cJSON_ArrayForEach(item, labels)
    {
        char text[2 * VALUE_LABEL_MAX + 2];
        int n = snprintf(text, sizeof(text), "%s=%s", item->string,
                         cJSON_IsString(item) ? item->valuestring : "#");
        if (n >= (int)sizeof(text) || !value_label(text) ||
            strchr(item->string, '='))
            return error_set(e, "bad-request",
                             "bad label '%.80s': a key has up to %d of a-z, "
                             "0-9 and inner '.-_/', a value up to %d "
                             "characters without blanks, ',' and '#'",
                             item->string, VALUE_LABEL_MAX, VALUE_LABEL_MAX);
        if (has_key(d, text))
            return error_set(e, "bad-request", "label '%.60s' is given twice",
                             item->string);
        if (d->label_count == CONF_LABELS_MAX)
            return error_set(e, "bad-request", "at most %d labels",
                             CONF_LABELS_MAX);
        d->labels[d->label_count++] = copy(text);
    }
    return true;
}

/* Only for people: what cannot be kept is left out. */
static bool parse_source(struct conf_domain *d, const cJSON *json,
                         struct error *e)
{
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(json, "source");
    const char *image = json_text(source, "image", "");
    const char *files = json_text(source, "files", "");

    if (source && !cJSON_IsObject(source))
        return error_set(e, "bad-request", "\"source\" must be an object");
    if (is_plain(image))
        d->source_image = copy(image);
    if (is_plain(files))
        d->source_files = copy(files);
    return true;
}

/* What could not be read from the file of definitions must not get there. */
static bool check_kept(const struct conf_domain *d, struct error *e)
{
    struct conf_domain copy = *d;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct conf c;
    struct why w;
    bool good;

    if (!out)
        return error_set(e, "no-memory", "out of memory");
    if (!copy.name[0])
        snprintf(copy.name, sizeof(copy.name), "new");
    conf_write_domain(out, &copy);
    fclose(out);
    good = conf_parse(&c, "definition", text, size, &w) ||
           error_set(e, "bad-request", "%s", w.text);
    conf_free(&c);
    free(text);
    return good;
}

bool definition_parse(struct conf_domain *d, const cJSON *json, struct error *e)
{
    *d = (struct conf_domain){0};
    if (!cJSON_IsObject(json))
        return error_set(e, "bad-request", "\"domain\" must be an object");
    return json_only(json, keys, e) && parse_name(d, json, e) &&
           parse_digest(json, "image", JSON_MUST, &d->image, e) &&
           parse_digest(json, "files", JSON_MAY, &d->files, e) &&
           parse_numbers(d, json, e) && parse_address(d, json, e) &&
           parse_forwards(d, json, e) && parse_cmdline(d, json, e) &&
           parse_life(d, json, e) &&
           definition_labels(
               d, cJSON_GetObjectItemCaseSensitive(json, "labels"), e) &&
           parse_source(d, json, e) && check_kept(d, e);
}

/* ------------------------------------------------------------- to JSON */

static void put_forwards(cJSON *object, const struct conf_domain *d)
{
    cJSON *list = cJSON_AddArrayToObject(object, "forwards");

    for (uint32_t i = 0; i < d->forward_count; i++) {
        cJSON *item = cJSON_CreateObject();
        json_put_number(item, "host", d->forwards[i].host);
        json_put_number(item, "guest", d->forwards[i].guest);
        json_put_text(item, "protocol", d->forwards[i].udp ? "udp" : "tcp");
        cJSON_AddItemToArray(list, item);
    }
}

static void put_labels(cJSON *object, const struct conf_domain *d)
{
    cJSON *labels = cJSON_AddObjectToObject(object, "labels");

    for (uint32_t i = 0; i < d->label_count; i++) {
        char key[VALUE_LABEL_MAX + 1] = "";
        size_t n = strcspn(d->labels[i], "=");
        memcpy(key, d->labels[i], n);
        json_put_text(labels, key, d->labels[i] + n + 1);
    }
}

static void put_source(cJSON *object, const struct conf_domain *d)
{
    cJSON *source = cJSON_AddObjectToObject(object, "source");

    if (d->source_image)
        json_put_text(source, "image", d->source_image);
    if (d->source_files)
        json_put_text(source, "files", d->source_files);
}

void definition_put(cJSON *object, const struct conf_domain *d)
{
    const char *address = d->address_kind == CONF_NONE ? "none" : "auto";

    json_put_text(object, "name", d->name);
    json_put_text(object, "image", d->image);
    if (d->files)
        json_put_text(object, "files", d->files);
    json_put_number(object, "memory", d->memory);
    json_put_number(object, "weight", d->weight);
    json_put_number(object, "net_rate", d->net_rate);
    json_put_number(object, "group", d->group);
    json_put_text(object, "address",
                  d->address_kind == CONF_FIXED ? address_text(d->address).text
                                                : address);
    put_forwards(object, d);
    json_put_text(object, "cmdline", d->cmdline);
    json_put_text(object, "restart",
                  conf_restart_text(d->restart, d->retries).text);
    json_put_text(object, "on_crash",
                  d->on_crash == SCREE_ON_CRASH_PRESERVE ? "preserve"
                                                         : "destroy");
    json_put_bool(object, "remove", d->remove);
    put_labels(object, d);
    put_source(object, d);
}

bool definition_has_labels(const struct conf_domain *d, const cJSON *labels)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, labels)
    {
        char text[2 * VALUE_LABEL_MAX + 2];
        bool found = false;
        snprintf(text, sizeof(text), "%s=%s", item->string,
                 cJSON_IsString(item) ? item->valuestring : "#");
        for (uint32_t i = 0; i < d->label_count; i++)
            found |= !strcmp(d->labels[i], text);
        if (!found)
            return false;
    }
    return true;
}

struct scree_manage_run definition_record(const struct domain *d,
                                          uint32_t flags)
{
    const struct conf_domain *def = &d->def;
    struct scree_manage_run r = {
        .config = {.size = sizeof(r.config),
                   .module = SCREE_NO_MODULE,
                   .on_crash = def->on_crash == SCREE_ON_CRASH_PRESERVE
                                   ? SCREE_ON_CRASH_PRESERVE
                                   : SCREE_ON_CRASH_DESTROY,
                   .memory = def->memory,
                   .weight = def->weight,
                   .group = def->group,
                   .net_rate = def->net_rate},
        .address = SCREE_ADDRESS_NONE,
        .restart = def->restart,
        .retries = def->retries,
        .flags = flags | (def->remove ? SCREE_RUN_REMOVE : 0)};

    if (def->address_kind == CONF_FIXED) {
        r.address = SCREE_ADDRESS_FIXED;
        r.config.ipv4 = def->address;
    }
    memcpy(r.config.name, def->name, sizeof(r.config.name));
    memcpy(r.config.cmdline, def->cmdline, sizeof(r.config.cmdline));
    memcpy(r.image, d->image.bytes, sizeof(r.image));
    memcpy(r.files, d->files.bytes, sizeof(r.files));
    return r;
}
