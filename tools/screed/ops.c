/* SPDX-License-Identifier: MIT */
/* The ops there are, and what they share; see docs/api.md. */
#define _GNU_SOURCE
#include "tools/screed/ops.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/definition.h"

#define ON_DOMAIN OP_DOMAIN
#define STREAM    (OP_DOMAIN | OP_LOOSE)

const struct op_kind *op_find(const char *name)
{
    static const struct op_kind kinds[] = {
        {"run", OP_NEW_DOMAIN, op_run, {"domain", "console", "start"}},
        {"ls", OP_ALONE, op_ls, {"names", "labels"}},
        {"start", ON_DOMAIN, op_start, {"name"}},
        {"stop", STREAM, op_stop, {"name", "time"}},
        {"kill", ON_DOMAIN, op_kill, {"name"}},
        {"pause", ON_DOMAIN, op_pause, {"name"}},
        {"resume", ON_DOMAIN, op_resume, {"name"}},
        {"rm", ON_DOMAIN, op_rm, {"name", "force"}},
        {"set",
         ON_DOMAIN,
         op_set,
         {"name", "weight", "net_rate", "restart", "labels"}},
        {"wait", STREAM, op_wait, {"name"}},
        {"console", STREAM, op_console, {"name"}},
        {"logs",
         OP_ALONE,
         op_logs,
         {"name", "names", "labels", "tail", "since", "follow"}},
        {"events", OP_ALONE, op_events, {"since", "follow"}},
        {"image-ls", OP_ALONE, op_image_ls, {NULL}},
        {"image-has", OP_ALONE, op_image_has, {"digest"}},
        {"image-put", OP_ALONE, op_image_put, {"digest", "size"}},
        {"image-rm", OP_ALONE, op_image_rm, {"digest"}},
        {"cell", OP_ALONE, op_cell, {NULL}},
        {"down", OP_ALONE, op_down, {NULL}},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

/* ---------------------------------------------------------- selections */

bool op_check_selection(const struct op *op, struct error *e)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(op->request, "names");
    const cJSON *labels =
        cJSON_GetObjectItemCaseSensitive(op->request, "labels");
    const cJSON *item;

    if (names && !cJSON_IsArray(names))
        return error_set(e, "bad-request", "\"names\" must be a list");
    cJSON_ArrayForEach(item, names)
    {
        if (!cJSON_IsString(item))
            return error_set(e, "bad-request",
                             "\"names\" must be a list of strings");
    }
    if (labels && !cJSON_IsObject(labels))
        return error_set(e, "bad-request", "\"labels\" must be an object");
    return true;
}

bool op_selects(const struct op *op, const struct domain *d)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(op->request, "names");
    const cJSON *labels =
        cJSON_GetObjectItemCaseSensitive(op->request, "labels");
    bool found = !names || !cJSON_GetArraySize(names);
    const cJSON *item;

    cJSON_ArrayForEach(item, names)
    {
        found = found || !fnmatch(item->valuestring, d->def.name, 0);
    }
    return found && definition_has_labels(&d->def, labels);
}

/* --------------------------------------------------------------- shared */

void op_ask_name(struct op *op, uint32_t what, uint64_t value,
                 channel_reply *reply)
{
    struct scree_manage_name n = {.value = value};

    memcpy(n.name, op->name, sizeof(n.name));
    channel_request(op->s->channel, what, reply_to(reply, op), &n, sizeof(n));
}

cJSON *op_end_fields(const struct domain *d)
{
    cJSON *o = cJSON_CreateObject();

    json_put_text(o, "name", d->def.name);
    if (!d->in_cell || !d->state.ended)
        return o; /* it went with its cell, or has not ended in this one */
    json_put_text(o, "reason", domain_reason(d->state.reason));
    json_put_number(o, "code", d->state.code);
    return o;
}

/* The length of the UTF-8 character at s, or 0: it is none. */
static size_t character(const unsigned char *s, size_t n)
{
    size_t length = s[0] < 0x80                    ? 1
                    : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
                    : (s[0] & 0xf0) == 0xe0        ? 3
                    : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                   : 0;

    if (!length || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

char *op_clean_text(const char *text, size_t n)
{
    static const char odd[] = "\xef\xbf\xbd";
    char *out = must_alloc(n + 1, 3), *to = out;

    while (n) {
        size_t length = character((const unsigned char *)text, n);
        if (length && *text) {
            memcpy(to, text, length);
            to += length;
        } else {
            memcpy(to, odd, 3);
            to += 3;
        }
        text += length ? length : 1;
        n -= length ? length : 1;
    }
    *to = '\0';
    return out;
}
