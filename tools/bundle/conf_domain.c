/* SPDX-License-Identifier: MIT */
/*
 * One section of cell.conf by itself: made empty, freed, written. What is
 * written here is what conf.c reads; tests/unit/test_conf.c holds the two
 * together.
 */
#include "conf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const restarts[] = {
    [SCREE_RESTART_NO] = "no",
    [SCREE_RESTART_ON_FAILURE] = "on-failure",
    [SCREE_RESTART_ALWAYS] = "always",
    [SCREE_RESTART_UNLESS_STOPPED] = "unless-stopped",
};

#define RESTARTS (sizeof(restarts) / sizeof(restarts[0]))

void conf_domain_init(struct conf_domain *d, const char *name)
{
    *d = (struct conf_domain){.weight = SCREE_WEIGHT_DEFAULT, .count = 1};
    snprintf(d->name, sizeof(d->name), "%s", name);
}

void conf_domain_free(struct conf_domain *d)
{
    free(d->image);
    free(d->files);
    free(d->source_image);
    free(d->source_files);
    for (uint32_t i = 0; i < d->label_count; i++)
        free(d->labels[i]);
    *d = (struct conf_domain){0};
}

bool conf_restart(const char *text, uint32_t *restart, uint32_t *retries)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    uint64_t n = 0;

    for (uint32_t i = 0; i < RESTARTS; i++) {
        if (strlen(restarts[i]) != length ||
            strncmp(text, restarts[i], length) != 0)
            continue;
        if (colon && (i != SCREE_RESTART_ON_FAILURE ||
                      !value_number(colon + 1, 1, UINT32_MAX, &n)))
            return false;
        *restart = i;
        *retries = (uint32_t)n;
        return true;
    }
    return false;
}

struct restart_text conf_restart_text(uint32_t restart, uint32_t retries)
{
    struct restart_text t;
    const char *name = restart < RESTARTS ? restarts[restart] : "?";

    if (restart == SCREE_RESTART_ON_FAILURE && retries)
        snprintf(t.text, sizeof(t.text), "%s:%" PRIu32, name, retries);
    else
        snprintf(t.text, sizeof(t.text), "%s", name);
    return t;
}

static void write_size(FILE *out, const char *key, uint64_t n)
{
    const char *unit = "";

    if (!n)
        return;
    for (const char *u = "KMG"; *u && n % 1024 == 0; u++) {
        n /= 1024;
        unit = u;
    }
    fprintf(out, "%s = %" PRIu64 "%.1s\n", key, n, unit);
}

/* Whether a value must stand in quotes to be read as it is. */
static bool needs_quotes(const char *s)
{
    size_t length = strlen(s);

    if (*s == '"' || *s == '#' || strchr(" \t\r", *s) ||
        strchr(" \t\r", s[length - 1]))
        return true;
    return strstr(s, " #") || strstr(s, "\t#");
}

static void write_text(FILE *out, const char *key, const char *text)
{
    bool quotes;

    if (!text || !*text)
        return;
    quotes = needs_quotes(text);
    fprintf(out, "%s = %s", key, quotes ? "\"" : "");
    for (; *text; text++) {
        if (quotes && (*text == '"' || *text == '\\'))
            fputc('\\', out);
        fputc(*text, out);
    }
    fputs(quotes ? "\"\n" : "\n", out);
}

static void write_forwards(FILE *out, const struct conf_domain *d)
{
    for (uint32_t i = 0; i < d->forward_count; i++) {
        const struct forward *f = &d->forwards[i];
        fprintf(out, "%s%s%" PRIu32 ":%u%s",
                i ? ", " : "forward = ", f->relative ? "+" : "", f->host,
                f->guest, f->udp ? "/udp" : "");
    }
    if (d->forward_count)
        fputc('\n', out);
}

static void write_network(FILE *out, const struct conf_domain *d)
{
    if (d->address_kind == CONF_NONE)
        fprintf(out, "address = none\n");
    if (d->address_kind == CONF_FIXED)
        fprintf(out, "address = %s\n", address_text(d->address).text);
    write_forwards(out, d);
    write_size(out, "net-rate", d->net_rate);
    if (d->group)
        fprintf(out, "group = %" PRIu32 "\n", d->group);
}

static void write_life(FILE *out, const struct conf_domain *d)
{
    static const char *const ends[] = {"destroy", "restart", "preserve"};

    if (d->on_crash && d->on_crash < 3)
        fprintf(out, "on_crash = %s\n", ends[d->on_crash]);
    if (d->restart)
        fprintf(out, "restart = %s\n",
                conf_restart_text(d->restart, d->retries).text);
    if (d->stopped)
        fprintf(out, "stopped = yes\n");
    if (d->remove)
        fprintf(out, "remove = yes\n");
    if (d->control)
        fprintf(out, "control = yes\n");
}

void conf_write_domain(FILE *out, const struct conf_domain *d)
{
    fprintf(out, "[domain %s]\n", d->name);
    write_text(out, "image", d->image);
    write_text(out, "source-image", d->source_image);
    write_text(out, "files", d->files);
    write_text(out, "source-files", d->source_files);
    write_size(out, "memory", d->memory);
    if (d->weight != SCREE_WEIGHT_DEFAULT)
        fprintf(out, "weight = %" PRIu32 "\n", d->weight);
    write_network(out, d);
    write_text(out, "cmdline", d->cmdline);
    write_life(out, d);
    for (uint32_t i = 0; i < d->label_count; i++)
        fprintf(out, "label = %s\n", d->labels[i]);
    if (d->count > 1)
        fprintf(out, "count = %" PRIu32 "\n", d->count);
}
