/* SPDX-License-Identifier: MIT */
/*
 * scree-bundle: makes the boot bundle of a cell, checks its cell.conf, shows a
 * bundle, or tells QEMU and people which host ports lead where.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bundle.h"
#include "files.h"

#define FIRST_PORT  8080
#define DIRECTORIES 16
#define BUNDLE_MAX  (2048ull << 20)

enum { MAKE, CHECK, PRINT, FORWARDS, PORTS };

struct options {
    int what;
    const char *directories[DIRECTORIES];
    size_t directory_count;
    uint64_t seed[4];
    bool seeded;
    uint32_t first_port;
};

static const char usage[] =
    "usage: scree-bundle [-I DIR]... [--seed HEX] CELL.CONF BUNDLE\n"
    "       scree-bundle --check [-I DIR]... CELL.CONF\n"
    "       scree-bundle --print BUNDLE\n"
    "       scree-bundle --forwards [--port FIRST] CELL.CONF\n"
    "       scree-bundle --ports [--port FIRST] CELL.CONF\n"
    "\n"
    "  -I DIR       look here too for images and files of relative path\n"
    "               (after the directory of CELL.CONF)\n"
    "  --seed HEX   64 hex digits instead of fresh random bytes\n"
    "  --check      say what is wrong, write nothing\n"
    "  --print      show what a bundle holds\n"
    "  --forwards   the options of QEMU's -netdev user for this cell\n"
    "  --ports      lines of: domain, tcp or udp, host port, its port\n"
    "  --port       the host port that +0 stands for (8080)\n";

static int complain(const char *text)
{
    fprintf(stderr, "scree-bundle: %s\n", text);
    return 1;
}

/* A cell.conf with its text and plan. */
struct input {
    struct buffer text;
    struct conf conf;
    struct plan plan;
};

static bool input_read(struct input *in, const char *path, struct why *w)
{
    *in = (struct input){0};
    return file_read(path, CONF_BYTES_MAX, &in->text, w) &&
           conf_parse(&in->conf, path, (const char *)in->text.bytes,
                      in->text.size, w) &&
           plan_make(&in->plan, &in->conf, w);
}

static void input_free(struct input *in)
{
    plan_free(&in->plan);
    conf_free(&in->conf);
    buffer_free(&in->text);
}

static bool write_bytes(FILE *f, const struct buffer *b)
{
    return fwrite(b->bytes, 1, b->size, f) == b->size;
}

/* Writes beside the target and renames, so that nobody sees half a file. */
static bool write_file(const char *path, const struct buffer *b, struct why *w)
{
    char *temporary = NULL;
    FILE *f;
    bool good;

    if (asprintf(&temporary, "%s.%d", path, (int)getpid()) < 0)
        return why_set(w, "out of memory");
    f = fopen(temporary, "w");
    good = f && write_bytes(f, b);
    if (f && fclose(f))
        good = false;
    if (!good || rename(temporary, path)) {
        good = why_set(w, "cannot write %s: %s", path, strerror(errno));
        unlink(temporary);
    }
    free(temporary);
    return good;
}

static bool build(const struct options *o, const struct input *in,
                  const char *conf_path, struct buffer *out, struct why *w)
{
    char *copy = must_copy(conf_path, strlen(conf_path));
    const char *directories[DIRECTORIES + 1] = {dirname(copy)};
    struct search s = {directories, o->directory_count + 1};
    bool good;

    memcpy(directories + 1, o->directories,
           o->directory_count * sizeof(directories[0]));
    good = bundle_make(&in->plan, &s, o->seed, out, w);
    free(copy);
    return good;
}

static bool is_taken(const struct plan *p, uint32_t address)
{
    if (p->conf->gateway == address)
        return true;
    for (size_t i = 0; i < p->count; i++)
        if (p->domains[i].ipv4 == address)
            return true;
    return false;
}

/* The highest host address that nobody has, for QEMU's own name server; 0 if
 * the network is full. */
static uint32_t free_address(const struct plan *p)
{
    const struct conf *c = p->conf;
    uint32_t address = c->network + (UINT32_MAX >> c->prefix) - 1;

    while (address > c->network && is_taken(p, address))
        address--;
    return address > c->network ? address : 0;
}

static void print_forwards(const struct plan *p, const struct plan_forwards *f)
{
    const struct conf *c = p->conf;
    uint32_t name_server = free_address(p);

    printf("net=%s/%u", address_text(c->network).text, c->prefix);
    if (c->gateway)
        printf(",host=%s", address_text(c->gateway).text);
    if (name_server)
        printf(",dns=%s", address_text(name_server).text);
    for (size_t i = 0; i < f->count; i++)
        printf(",hostfwd=%s:127.0.0.1:%u-%s:%u", f->list[i].udp ? "udp" : "tcp",
               f->list[i].host, address_text(f->list[i].domain->ipv4).text,
               f->list[i].guest);
    putchar('\n');
}

static void print_ports(const struct plan_forwards *f)
{
    for (size_t i = 0; i < f->count; i++)
        printf("%s %s %u %u\n", f->list[i].domain->name,
               f->list[i].udp ? "udp" : "tcp", f->list[i].host,
               f->list[i].guest);
}

static bool do_forwards(const struct options *o, const struct plan *p,
                        struct why *w)
{
    struct plan_forwards f;
    bool good = plan_forward(p, o->first_port, &f, w);

    if (good && o->what == FORWARDS)
        print_forwards(p, &f);
    if (good && o->what == PORTS)
        print_ports(&f);
    free(f.list);
    return good;
}

static int run_conf(const struct options *o, const char *conf_path,
                    const char *target)
{
    struct input in;
    struct buffer out = {0};
    struct why w;
    bool good = input_read(&in, conf_path, &w) && do_forwards(o, &in.plan, &w);

    if (good && (o->what == MAKE || o->what == CHECK))
        good = build(o, &in, conf_path, &out, &w);
    if (good && o->what == MAKE)
        good = write_file(target, &out, &w);
    if (good && o->what == CHECK)
        printf("%s: good: %zu domains, %zu bytes\n", conf_path, in.plan.count,
               out.size);
    buffer_free(&out);
    input_free(&in);
    return good ? 0 : complain(w.text);
}

static int run_print(const char *path)
{
    struct buffer b;
    struct why w;

    if (!file_read(path, BUNDLE_MAX, &b, &w))
        return complain(w.text);
    if (!bundle_print(b.bytes, b.size, stdout, &w)) {
        fprintf(stderr, "%s: ", path);
        complain(w.text);
        buffer_free(&b);
        return 1;
    }
    buffer_free(&b);
    return 0;
}

static bool parse_seed(const char *text, uint64_t seed[4])
{
    if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
        return false;
    for (int i = 0; i < 4; i++) {
        char word[17] = "";
        memcpy(word, text + 16 * i, 16);
        seed[i] = strtoull(word, NULL, 16);
    }
    return true;
}

static bool set_option(struct options *o, int option)
{
    uint64_t n;

    switch (option) {
    case 'I':
        if (o->directory_count == DIRECTORIES)
            return false;
        o->directories[o->directory_count++] = optarg;
        return true;
    case 's':
        o->seeded = true;
        return parse_seed(optarg, o->seed);
    case 'p':
        if (!value_number(optarg, 1, 65535, &n))
            return false;
        o->first_port = (uint32_t)n;
        return true;
    case CHECK:
    case PRINT:
    case FORWARDS:
    case PORTS:
        o->what = option;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"seed", required_argument, NULL, 's'},
        {"port", required_argument, NULL, 'p'},
        {"check", no_argument, NULL, CHECK},
        {"print", no_argument, NULL, PRINT},
        {"forwards", no_argument, NULL, FORWARDS},
        {"ports", no_argument, NULL, PORTS},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {.what = MAKE, .first_port = FIRST_PORT};
    int option;

    while ((option = getopt_long(argc, argv, "I:h", names, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (!set_option(&o, option)) {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (argc - optind != (o.what == MAKE ? 2 : 1)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!o.seeded &&
        getrandom(o.seed, sizeof(o.seed), 0) != (ssize_t)sizeof(o.seed))
        return complain("no random bytes; give --seed");
    if (o.what == PRINT)
        return run_print(argv[optind]);
    return run_conf(&o, argv[optind], argv[optind + 1]);
}
