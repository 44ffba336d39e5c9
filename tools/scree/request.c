/* SPDX-License-Identifier: MIT */
/* See request.h. The values are those of cell.conf (tools/bundle/value.h). */
#include "tools/scree/request.h"

#include <string.h>

#define PAGE        4096u
#define MEMORY_MOST (SCREE_GUEST_END - SCREE_IMAGE_BASE)

static bool wrong(struct error *e, const char *option, const char *value,
                  const char *wants)
{
    return error_set(e, "usage", "%s %.100s: it wants %s", option, value,
                     wants);
}

static bool take_name(const struct args *a, struct conf_domain *d,
                      struct error *e)
{
    const char *name = args_value(a, "name");

    if (!name)
        return true;
    if (!value_name(name, sizeof(d->name)))
        return wrong(e, "--name", name, "up to 31 of a-z, 0-9 and inner '-'");
    snprintf(d->name, sizeof(d->name), "%s", name);
    return true;
}

static bool take_memory(const struct args *a, struct conf_domain *d,
                        struct error *e)
{
    const char *text = args_value(a, "memory");

    if (!text)
        return true;
    if (value_size(text, &d->memory) && d->memory && d->memory % PAGE == 0 &&
        d->memory <= MEMORY_MOST)
        return true;
    return wrong(e, "--memory", text,
                 "a size in whole pages such as 512K, 2M or 1G");
}

static bool take_address(const struct args *a, struct conf_domain *d,
                         struct error *e)
{
    const char *text = args_value(a, "ip");

    if (!text || !strcmp(text, "auto"))
        return true;
    d->address_kind = strcmp(text, "none") == 0 ? CONF_NONE : CONF_FIXED;
    if (d->address_kind == CONF_NONE || value_address(text, &d->address))
        return true;
    return wrong(e, "--ip", text, "an address such as 10.0.0.5, auto or none");
}

static bool take_forwards(const struct args *a, struct conf_domain *d,
                          struct error *e)
{
    static const char loopback[] = "127.0.0.1:";
    const char *text;
    size_t at = 0;

    while ((text = args_next(a, "publish", &at))) {
        const char *ports = text;
        struct forward f;
        if (!strncmp(text, loopback, sizeof(loopback) - 1))
            ports += sizeof(loopback) - 1;
        if (!value_forward(ports, &f) || f.relative)
            return wrong(e, "--publish", text,
                         "HOSTPORT:PORT such as 8080:80 or 8053:53/udp (on "
                         "127.0.0.1)");
        if (d->forward_count == CONF_FORWARDS_MAX)
            return error_set(e, "usage", "--publish: more than %d ports",
                             CONF_FORWARDS_MAX);
        d->forwards[d->forward_count++] = f;
    }
    if (d->forward_count && d->address_kind == CONF_NONE)
        return error_set(e, "usage",
                         "--publish needs an address; leave --ip none out");
    return true;
}

static bool take_labels(const struct args *a, struct conf_domain *d,
                        struct error *e)
{
    const char *text;
    size_t at = 0;

    while ((text = args_next(a, "label", &at))) {
        size_t key = strcspn(text, "=") + 1;
        if (!value_label(text))
            return wrong(e, "--label", text,
                         "KEY=VALUE; KEY of a-z, 0-9 and inner .-_/; VALUE "
                         "without white space, ',' and '#'");
        if (d->label_count == CONF_LABELS_MAX)
            return error_set(e, "usage", "--label: more than %d",
                             CONF_LABELS_MAX);
        for (uint32_t i = 0; i < d->label_count; i++)
            if (!strncmp(d->labels[i], text, key))
                return wrong(e, "--label", text, "each key once");
        d->labels[d->label_count++] = must_copy(text, strlen(text));
    }
    return true;
}

static bool take_number(const struct args *a, const char *name, uint64_t least,
                        uint32_t *out, struct error *e)
{
    const char *text = args_value(a, name);
    char option[16];
    uint64_t n;

    if (!text)
        return true;
    snprintf(option, sizeof(option), "--%s", name);
    if (!value_number(text, least, 65535, &n))
        return wrong(e, option, text,
                     least ? "a number from 1 to 65535"
                           : "a number from 0 to 65535");
    *out = (uint32_t)n;
    return true;
}

static bool take_life(const struct args *a, struct conf_domain *d,
                      struct error *e)
{
    const char *restart = args_value(a, "restart");
    const char *on_crash = args_value(a, "on-crash");

    d->remove = args_has(a, "rm");
    if (restart && !conf_restart(restart, &d->restart, &d->retries))
        return wrong(e, "--restart", restart,
                     "no, on-failure, on-failure:N, always or unless-stopped");
    if (on_crash && !strcmp(on_crash, "preserve"))
        d->on_crash = SCREE_ON_CRASH_PRESERVE;
    else if (on_crash && strcmp(on_crash, "destroy") != 0)
        return wrong(e, "--on-crash", on_crash, "destroy or preserve");
    if (d->remove && d->restart)
        return error_set(e, "usage",
                         "--rm and --restart exclude each other: what comes "
                         "back is not removed");
    return true;
}

static bool take_rate(const struct args *a, struct conf_domain *d,
                      struct error *e)
{
    const char *text = args_value(a, "net-rate");

    if (!text || (value_size(text, &d->net_rate) && d->net_rate))
        return true;
    return wrong(e, "--net-rate", text, "bytes per second such as 500K or 10M");
}

static bool add_word(struct conf_domain *d, const char *word, struct error *e)
{
    size_t used = strlen(d->cmdline);
    size_t n = strlen(word) + (used > 0);

    for (const char *s = word; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            return error_set(e, "usage",
                             "a word of the guest's command line has a control "
                             "character");
    if (used + n >= sizeof(d->cmdline))
        return error_set(e, "usage",
                         "the guest's command line has more than %zu bytes",
                         sizeof(d->cmdline) - 1);
    if (used)
        strcat(d->cmdline, " ");
    strcat(d->cmdline, word);
    return true;
}

/* Each --set, words after the image, words after "--". */
static bool take_words(const struct args *a, struct conf_domain *d,
                       struct error *e)
{
    const char *set;
    size_t at = 0;

    while ((set = args_next(a, "set", &at))) {
        if (!strchr(set, '=') || *set == '=' || strchr(set, ' '))
            return wrong(e, "--set", set, "KEY=VALUE without blanks");
        if (!add_word(d, set, e))
            return false;
    }
    for (size_t i = 1; i < a->word_count; i++)
        if (!add_word(d, a->words[i], e))
            return false;
    for (size_t i = 0; i < a->rest_count; i++)
        if (!add_word(d, a->rest[i], e))
            return false;
    return true;
}

bool request_read(const struct args *a, struct conf_domain *d, struct error *e)
{
    conf_domain_init(d, "");
    return take_name(a, d, e) && take_memory(a, d, e) &&
           take_address(a, d, e) && take_forwards(a, d, e) &&
           take_labels(a, d, e) && take_number(a, "weight", 1, &d->weight, e) &&
           take_number(a, "group", 0, &d->group, e) && take_rate(a, d, e) &&
           take_life(a, d, e) && take_words(a, d, e);
}
