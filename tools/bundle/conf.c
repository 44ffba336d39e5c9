/* SPDX-License-Identifier: MIT */
/*
 * The parser of cell.conf: lines into (key, value), keys into setters. One
 * table per kind of section names the keys, so that messages, duplicates and
 * docs/cell-conf.md cannot disagree about what exists.
 */
#include "conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct conf *c;
    struct why *w;
    unsigned line;
    struct conf_domain *d; /* section we are in, or NULL */
    bool in_cell;
    unsigned cell_line; /* of [cell], or 0 */
    bool restart_given; /* in this section */
};

struct key {
    const char *name;
    const char *wants; /* what a good value looks like */
    bool (*set)(struct parser *p, const char *value);
    bool repeats;
};

#define REFUSE(p, ...)  refuse((p), (p)->line, __VA_ARGS__)
#define LIST_SEPARATORS " \t,"
#define MEMORY_MOST     (SCREE_GUEST_END - SCREE_IMAGE_BASE)

static bool refuse(struct parser *p, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct parser *p, unsigned line, const char *format, ...)
{
    char reason[sizeof(p->w->text) / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    return why_set(p->w, "%s:%u: %s", p->c->file, line, reason);
}

static bool set_u32(const char *value, uint64_t least, uint64_t most,
                    uint32_t *out)
{
    uint64_t n;

    if (!value_number(value, least, most, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool address_or_none(const char *value, uint32_t *out)
{
    if (!strcmp(value, "none")) {
        *out = 0;
        return true;
    }
    return value_address(value, out) && *out;
}

static bool set_network(struct parser *p, const char *value)
{
    return value_network(value, &p->c->network, &p->c->prefix);
}

static bool set_gateway(struct parser *p, const char *value)
{
    return address_or_none(value, &p->c->gateway);
}

static bool set_resolver(struct parser *p, const char *value)
{
    return address_or_none(value, &p->c->resolver);
}

static bool set_image(struct parser *p, const char *value)
{
    p->d->image = must_copy(value, strlen(value));
    return true;
}

static bool set_files(struct parser *p, const char *value)
{
    if (value[0] == '@' && strcmp(value, "@hosts") != 0)
        return false;
    p->d->files = must_copy(value, strlen(value));
    return true;
}

static bool set_memory(struct parser *p, const char *value)
{
    uint64_t n;

    if (!value_size(value, &n) || !n || n % SCREE_PAGE_SIZE || n > MEMORY_MOST)
        return false;
    p->d->memory = n;
    return true;
}

static bool set_weight(struct parser *p, const char *value)
{
    return set_u32(value, 1, 65535, &p->d->weight);
}

static bool set_address(struct parser *p, const char *value)
{
    p->d->address_kind = CONF_FIXED;
    if (!strcmp(value, "auto"))
        p->d->address_kind = CONF_AUTO;
    else if (!strcmp(value, "none"))
        p->d->address_kind = CONF_NONE;
    else
        return value_address(value, &p->d->address);
    return true;
}

static bool set_forward(struct parser *p, const char *value)
{
    char copy[CONF_LINE_MAX];
    char *rest = copy;

    snprintf(copy, sizeof(copy), "%s", value);
    for (char *item; (item = strsep(&rest, LIST_SEPARATORS));) {
        if (!*item)
            continue;
        if (p->d->forward_count == CONF_FORWARDS_MAX ||
            !value_forward(item, &p->d->forwards[p->d->forward_count]))
            return false;
        p->d->forward_count++;
    }
    return true;
}

static bool set_cmdline(struct parser *p, const char *value)
{
    if (strlen(value) >= sizeof(p->d->cmdline))
        return false;
    snprintf(p->d->cmdline, sizeof(p->d->cmdline), "%s", value);
    return true;
}

static bool set_on_crash(struct parser *p, const char *value)
{
    if (!strcmp(value, "destroy"))
        p->d->on_crash = SCREE_ON_CRASH_DESTROY;
    else if (!strcmp(value, "restart"))
        p->d->on_crash = SCREE_ON_CRASH_RESTART;
    else if (!strcmp(value, "preserve"))
        p->d->on_crash = SCREE_ON_CRASH_PRESERVE;
    else
        return false;
    return true;
}

static bool set_net_rate(struct parser *p, const char *value)
{
    return value_size(value, &p->d->net_rate) && p->d->net_rate;
}

static bool set_group(struct parser *p, const char *value)
{
    return set_u32(value, 0, 65535, &p->d->group);
}

static bool set_count(struct parser *p, const char *value)
{
    return set_u32(value, 1, CONF_COPIES_MAX, &p->d->count);
}

static bool set_control(struct parser *p, const char *value)
{
    return value_yes(value, &p->d->control);
}

static bool set_restart(struct parser *p, const char *value)
{
    p->restart_given = true;
    return conf_restart(value, &p->d->restart, &p->d->retries);
}

static bool set_stopped(struct parser *p, const char *value)
{
    return value_yes(value, &p->d->stopped);
}

static bool set_remove(struct parser *p, const char *value)
{
    return value_yes(value, &p->d->remove);
}

/* A key stands in one label only. */
static bool add_label(struct conf_domain *d, const char *item)
{
    size_t key = strcspn(item, "=") + 1;

    if (d->label_count == CONF_LABELS_MAX || !value_label(item))
        return false;
    for (uint32_t i = 0; i < d->label_count; i++)
        if (!strncmp(d->labels[i], item, key))
            return false;
    d->labels[d->label_count++] = must_copy(item, strlen(item));
    return true;
}

static bool set_label(struct parser *p, const char *value)
{
    char copy[CONF_LINE_MAX];
    char *rest = copy;

    snprintf(copy, sizeof(copy), "%s", value);
    for (char *item; (item = strsep(&rest, LIST_SEPARATORS));)
        if (*item && !add_label(p->d, item))
            return false;
    return true;
}

static bool set_source_image(struct parser *p, const char *value)
{
    p->d->source_image = must_copy(value, strlen(value));
    return true;
}

static bool set_source_files(struct parser *p, const char *value)
{
    p->d->source_files = must_copy(value, strlen(value));
    return true;
}

/* In the order of CONF_HAS_*. */
static const struct key cell_keys[] = {
    {"network", "a network such as 10.0.0.0/24 (prefix 0 to 30, host part 0)",
     set_network, false},
    {"gateway", "an address such as 10.0.0.1, or none", set_gateway, false},
    {"resolver", "an address such as 10.0.0.3, or none", set_resolver, false},
    {NULL, NULL, NULL, false},
};

static const struct key domain_keys[] = {
    {"image", "the path of an ELF image, or sha256:DIGEST", set_image, false},
    {"files", "a directory, sha256:DIGEST or @hosts", set_files, false},
    {"memory", "a size in whole pages such as 512K, 2M or 1G", set_memory,
     false},
    {"weight", "a number from 1 to 65535", set_weight, false},
    {"address", "an address such as 10.0.0.5, auto or none", set_address,
     false},
    {"forward", "at most 16 of HOSTPORT:PORT, +N:PORT, with /udp or /tcp",
     set_forward, true},
    {"cmdline", "a text of at most 511 bytes", set_cmdline, false},
    {"on_crash", "destroy, restart or preserve", set_on_crash, false},
    {"net-rate", "bytes per second such as 500K or 10M", set_net_rate, false},
    {"group", "a number from 0 to 65535", set_group, false},
    {"count", "a number of copies from 1 to 131072", set_count, false},
    {"control", "yes or no", set_control, false},
    {"restart", "no, on-failure, on-failure:N, always or unless-stopped",
     set_restart, false},
    {"label", "at most 16 of KEY=VALUE, each key once", set_label, true},
    {"stopped", "yes or no", set_stopped, false},
    {"remove", "yes or no", set_remove, false},
    {"source-image", "a path", set_source_image, false},
    {"source-files", "a path", set_source_files, false},
    {NULL, NULL, NULL, false},
};

/* Sets one key, or says what is wrong and what is right. */
static bool assign(struct parser *p, const char *key, const char *value)
{
    const struct key *k = p->in_cell ? cell_keys : domain_keys;
    uint32_t *present = p->in_cell ? &p->c->present : &p->d->present;
    char names[512] = "";
    uint32_t bit = 1;

    for (; k->name && strcmp(k->name, key) != 0; k++, bit <<= 1) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, " %s", k->name);
    }
    if (!k->name)
        return REFUSE(p, "there is no key '%.40s' in %s; the keys are%s", key,
                      p->in_cell ? "[cell]" : "[domain]", names);
    if ((*present & bit) && !k->repeats)
        return REFUSE(p, "'%s' is given twice; remove one", key);
    *present |= bit;
    if (!*value && k->set != set_cmdline)
        return REFUSE(p, "'%s' has no value; it wants %s", key, k->wants);
    if (!k->set(p, value))
        return REFUSE(p, "%s = %.80s: it wants %s", key, value, k->wants);
    return true;
}

static bool begin_domain(struct parser *p, const char *name)
{
    struct conf *c = p->c;

    if (!value_name(name, SCREE_NAME_MAX))
        return REFUSE(p,
                      "bad domain name '%.40s'; use up to %d of a-z, 0-9 and "
                      "inner '-'",
                      name, SCREE_NAME_MAX - 1);
    if (c->domain_count == CONF_COPIES_MAX)
        return REFUSE(p, "more than %d domains", CONF_COPIES_MAX);
    if ((c->domain_count & (c->domain_count - 1)) == 0)
        c->domains =
            must_grow(c->domains, c->domain_count * 2 + 1, sizeof(*c->domains));
    p->d = &c->domains[c->domain_count++];
    conf_domain_init(p->d, name);
    p->d->line = p->line;
    p->in_cell = false;
    return true;
}

/* A domain whose section ends must have what cannot be defaulted. */
static bool end_section(struct parser *p)
{
    if (p->d && !p->d->image)
        return refuse(p, p->d->line,
                      "domain '%s' has no image; add a line 'image = FILE'",
                      p->d->name);
    if (p->d && p->d->on_crash == SCREE_ON_CRASH_RESTART && p->restart_given &&
        p->d->restart == SCREE_RESTART_NO)
        return refuse(p, p->d->line,
                      "domain '%s' has on_crash = restart and restart = no; "
                      "remove one",
                      p->d->name);
    p->d = NULL;
    p->restart_given = false;
    return true;
}

static bool begin_section(struct parser *p, char *s)
{
    size_t length = strlen(s);

    if (!end_section(p))
        return false;
    if (s[length - 1] != ']')
        return REFUSE(p, "a section ends with ']', as in [domain web]");
    s[length - 1] = 0;
    s++;
    if (!strcmp(s, "cell")) {
        if (p->cell_line)
            return REFUSE(p, "a second [cell]; the first is in line %u",
                          p->cell_line);
        p->cell_line = p->line;
        p->in_cell = true;
        return true;
    }
    if (strncmp(s, "domain", 6) != 0 || (s[6] != ' ' && s[6] != '\t'))
        return REFUSE(p, "unknown section; there are [cell] and [domain NAME]");
    s += 6;
    return begin_domain(p, s + strspn(s, " \t"));
}

static char *trim(char *s)
{
    size_t length;

    s += strspn(s, " \t\r");
    length = strlen(s);
    while (length && strchr(" \t\r", s[length - 1]))
        s[--length] = 0;
    return s;
}

/* Cuts a comment: a '#' at the start or after white space. */
static void cut_comment(char *s)
{
    for (char *p = s; (p = strchr(p, '#')); p++) {
        if (p == s || p[-1] == ' ' || p[-1] == '\t') {
            *p = 0;
            return;
        }
    }
}

/* Where the value of a line begins, if that is a quote; else NULL. */
static char *find_quote(char *line)
{
    char *s = line + strcspn(line, "=#");

    if (*s != '=')
        return NULL;
    s++;
    s += strspn(s, " \t");
    return *s == '"' ? s : NULL;
}

/* Takes a value out of its quotes, in place; \" and \\ are one character. */
static bool unquote(struct parser *p, char *value)
{
    char *to = value;
    const char *s = value + 1;

    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
            s++;
        *to++ = *s;
    }
    if (!*s)
        return REFUSE(p, "a value begins with '\"' and does not end with one");
    s++;
    s += strspn(s, " \t\r");
    if (*s && *s != '#')
        return REFUSE(p, "text after a quoted value: '%.40s'", s);
    *to = 0;
    return true;
}

static bool parse_line(struct parser *p, char *line)
{
    char *quote = find_quote(line);
    char *s, *equals;

    if (quote && !unquote(p, quote))
        return false;
    if (!quote)
        cut_comment(line);
    s = quote ? line + strspn(line, " \t") : trim(line);
    if (!*s)
        return true;
    if (*s == '[')
        return begin_section(p, s);
    equals = strchr(s, '=');
    if (!equals)
        return REFUSE(p, "neither [section] nor key = value: '%.40s'", s);
    if (!p->in_cell && !p->d)
        return REFUSE(p, "a key before the first section; begin with [cell] "
                         "or [domain NAME]");
    *equals = 0;
    return assign(p, trim(s), quote ? quote : trim(equals + 1));
}

/* Copies the line at text into line[CONF_LINE_MAX], checked to be plain. */
static bool take_line(struct parser *p, const char *text, size_t length,
                      char *line)
{
    if (length >= CONF_LINE_MAX)
        return REFUSE(p, "a line of more than %d bytes", CONF_LINE_MAX - 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < ' ' && byte != '\t' && byte != '\r') || byte == 127)
            return REFUSE(p, "a control character (%d); is this a text file?",
                          byte);
    }
    memcpy(line, text, length);
    line[length] = 0;
    return true;
}

static void set_defaults(struct conf *c, const char *file)
{
    *c = (struct conf){.file = file,
                       .network = CONF_DEFAULT_NET,
                       .prefix = CONF_DEFAULT_BITS,
                       .gateway = UINT32_MAX};
}

static bool check_cell(struct parser *p)
{
    struct conf *c = p->c;
    unsigned line = p->cell_line ? p->cell_line : 1;
    uint32_t hosts = UINT32_MAX >> c->prefix;

    if (c->gateway == UINT32_MAX)
        c->gateway = c->network + 1;
    if (c->gateway &&
        (c->gateway <= c->network || c->gateway - c->network >= hosts))
        return refuse(p, line, "gateway %s is not a host of network %s/%u",
                      address_text(c->gateway).text,
                      address_text(c->network).text, c->prefix);
    if (!c->domain_count)
        return refuse(p, p->line, "no domain; add a section [domain NAME]");
    return true;
}

bool conf_parse(struct conf *c, const char *file, const char *text,
                size_t length, struct why *w)
{
    struct parser p = {.c = c, .w = w};
    char line[CONF_LINE_MAX];

    set_defaults(c, file);
    if (length > CONF_BYTES_MAX)
        return why_set(w, "%s: more than %u bytes", file, CONF_BYTES_MAX);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t n = end ? (size_t)(end - text) - at : length - at;
        p.line++;
        if (!take_line(&p, text + at, n, line) || !parse_line(&p, line))
            return false;
        at += n + 1;
    }
    return end_section(&p) && check_cell(&p);
}

void conf_free(struct conf *c)
{
    for (size_t i = 0; i < c->domain_count; i++)
        conf_domain_free(&c->domains[i]);
    free(c->domains);
    *c = (struct conf){0};
}
