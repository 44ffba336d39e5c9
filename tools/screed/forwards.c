/* SPDX-License-Identifier: MIT */
/* See forwards.h. */
#define _GNU_SOURCE
#include "tools/screed/forwards.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/screed/domain.h"

struct rule {
    struct link by_port;
    char name[SCREE_NAME_MAX]; /* whose */
};

struct forwards {
    struct screed *screed;
    struct table rules;
};

static uint64_t key_of(const struct forward *f)
{
    return (uint64_t)f->host << 1 | f->udp;
}

static struct rule *find(const struct forwards *f, const struct forward *p)
{
    struct link *l = table_find(&f->rules, key_of(p), NULL);

    return l ? table_item(l, struct rule, by_port) : NULL;
}

struct forwards *forwards_new(struct screed *s)
{
    struct forwards *f = must_alloc(1, sizeof(*f));

    f->screed = s;
    return f;
}

void forwards_free(struct forwards *f)
{
    for (size_t i = 0; i < f->rules.size; i++) {
        for (struct link *l = f->rules.slots[i], *next; l; l = next) {
            next = l->next;
            free(table_item(l, struct rule, by_port));
        }
    }
    table_free(&f->rules);
    free(f);
}

/* ------------------------------------------------------------- checking */

/* As QEMU will bind it. */
static bool is_free(const struct forward *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)p->host),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd =
        socket(AF_INET, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    int on = 1;
    bool good;

    if (fd < 0)
        return true;
    if (!p->udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    good = !bind(fd, (struct sockaddr *)&a, sizeof(a));
    close(fd);
    return good;
}

static bool check_one(struct forwards *f, const struct conf_domain *def,
                      uint32_t i, struct error *e)
{
    const struct forward *p = &def->forwards[i];
    const char *protocol = p->udp ? "udp" : "tcp";
    const struct rule *taken = find(f, p);

    for (uint32_t k = 0; k < i; k++)
        if (key_of(&def->forwards[k]) == key_of(p))
            return error_set(e, "bad-request", "%s port %u is forwarded twice",
                             protocol, p->host);
    if (taken)
        return error_set(e, "port-taken",
                         "%s port %u already leads to domain '%s'; choose "
                         "another host port",
                         protocol, p->host, taken->name);
    if (!is_free(p))
        return error_set(e, "port-taken",
                         "%s port %u of 127.0.0.1 is in use by another "
                         "program, or may not be used; choose another host "
                         "port",
                         protocol, p->host);
    return true;
}

bool forwards_check(struct forwards *f, const struct conf_domain *def,
                    struct error *e)
{
    if (def->forward_count && f->screed->options.net != NET_USER)
        return error_set(e, "not-possible",
                         "ports are forwarded on a user network only; on %s "
                         "domains are reached by their addresses",
                         options_net_text(&f->screed->options).text);
    for (uint32_t i = 0; i < def->forward_count; i++)
        if (!check_one(f, def, i, e))
            return false;
    return true;
}

/* --------------------------------------------------------------- adding */

struct adding {
    struct forwards *forwards;
    char name[SCREE_NAME_MAX];
    unsigned under_way;
    bool failed;
    struct error error;
    forwards_done *done;
    void *context;
};

static void rule_line(char line[128], const char *command,
                      const struct forward *p, uint32_t address)
{
    const char *protocol = p->udp ? "udp" : "tcp";

    if (address)
        snprintf(line, 128, "%s net %s:127.0.0.1:%u-%s:%u", command, protocol,
                 p->host, address_text(address).text, p->guest);
    else
        snprintf(line, 128, "%s net %s:127.0.0.1:%u", command, protocol,
                 p->host);
}

/* What cannot be added again may be had later, by hand: the rule stays. */
static void on_renewed(void *context, const struct error *e)
{
    (void)context;
    (void)e;
}

static void finish(struct adding *a)
{
    struct domain *d;

    if (--a->under_way)
        return;
    d = a->failed ? domain_find(a->forwards->screed, a->name) : NULL;
    if (a->failed && a->done)
        screed_log(a->forwards->screed, "forwards of '%s': %s", a->name,
                   a->error.text);
    if (d && a->done && a->done != on_renewed)
        forwards_remove(a->forwards, d, NULL, NULL);
    if (a->done)
        a->done(a->context, a->failed ? &a->error : NULL);
    free(a);
}

/* QEMU says what is wrong in words, and nothing when all is well. */
static void on_added(void *context, const struct error *e, const char *text)
{
    struct adding *a = context;

    if (e)
        a->error = *e;
    else if (*text)
        error_set(&a->error, "port-taken", "QEMU: %.*s",
                  (int)strcspn(text, "\r\n"), text);
    a->failed |= e || *text;
    finish(a);
}

static void add_rules(struct forwards *f, const struct domain *d,
                      forwards_done *done, void *context)
{
    struct adding *a = must_alloc(1, sizeof(*a));
    const struct conf_domain *def = &d->def;
    char line[128];

    *a = (struct adding){
        .forwards = f, .under_way = 1, .done = done, .context = context};
    snprintf(a->name, sizeof(a->name), "%s", def->name);
    for (uint32_t i = 0; i < def->forward_count; i++) {
        rule_line(line, "hostfwd_add", &def->forwards[i], def->address);
        a->under_way++;
        qmp_line(f->screed->qmp, line, on_added, a);
    }
    finish(a);
}

static void note_rules(struct forwards *f, const struct domain *d)
{
    for (uint32_t i = 0; i < d->def.forward_count; i++) {
        struct rule *r = must_alloc(1, sizeof(*r));
        snprintf(r->name, sizeof(r->name), "%s", d->def.name);
        table_add(&f->rules, &r->by_port, key_of(&d->def.forwards[i]));
    }
}

void forwards_add(struct forwards *f, struct domain *d, forwards_done *done,
                  void *context)
{
    note_rules(f, d);
    add_rules(f, d, done, context);
}

struct removing {
    unsigned under_way;
    forwards_done *done;
    void *context;
};

static void on_removed(void *context, const struct error *e, const char *text)
{
    struct removing *r = context;

    (void)e; /* with QEMU its rules have gone, too */
    (void)text;
    if (--r->under_way)
        return;
    if (r->done)
        r->done(r->context, NULL);
    free(r);
}

void forwards_remove(struct forwards *f, const struct domain *d,
                     forwards_done *done, void *context)
{
    struct removing *all = must_alloc(1, sizeof(*all));

    *all = (struct removing){1, done, context};
    for (uint32_t i = 0; i < d->def.forward_count; i++) {
        struct rule *r = find(f, &d->def.forwards[i]);
        char line[128];
        if (!r || strcmp(r->name, d->def.name) != 0)
            continue;
        table_remove(&f->rules, &r->by_port);
        free(r);
        rule_line(line, "hostfwd_remove", &d->def.forwards[i], 0);
        all->under_way++;
        qmp_line(f->screed->qmp, line, on_removed, all);
    }
    on_removed(all, NULL, "");
}

/* A definition that was read from disk has no rules here yet. */
static void renew(struct forwards *f, struct domain *d, bool fresh)
{
    if (!find(f, &d->def.forwards[0]))
        note_rules(f, d);
    add_rules(f, d, fresh ? on_renewed : NULL, f);
}

void forwards_renew(struct forwards *f, bool fresh)
{
    if (f->screed->options.net != NET_USER)
        return;
    for (struct domain *d = f->screed->domains.first; d; d = d->next)
        if (d->def.forward_count)
            renew(f, d, fresh);
}
