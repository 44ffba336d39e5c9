/* SPDX-License-Identifier: MIT */
/*
 * The host machine as a whole: RAM, what machine_info() tells, random numbers
 * and the end. Frames 0..255 are not RAM (the hypercall page is one of them);
 * the boot module stands behind RAM, as on a real machine.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/host/private.h"

#define DEFAULT_FRAMES 4096
#define WALL_CLOCK     1700000000000000000ull

struct host host;

static _Thread_local struct stop_catcher {
    jmp_buf back;
    enum machine_stop_kind kind;
    int code;
} * catcher;

static void fail(const char *what)
{
    perror(what);
    abort();
}

static void make_arena(uint64_t frames)
{
    size_t size = (size_t)frames * PAGE_SIZE;
    int fd = memfd_create("scree-ram", MFD_CLOEXEC);
    void *p;

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        fail("memfd");
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    close(fd);
    host.arena = p;
    host.arena_frames = frames;
}

/* One range, or two with the hole between them. Returns the end. */
static uint64_t lay_out_ram(uint64_t frames, uint64_t hole)
{
    struct machine_info *mi = &host.info;
    uint64_t lower = hole ? frames / 2 : frames;

    mi->ram[0] = (struct machine_range){mfn(HOST_FIRST_MFN), lower};
    mi->ram_count = 1;
    if (hole) {
        mi->ram[1] = (struct machine_range){mfn(HOST_FIRST_MFN + lower + hole),
                                            frames - lower};
        mi->ram_count = 2;
    }
    return HOST_FIRST_MFN + frames + hole;
}

static void describe(const struct host_config *c)
{
    struct machine_info *mi = &host.info;

    mi->cmdline = c->cmdline ? c->cmdline : "";
    mi->cpus = c->cpus ? c->cpus : 1;
    mi->wall_clock_ns = WALL_CLOCK;
    mi->tsc_usable = true;
    mi->clock_shift = 32;
    mi->clock_mul = 1ull << 32;
    mi->clock_hz = 1000000000;
    mi->hypercall_page = mfn(HOST_HYPERCALL_PAGE);
}

void host_start(const struct host_config *c)
{
    uint64_t end, module = c->module ? pages(c->module_size) : 0;

    memset(&host, 0, sizeof(host));
    end = lay_out_ram(c->frames ? c->frames : DEFAULT_FRAMES, c->hole);
    make_arena(end + module);
    describe(c);
    if (module) {
        host.info.module = (struct machine_range){mfn(end), module};
        host.info.module_size = c->module_size;
        memcpy(machine_frame(mfn(end)), c->module, c->module_size);
    }
    host.real_time = c->real_time;
    host.random = 0x9e3779b97f4a7c15ull;
    host.random_present = true;
    host_cpus_start();
    host_devices_start();
}

void host_stop(void)
{
    host_cpus_stop();
    host_devices_stop();
    munmap(host.arena, (size_t)host.arena_frames * PAGE_SIZE);
    host.arena = NULL;
    host.arena_frames = 0;
}

void *machine_frame(mfn_t frame)
{
    ASSERT(frame.n < host.arena_frames);
    return host.arena + frame.n * PAGE_SIZE;
}

void *host_dma(maddr_t a, uint64_t size)
{
    uint64_t end = host.arena_frames * PAGE_SIZE;

    if (a.a < HOST_FIRST_MFN * PAGE_SIZE || a.a > end || size > end - a.a)
        return NULL;
    return host.arena + a.a;
}

const struct machine_info *machine_info(void)
{
    return &host.info;
}

bool machine_random(uint64_t *value)
{
    uint64_t x = host.random;

    if (!host.random_present)
        return false;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    host.random = x;
    *value = x;
    return true;
}

void host_random_present(bool present)
{
    host.random_present = present;
}

bool host_catch_stop(void (*fn)(void *argument), void *argument,
                     enum machine_stop_kind *kind, int *code)
{
    struct stop_catcher *before = catcher;
    struct stop_catcher here;
    volatile bool stopped = false;

    if (setjmp(here.back) == 0) {
        catcher = &here;
        fn(argument);
    } else {
        stopped = true;
        if (kind)
            *kind = here.kind;
        if (code)
            *code = here.code;
    }
    catcher = before;
    return stopped;
}

void machine_stop(enum machine_stop_kind kind, int code)
{
    if (catcher) {
        catcher->kind = kind;
        catcher->code = code;
        longjmp(catcher->back, 1);
    }
    fprintf(stderr, "the cell stopped (%d, %d); its console:\n%s\n", (int)kind,
            code, host_console_text());
    abort();
}

void machine_backtrace(void (*put)(const char *line))
{
    put("(host machine: use a debugger)");
}
