/* SPDX-License-Identifier: MIT */
/*
 * The formatter. Two steps for each conversion: parse it into a struct
 * conversion, then print one value by it. Output goes through put(), which
 * alone knows the buffer's end.
 */
#include "base/format.h"
#include "base/string.h"

struct sink {
    char *to;
    size_t size, used; /* used counts what did not fit, too */
};

struct conversion {
    bool left, zero;
    int width;
    int precision; /* or -1 */
    unsigned longs;
    char kind;
};

static void put(struct sink *o, char c)
{
    if (o->used + 1 < o->size)
        o->to[o->used] = c;
    o->used++;
}

static void put_padding(struct sink *o, char c, int width, size_t length)
{
    while (width > 0 && (size_t)width > length) {
        put(o, c);
        width--;
    }
}

static void put_padded(struct sink *o, const struct conversion *c,
                       const char *text, size_t length)
{
    if (!c->left)
        put_padding(o, ' ', c->width, length);
    for (size_t i = 0; i < length; i++)
        put(o, text[i]);
    if (c->left)
        put_padding(o, ' ', c->width, length);
}

/* The digits of value, right-aligned in 24 bytes; returns the first. */
static char *digits_of(char buffer[24], uint64_t value, unsigned base,
                       const char *digits)
{
    char *p = buffer + 24;

    do {
        *--p = digits[value % base];
        value /= base;
    } while (value);
    return p;
}

static void put_number(struct sink *o, const struct conversion *c,
                       uint64_t value, bool negative)
{
    char buffer[24];
    unsigned base = c->kind == 'x' || c->kind == 'X' ? 16 : 10;
    const char *set = c->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char *p = digits_of(buffer, value, base, set);
    size_t length = (size_t)(buffer + 24 - p);

    if (c->zero && !c->left) {
        if (negative)
            put(o, '-');
        put_padding(o, '0', c->width, length + negative);
        for (size_t i = 0; i < length; i++)
            put(o, p[i]);
        return;
    }
    if (negative) {
        *--p = '-';
        length++;
    }
    put_padded(o, c, p, length);
}

static int parse_count(const char **f, va_list *args)
{
    int n = 0;

    if (**f == '*') {
        ++*f;
        return va_arg(*args, int);
    }
    while (**f >= '0' && **f <= '9') {
        if (n < 10000)
            n = n * 10 + (**f - '0');
        ++*f;
    }
    return n;
}

static struct conversion parse(const char **f, va_list *args)
{
    struct conversion c = {.precision = -1};

    for (; **f == '-' || **f == '0'; ++*f) {
        if (**f == '-')
            c.left = true;
        else
            c.zero = true;
    }
    c.width = parse_count(f, args);
    if (**f == '.') {
        ++*f;
        c.precision = parse_count(f, args);
    }
    for (; **f == 'l' || **f == 'z' || **f == 'h'; ++*f) {
        if (**f != 'h')
            c.longs++;
    }
    c.kind = **f;
    return c;
}

static void put_signed(struct sink *o, const struct conversion *c,
                       va_list *args)
{
    int64_t v = c->longs ? va_arg(*args, long) : va_arg(*args, int);

    put_number(o, c, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
}

static void put_string(struct sink *o, const struct conversion *c,
                       const char *text)
{
    size_t max = c->precision < 0 ? SIZE_MAX : (size_t)c->precision;

    if (!text)
        text = "(null)";
    put_padded(o, c, text, string_length_max(text, max));
}

/* False: not a conversion that we know; no argument was taken. */
static bool put_conversion(struct sink *o, struct conversion *c, va_list *args)
{
    char one;

    switch (c->kind) {
    case 'd':
    case 'i':
        put_signed(o, c, args);
        return true;
    case 'u':
    case 'x':
    case 'X':
        put_number(o, c,
                   c->longs ? va_arg(*args, unsigned long)
                            : va_arg(*args, unsigned),
                   false);
        return true;
    case 'p':
        c->kind = 'x';
        put(o, '0');
        put(o, 'x');
        put_number(o, c, (uint64_t)(uintptr_t)va_arg(*args, void *), false);
        return true;
    case 's':
        put_string(o, c, va_arg(*args, const char *));
        return true;
    case 'c':
        one = (char)va_arg(*args, int);
        put_padded(o, c, &one, 1);
        return true;
    default:
        return false;
    }
}

static void put_all(struct sink *o, const char *f, va_list *args)
{
    while (*f) {
        const char *start = f;
        struct conversion c;

        if (*f != '%') {
            put(o, *f++);
            continue;
        }
        f++;
        if (*f == '%') {
            put(o, *f++);
            continue;
        }
        c = parse(&f, args);
        if (put_conversion(o, &c, args)) {
            f++;
            continue;
        }
        while (start < f)
            put(o, *start++);
    }
}

size_t format_text_v(char *to, size_t size, const char *format, va_list args)
{
    struct sink o = {.to = to, .size = size};
    va_list own;

    va_copy(own, args);
    put_all(&o, format, &own);
    va_end(own);
    if (size)
        to[o.used < size ? o.used : size - 1] = 0;
    return o.used;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = format_text_v(to, size, format, args);
    va_end(args);
    return n;
}

char *format_ipv4(char to[FORMAT_IPV4_MAX], uint32_t address)
{
    format_text(to, FORMAT_IPV4_MAX, "%u.%u.%u.%u", address >> 24,
                address >> 16 & 255, address >> 8 & 255, address & 255);
    return to;
}

char *format_mac(char to[FORMAT_MAC_MAX], const uint8_t mac[6])
{
    format_text(to, FORMAT_MAC_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
                mac[1], mac[2], mac[3], mac[4], mac[5]);
    return to;
}
