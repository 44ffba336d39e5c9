/* SPDX-License-Identifier: MIT */
/* Text for people; see text.h. */
#define _GNU_SOURCE
#include "tools/scree/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/bundle/why.h"

struct text text_size(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes;
    struct text t;
    size_t u = 0;

    for (; n >= 1023.95 && u < 4; u++)
        n /= 1024;
    snprintf(t.text, sizeof(t.text), "%.*f %s",
             n < 99.95 && n != (double)(uint64_t)n ? 1 : 0, n, units[u]);
    return t;
}

struct text text_span(uint64_t seconds)
{
    struct text t;
    uint64_t n = seconds;
    const char *unit = "s";

    if (seconds >= 172800) {
        n = seconds / 86400;
        unit = "days";
    } else if (seconds >= 7200) {
        n = seconds / 3600;
        unit = "h";
    } else if (seconds >= 120) {
        n = seconds / 60;
        unit = "min";
    }
    snprintf(t.text, sizeof(t.text), "%" PRIu64 " %s", n, unit);
    return t;
}

struct text text_count(double n)
{
    static const char units[] = " KMGT";
    struct text t;
    size_t u = 0;

    for (; n >= 9999.5 && u < 4; u++)
        n /= 1000;
    if (u)
        snprintf(t.text, sizeof(t.text), "%.0f%c", n, units[u]);
    else
        snprintf(t.text, sizeof(t.text), "%.*f", n > 0 && n < 9.95 ? 1 : 0, n);
    return t;
}

struct text text_time(double at)
{
    char date[32];
    time_t seconds;
    struct text t;
    struct tm tm;

    if (at < 0)
        at = 0;
    seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(t.text, sizeof(t.text), "%s.%03dZ", date,
             (int)((at - (double)seconds) * 1000));
    return t;
}

/* "1h30m", "90": seconds; false if nothing or more than that stands there. */
static bool parse_span(const char *text, double *seconds)
{
    double total = 0;

    if (!*text || strspn(text, "0123456789.smhd") != strlen(text))
        return false;
    while (*text) {
        static const struct {
            char unit;
            double seconds;
        } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {0, 1}};
        char *end;
        double n = strtod(text, &end);
        size_t u = 0;
        if (end == text)
            return false;
        while (units[u].unit && units[u].unit != *end)
            u++;
        if (*end && !units[u].unit)
            return false;
        total += n * units[u].seconds;
        text = end + (*end != '\0');
    }
    *seconds = total;
    return true;
}

static bool parse_date(const char *text, double *out)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M",
                                          "%Y-%m-%dT%H:%M:%S"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &tm);
        if (!end)
            continue;
        if (*end == '.')
            end += 1 + strspn(end + 1, "0123456789");
        if (!strcmp(end, "Z"))
            *out = (double)timegm(&tm);
        else if (!*end)
            *out = (double)mktime(&tm);
        else
            continue;
        return true;
    }
    return false;
}

bool text_parse_since(const char *text, double now, double *out)
{
    double n;

    if (parse_date(text, out))
        return true;
    if (!parse_span(text, &n))
        return false;
    *out = strspn(text, "0123456789.") == strlen(text) ? n : now - n;
    return true;
}

/* Control characters: of ASCII, and those of UTF-8 behind 0xc2. */
static bool is_control(const unsigned char *s)
{
    return (*s < ' ' && *s != '\t') || *s == 127 ||
           (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);
}

void text_print_safe(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    for (; *s; s++) {
        if (*s == 0xc2 && is_control(s)) {
            fprintf(out, "\\x%02x", *s++);
            fprintf(out, "\\x%02x", *s);
        } else if (is_control(s)) {
            fprintf(out, "\\x%02x", *s);
        } else {
            putc(*s, out);
        }
    }
}

void table_begin(struct table *t, const char *const *titles)
{
    *t = (struct table){0};
    while (titles[t->columns])
        t->columns++;
    for (size_t i = 0; titles[i]; i++)
        table_add(t, "%s", titles[i]);
}

void table_add(struct table *t, const char *format, ...)
{
    va_list args;
    char *cell = NULL;

    va_start(args, format);
    if (vasprintf(&cell, format, args) < 0)
        cell = NULL;
    va_end(args);
    if ((t->count & (t->count - 1)) == 0)
        t->cells = must_grow(t->cells, t->count * 2 + 1, sizeof(*t->cells));
    t->cells[t->count++] = cell ? cell : must_copy("", 0);
}

/* How many characters it takes on a terminal: UTF-8, none of them wide. */
static int width(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += (*s & 0xc0) != 0x80;
    return n;
}

void table_print(const struct table *t, FILE *out, bool titles)
{
    int widths[TABLE_COLUMNS] = {0};

    for (size_t i = titles ? 0 : t->columns; i < t->count; i++) {
        int n = width(t->cells[i]);
        if (n > widths[i % t->columns])
            widths[i % t->columns] = n;
    }
    for (size_t i = titles ? 0 : t->columns; i < t->count; i++) {
        size_t column = i % t->columns;
        bool last = column + 1 == t->columns;
        int pad = last ? 0 : widths[column] + 2 - width(t->cells[i]);
        text_print_safe(out, t->cells[i]);
        fprintf(out, "%*s%s", pad, "", last ? "\n" : "");
    }
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (struct table){0};
}
