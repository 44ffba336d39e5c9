/* SPDX-License-Identifier: MIT */
/*
 * Building and taking apart domains: see builder.h.
 */
#include "system/builder.h"

#include "base/string.h"
#include "core/image.h"
#include "core/log.h"
#include "io/console.h"
#include "io/net_addr.h"
#include "io/net_port.h"
#include "io/vio.h"
#include "system/bundle.h"

#define NET_MTU 1500

/* What a blueprint comes to. */
struct plan {
    const struct blueprint *b;
    gfn_t files; /* where the module goes */
    struct domain_shape shape;
};

static void plan_make(const struct cell *cell, const struct blueprint *b,
                      struct plan *p)
{
    gfn_t ram = gva_gfn(gva(SCREE_IMAGE_BASE));
    uint64_t memory = b->config->memory >> PAGE_SHIFT;

    p->b = b;
    p->files = gfn(ram.n + memory + 1); /* a gap shows who runs over */
    p->shape = (struct domain_shape){
        .id = b->id,
        .weight = b->config->weight,
        .memory = memory,
        .shared = image_shared_pages(b->image),
        .devices = VIO_QUOTA + (cell->control ? VIO_QUOTA_STORE : 0),
        .end = gfn(ram.n + memory),
    };
    if (b->module)
        p->shape.end = gfn(p->files.n + pages(b->module->record->size));
}

/* The users of an image or module are counted under the cell's lock. */
static void use(struct domain *d, const struct blueprint *b)
{
    lock_take(&d->cell->lock);
    d->image = b->image;
    d->image->users++;
    d->module = b->module;
    if (d->module)
        d->module->users++;
    lock_release(&d->cell->lock);
}

static void unuse(struct domain *d)
{
    lock_take(&d->cell->lock);
    if (d->image)
        d->image->users--;
    if (d->module)
        d->module->users--;
    d->image = NULL;
    d->module = NULL;
    lock_release(&d->cell->lock);
}

/* What the config says of the domain itself. */
static void fill_domain(struct domain *d, const struct blueprint *b)
{
    const struct scree_domain_config *c = b->config;

    d->image_handle = c->image;
    d->module_handle = c->module;
    d->group = c->group;
    d->net_rate = c->net_rate;
    d->on_crash = d->id == 0 ? SCREE_ON_CRASH_RESTART : (uint8_t)c->on_crash;
    d->boot = b->boot;
    if (b->tag)
        memcpy(d->tag, b->tag, sizeof(d->tag));
}

static void fill_info(struct domain *d, const struct plan *p)
{
    const struct scree_domain_config *c = p->b->config;
    struct scree_info *info = d->info;

    info->image_end = image_end(p->b->image).n << PAGE_SHIFT;
    if (p->b->module) {
        info->features |= SCREE_FEATURE_FILES;
        info->files_start = p->files.n << PAGE_SHIFT;
        info->files_size = p->b->module->record->size;
    }
    if (d->id == 0)
        info->features |= SCREE_FEATURE_CONTROL;
    else if (d->cell->control)
        info->features |= SCREE_FEATURE_STORE;
    string_copy(info->name, sizeof(info->name), c->name);
    string_copy(info->cmdline, sizeof(info->cmdline), c->cmdline);
}

/* In the words of scree/control.h. */
static int address_refused(int result)
{
    if (result == -XEN_EEXIST)
        return -XEN_EADDRINUSE;
    return result == -XEN_ENOMEM ? result : -XEN_EADDRNOTAVAIL;
}

static int attach_network(struct domain *d, const struct scree_domain_config *c)
{
    const struct scree_bundle *b = d->cell->bundle;
    struct scree_info *info = d->info;
    int result;

    if (!c->ipv4)
        return 0;
    result = net_port_create(d->cell, d, c);
    if (result)
        return address_refused(result);
    info->features |= SCREE_FEATURE_NET;
    net_mac(d->id, info->mac);
    info->prefix = (uint8_t)b->prefix;
    info->ipv4 = c->ipv4;
    info->gateway = b->gateway;
    info->resolver = b->resolver;
    info->mtu = NET_MTU;
    return 0;
}

int domain_begin(struct cell *cell, const struct blueprint *b,
                 struct domain **out)
{
    struct domain *d;
    struct plan p;
    int result;

    plan_make(cell, b, &p);
    result = domain_create(cell, &p.shape, &d);
    if (result)
        return result;
    use(d, b);
    fill_domain(d, b);
    fill_info(d, &p);
    console_domain_init(d);
    result = attach_network(d, b->config);
    if (result)
        domain_take_apart(d);
    else
        *out = d;
    return result;
}

static int map_pages(struct domain *d, uint64_t from, uint64_t most)
{
    uint64_t n = image_pages(d->image);
    gfn_t files = gva_gfn(gva(d->info->files_start));

    if (from < n)
        return image_map(d->image, &d->space, from, min_u64(most, n - from));
    return d->module ? module_map(d->module, &d->space, files, from - n, most)
                     : 0;
}

int domain_map(struct domain *d, uint64_t *done, uint64_t most)
{
    uint64_t all = image_pages(d->image);
    int result;

    if (d->module)
        all += module_pages(d->module);
    lock_take(&d->lock);
    result = map_pages(d, *done, most);
    lock_release(&d->lock);
    if (result)
        return result;
    *done += *done < image_pages(d->image)
                 ? min_u64(most, image_pages(d->image) - *done)
                 : most;
    if (*done < all)
        return DOMAIN_MORE;
    machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(d->image->record->entry),
                      gva(d->info->memory_end), SCREE_INFO_PAGE);
    return 0;
}

/* All of it at once, for start-up and restarts. */
static int make(struct cell *cell, const struct blueprint *b,
                struct domain **out)
{
    uint64_t done = 0;
    int result = domain_begin(cell, b, out);

    if (result)
        return result;
    while ((result = domain_map(*out, &done, UINT32_MAX)) == DOMAIN_MORE)
        ;
    if (result)
        domain_take_apart(*out);
    return result;
}

/* ----------------------------------------------------- the boot bundle's */

static const char *reason_of(const struct cell *cell, int result)
{
    switch (result) {
    case -XEN_ENOMEM:
        return "not enough memory";
    case -XEN_EADDRINUSE:
        return "its address is in use";
    case -XEN_EADDRNOTAVAIL:
        return cell->net ? "its address is bad" : "the cell has no network";
    case -XEN_EEXIST:
        return "it lives already";
    default:
        return "its record is bad";
    }
}

static int refuse(struct cell *cell, uint32_t index, const char *why)
{
    char name[SCREE_NAME_MAX];

    bundle_name(bundle_domain(cell, index)->name, name);
    log_line(cell, "domain %s refused: %s", name, why);
    return -XEN_EINVAL;
}

/* The control domain knows modules by numbers behind those of the images. */
static void renumber(const struct cell *cell, struct scree_domain_config *c)
{
    if (c->module != SCREE_NO_MODULE)
        c->module += cell->image_count;
}

static struct blueprint blueprint_of(struct cell *cell, uint32_t index,
                                     struct scree_domain_config *c)
{
    struct blueprint b = {
        .config = c,
        .image = &cell->images[c->image],
        .id = index + 1,
        .boot = true,
    };

    if (c->module != SCREE_NO_MODULE)
        b.module = &cell->modules[c->module];
    if (c->flags & SCREE_CONFIG_CONTROL)
        b.id = 0;
    renumber(cell, c);
    return b;
}

int domain_build(struct cell *cell, uint32_t index, struct domain **out)
{
    struct refusal r = bundle_check_record(cell, index);
    struct scree_domain_config c;
    struct blueprint b;
    int result;

    if (r.code)
        return refuse(cell, index, r.why);
    c = *bundle_domain(cell, index);
    b = blueprint_of(cell, index, &c);
    if (b.id >= cell->domain_limit)
        return refuse(cell, index, "the cell has too many domains");
    result = make(cell, &b, out);
    if (result)
        (void)refuse(cell, index, reason_of(cell, result));
    return result;
}

/* -------------------------------------------------------------- the end */

bool domain_dismantle(struct domain *d)
{
    net_port_destroy(d);
    vio_close_all(d);
    console_domain_fini(d);
    return domain_drain(d);
}

void domain_take_apart(struct domain *d)
{
    while (!domain_dismantle(d))
        ;
    unuse(d);
    domain_free(d);
}

void domain_take_down(struct domain *d)
{
    while (!domain_dismantle(d))
        ;
    unuse(d);
    domain_retire(d);
}
