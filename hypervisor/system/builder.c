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

/* What a record asks for, resolved. */
struct plan {
    const struct scree_domain_config *config;
    struct image *image;
    struct module *module; /* or NULL */
    gfn_t files;           /* where it goes */
    struct domain_shape shape;
};

static void plan_make(struct cell *cell, uint32_t index,
                      const struct scree_domain_config *c, struct plan *p)
{
    gfn_t ram = gva_gfn(gva(SCREE_IMAGE_BASE));
    uint64_t memory = c->memory >> PAGE_SHIFT;

    p->config = c;
    p->image = &cell->images[c->image];
    p->module = c->module == SCREE_NO_MODULE ? NULL : &cell->modules[c->module];
    p->files = gfn(ram.n + memory + 1); /* a gap shows who runs over */
    p->shape = (struct domain_shape){
        .id = index + 1,
        .weight = c->weight,
        .memory = memory,
        .shared = image_shared_pages(p->image),
        .devices = VIO_QUOTA,
        .end = gfn(ram.n + memory),
    };
    if (p->module)
        p->shape.end = gfn(p->files.n + pages(p->module->record->size));
}

/* The users of an image or module are counted under the cell's lock. */
static void use(struct domain *d, const struct plan *p)
{
    lock_take(&d->cell->lock);
    d->config = p->config;
    d->image = p->image;
    d->image->users++;
    d->module = p->module;
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
    lock_release(&d->cell->lock);
}

static int map_contents(struct domain *d, const struct plan *p)
{
    int result;

    lock_take(&d->lock);
    result = image_map(p->image, &d->space);
    if (!result && p->module)
        result = module_map(p->module, &d->space, p->files);
    lock_release(&d->lock);
    return result;
}

static void fill_info(struct domain *d, const struct plan *p)
{
    struct scree_info *info = d->info;

    info->image_end = image_end(p->image).n << PAGE_SHIFT;
    if (p->module) {
        info->features |= SCREE_FEATURE_FILES;
        info->files_start = p->files.n << PAGE_SHIFT;
        info->files_size = p->module->record->size;
    }
    string_copy(info->name, sizeof(info->name), p->config->name);
    string_copy(info->cmdline, sizeof(info->cmdline), p->config->cmdline);
}

static int attach_network(struct domain *d, const struct plan *p)
{
    const struct scree_bundle *b = d->cell->bundle;
    struct scree_info *info = d->info;
    int result;

    if (!p->config->ipv4)
        return 0;
    result = net_port_create(d->cell, d, p->config);
    if (result)
        return result;
    info->features |= SCREE_FEATURE_NET;
    net_mac(d->id, info->mac);
    info->prefix = (uint8_t)b->prefix;
    info->ipv4 = p->config->ipv4;
    info->gateway = b->gateway;
    info->resolver = b->resolver;
    info->mtu = NET_MTU;
    return 0;
}

/* Everything after creation; on failure domain_take_apart() is due. */
static int furnish(struct domain *d, const struct plan *p)
{
    int result;

    use(d, p);
    fill_info(d, p);
    console_domain_init(d);
    result = map_contents(d, p);
    if (!result)
        result = attach_network(d, p);
    if (result)
        return result;
    machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(p->image->record->entry),
                      gva(d->info->memory_end), SCREE_INFO_PAGE);
    return 0;
}

static const char *reason_of(int result)
{
    switch (result) {
    case -XEN_ENOMEM:
        return "not enough memory";
    case -XEN_EEXIST:
        return "its address is in use";
    case -XEN_ENODEV:
        return "the cell has no network";
    default:
        return "its record or address is bad";
    }
}

static int refuse(struct cell *cell, const struct scree_domain_config *c,
                  const char *why, int result)
{
    char name[SCREE_NAME_MAX];

    bundle_name(c->name, name);
    log_line(cell, "domain %s refused: %s", name, why);
    return result;
}

int domain_build(struct cell *cell, uint32_t index, struct domain **out)
{
    const struct scree_domain_config *c = bundle_domain(cell, index);
    const char *why = bundle_check_domain(cell, c);
    struct domain *d;
    struct plan p;
    int result;

    if (why)
        return refuse(cell, c, why, -XEN_EINVAL);
    plan_make(cell, index, c, &p);
    if (p.shape.id >= cell->domain_limit)
        return refuse(cell, c, "the cell has too many domains", -XEN_EINVAL);
    result = domain_create(cell, &p.shape, &d);
    if (result)
        return refuse(cell, c, reason_of(result), result);
    result = furnish(d, &p);
    if (result) {
        domain_take_apart(d);
        return refuse(cell, c, reason_of(result), result);
    }
    *out = d;
    return 0;
}

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
