/* SPDX-License-Identifier: MIT */
/* QEMU's command line and the boot bundle; see qemu.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tools/bundle/bundle.h"
#include "tools/screed/qemu.h"
#include "tools/screed/writer.h"

#define ARGUMENTS 64
#define BUNDLE    "cell.bundle"

struct list {
    char **items;
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct list *l,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (l->count + 1 < ARGUMENTS &&
        vasprintf(&l->items[l->count], format, args) >= 0)
        l->count++;
    va_end(args);
}

/* A path inside an option: commas are doubled. */
static struct path escaped(const char *path)
{
    struct path out;
    size_t n = 0;

    for (; *path && n + 2 < sizeof(out.text); path++) {
        if (*path == ',')
            out.text[n++] = ',';
        out.text[n++] = *path;
    }
    out.text[n] = '\0';
    return out;
}

static struct path option_path(const struct screed *s, const char *file)
{
    struct path p = screed_path(s, "%s", file);

    return escaped(p.text);
}

static void add_machine(struct screed *s, struct list *l)
{
    const struct options *o = &s->options;
    const char *program = getenv("SCREE_QEMU");
    bool kvm = !strcmp(o->accel, "kvm");

    add(l, "%s", program && *program ? program : "qemu-system-x86_64");
    add(l, "-name");
    add(l, "scree-%s", s->cell);
    add(l, "-machine");
    add(l, "q35");
    add(l, "-accel");
    add(l, "%s%s", o->accel, !kvm && o->cpus > 1 ? ",thread=multi" : "");
    add(l, "-cpu");
    add(l, "%s", kvm ? "host" : "max");
    add(l, "-smp");
    add(l, "%" PRIu64, o->cpus);
    add(l, "-m");
    add(l, "%" PRIu64 "M", o->memory >> 20);
    add(l, "-nodefaults");
    add(l, "-no-reboot");
    add(l, "-display");
    add(l, "none");
}

static bool add_boot(struct screed *s, struct list *l, struct error *e)
{
    struct path kernel;

    if (!paths_library(&kernel, "hypervisor/scree.elf", e))
        return false;
    add(l, "-kernel");
    add(l, "%s", kernel.text);
    add(l, "-initrd");
    add(l, "%s", screed_path(s, BUNDLE).text);
    if (s->options.hypervisor[0]) {
        add(l, "-append");
        add(l, "%s", s->options.hypervisor);
    }
    return true;
}

static void add_sockets(struct screed *s, struct list *l)
{
    add(l, "-chardev");
    add(l, "file,id=log,path=%s,append=on", option_path(s, CELL_LOG).text);
    add(l, "-serial");
    add(l, "chardev:log");
    add(l, "-chardev");
    add(l, "socket,id=ctl,path=%s,server=on,wait=off",
        option_path(s, CELL_CHANNEL).text);
    add(l, "-device");
    add(l, "virtio-serial-pci,max_ports=2");
    add(l, "-device");
    add(l, "virtserialport,chardev=ctl,nr=1");
    add(l, "-qmp");
    add(l, "unix:%s,server=on,wait=off", option_path(s, CELL_QMP).text);
    add(l, "-daemonize");
    add(l, "-pidfile");
    add(l, "%s", screed_path(s, CELL_QEMU_PID).text);
}

static bool add_net(struct screed *s, struct list *l, int *tap, struct error *e)
{
    const struct options *o = &s->options;
    uint32_t last = o->network + (UINT32_MAX >> o->prefix) - 1;

    add(l, "-netdev");
    if (o->net == NET_USER) {
        add(l, "user,id=net,ipv6=off,net=%s/%u,host=%s,dns=%s",
            address_text(o->network).text, o->prefix,
            address_text(o->gateway).text, address_text(last).text);
    } else {
        *tap = qemu_open_tap(o, e);
        if (*tap < 0)
            return false;
        add(l, "tap,id=net,fd=%d", *tap);
    }
    add(l, "-device");
    add(l, "virtio-net-pci,netdev=net,romfile=");
    return true;
}

char **qemu_arguments(struct screed *s, int *tap, struct error *e)
{
    struct list l = {.items = must_alloc(ARGUMENTS, sizeof(*l.items))};

    add_machine(s, &l);
    add_sockets(s, &l);
    if (add_boot(s, &l, e) && add_net(s, &l, tap, e))
        return l.items;
    qemu_free_arguments(l.items);
    return NULL;
}

void qemu_free_arguments(char **arguments)
{
    for (char **a = arguments; *a; a++)
        free(*a);
    free(arguments);
}

/* -------------------------------------------------------------- bundle */

static bool make(const struct conf *c, struct buffer *out, struct error *e)
{
    const struct search nowhere = {NULL, 0};
    uint64_t seed[4];
    struct plan plan = {0};
    struct why w;
    bool good;

    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return error_set(e, "not-possible", "no random bytes");
    good =
        plan_make(&plan, c, &w) && bundle_make(&plan, &nowhere, seed, out, &w);
    plan_free(&plan);
    return good || error_set(e, "not-possible", "%s", w.text);
}

static void describe(const struct screed *s, const char *image,
                     struct conf_domain *d, struct conf *c)
{
    const struct options *o = &s->options;

    conf_domain_init(d, "control");
    d->image = must_copy(image, strlen(image));
    d->memory = o->control_memory;
    d->control = true;
    d->on_crash = SCREE_ON_CRASH_RESTART;
    d->address_kind = CONF_NONE;
    snprintf(d->cmdline, sizeof(d->cmdline), "cell=%s watchdog=30%s", s->cell,
             o->control);
    *c = (struct conf){.file = "cell",
                       .network = o->network,
                       .prefix = o->prefix,
                       .gateway = o->gateway,
                       .resolver = o->resolver,
                       .domain_count = 1,
                       .domains = d};
}

bool qemu_make_bundle(struct screed *s, struct error *e)
{
    struct path image, target = screed_path(s, BUNDLE);
    struct buffer out = {0};
    struct conf_domain d;
    struct conf c;
    int error = 0;
    bool good;

    if (!paths_library(&image, "guests/control.elf", e))
        return false;
    describe(s, image.text, &d, &c);
    good = make(&c, &out, e);
    if (good)
        error = writer_write(target.text, (const char *)out.bytes, out.size);
    buffer_free(&out);
    conf_domain_free(&d);
    if (error)
        return error_set(e, "not-possible", "cannot write %s: %s", target.text,
                         strerror(error));
    return good;
}
