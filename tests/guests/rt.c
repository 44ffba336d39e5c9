/* SPDX-License-Identifier: MIT */
/*
 * Runtime of test guests: start, printing, TAP and time. Faults and events
 * are in rt_traps.c, string functions in rt_string.c. See rt.h.
 */
#include "rt.h"

struct rt_start rt_start;
static unsigned tap_points, tap_failed;

void rt_main(void)
{
    rt_traps_on(true);
    rt_shutdown(guest_main() ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

void rt_shutdown(unsigned reason)
{
    struct sched_shutdown s = {.reason = reason};

    for (;;)
        (void)HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

/* ------------------------------------------------------------- time */

static uint64_t clock_ns(void)
{
    const volatile struct scree_clock *c =
        (const volatile struct scree_clock *)SCREE_CLOCK_PAGE;
    uint32_t version, low, high;
    uint64_t delta, ns;

    do {
        version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE);
        __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
        delta = ((uint64_t)high << 32 | low) - c->tsc_base;
        ns = c->ns_base + (uint64_t)((delta * (unsigned __int128)c->tsc_mul) >>
                                     c->tsc_shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || version != c->version);
    return ns;
}

uint64_t rt_now(void)
{
    if (rt_info()->features & SCREE_FEATURE_TSC)
        return clock_ns();
    return (uint64_t)HYPERVISOR_scree_time();
}

void rt_sleep(uint64_t ns)
{
    uint64_t end = rt_now() + ns;

    while (rt_now() < end) {
        rt_clear_events();
        (void)HYPERVISOR_scree_idle(end);
    }
}

void rt_spin(uint64_t ns)
{
    uint64_t end = rt_now() + ns;

    while (rt_now() < end) {
        for (volatile unsigned i = 0; i < 1000; i++)
            ;
    }
}

/* ---------------------------------------------------------- options */

static const char *find_option(const char *key)
{
    const char *p = (const char *)(uintptr_t)rt_info()->cmdline;
    size_t n = strlen(key);

    while (*p) {
        while (*p == ' ')
            p++;
        if (!strncmp(p, key, n) && (p[n] == '=' || p[n] == ' ' || p[n] == '\0'))
            return p + n;
        while (*p && *p != ' ')
            p++;
    }
    return NULL;
}

bool rt_has_option(const char *key)
{
    return find_option(key) != NULL;
}

uint64_t rt_option(const char *key, uint64_t fallback)
{
    const char *p = find_option(key);
    uint64_t n = 0;

    if (!p || *p != '=')
        return fallback;
    for (p++; *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    return n;
}

uint64_t rt_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* --------------------------------------------------------- printing */

struct out {
    char *to;
    size_t size, used;
};

static void put(struct out *o, char c)
{
    if (o->used + 1 < o->size)
        o->to[o->used++] = c;
}

struct spec {
    unsigned width, longs;
    char pad;
};

static void put_number(struct out *o, uint64_t n, unsigned base,
                       const struct spec *s)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    for (unsigned i = count; i < s->width; i++)
        put(o, s->pad);
    while (count)
        put(o, digits[--count]);
}

static void put_signed(struct out *o, int64_t n, const struct spec *s)
{
    if (n < 0)
        put(o, '-');
    put_number(o, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, s);
}

static void put_string(struct out *o, const char *s)
{
    for (; *s; s++)
        put(o, *s);
}

static const char *parse_spec(const char *f, struct spec *s)
{
    *s = (struct spec){.pad = ' '};
    if (*f == '0')
        s->pad = *f++;
    while (*f >= '0' && *f <= '9')
        s->width = s->width * 10 + (unsigned)(*f++ - '0');
    while (*f == 'l' || *f == 'z') {
        s->longs++;
        f++;
    }
    return f;
}

size_t rt_format(char *to, size_t size, const char *f, va_list args)
{
    struct out o = {to, size, 0};
    struct spec s;

    for (; *f; f++) {
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_spec(f + 1, &s);
        if (*f == 'd')
            put_signed(&o, s.longs ? va_arg(args, int64_t) : va_arg(args, int),
                       &s);
        else if (*f == 'u' || *f == 'x')
            put_number(
                &o, s.longs ? va_arg(args, uint64_t) : va_arg(args, unsigned),
                *f == 'x' ? 16 : 10, &s);
        else if (*f == 'p')
            put_number(&o, (uintptr_t)va_arg(args, void *), 16, &s);
        else if (*f == 's')
            put_string(&o, va_arg(args, const char *));
        else if (*f == 'c')
            put(&o, (char)va_arg(args, int));
        else
            put(&o, *f);
    }
    to[o.used] = '\0';
    return o.used;
}

static void write_line(const char *text, size_t n)
{
    (void)HYPERVISOR_console_io(CONSOLEIO_write, (unsigned)n, text);
}

void rt_printf(const char *format, ...)
{
    char line[256];
    va_list args;
    size_t n;

    va_start(args, format);
    n = rt_format(line, sizeof(line), format, args);
    va_end(args);
    write_line(line, n);
}

/* -------------------------------------------------------------- TAP */

bool tap_ok(bool ok, const char *text, ...)
{
    char line[200];
    va_list args;

    va_start(args, text);
    rt_format(line, sizeof(line), text, args);
    va_end(args);
    tap_points++;
    tap_failed += !ok;
    rt_printf("%s %u - %s\n", ok ? "ok" : "not ok", tap_points, line);
    return ok;
}

bool tap_is(int64_t got, int64_t want, const char *text)
{
    if (got == want)
        return tap_ok(true, "%s", text);
    return tap_ok(false, "%s: expected %ld, got %ld", text, want, got);
}

void tap_skip(const char *text)
{
    tap_points++;
    rt_printf("ok %u # SKIP %s\n", tap_points, text);
}

int tap_done(void)
{
    rt_printf("1..%u\n", tap_points);
    rt_printf("# end: %u points, %u failed\n", tap_points, tap_failed);
    return tap_failed ? 1 : 0;
}
