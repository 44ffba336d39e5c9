/* SPDX-License-Identifier: MIT */
/*
 * Text for people: sizes, times, tables. A table is printed the same on a
 * terminal and into a pipe: columns two blanks apart, nothing cut.
 */
#ifndef SCREE_TEXT_H
#define SCREE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct text {
    char text[48];
};

/* 1.5 MiB: three digits and a unit, powers of 1,024; "512 B". */
struct text text_size(uint64_t bytes);

/* A length of time: "12 s", "3 min", "5 h", "2 days". */
struct text text_span(uint64_t seconds);

/* A number with K, M, G (powers of 1,000) above 9,999. */
struct text text_count(double n);

/* "2026-11-20T07:30:00.123Z" of a Unix time. */
struct text text_time(double at);

/* "45s", "10m", "2h", "1d", "1h30m", a Unix time, or
 * "2026-11-20[T07:30[:00]][Z]" (local time without Z): Unix time; a length of
 * time counts back from now. */
bool text_parse_since(const char *text, double now, double *out);

/* Bytes from a domain: what could drive a terminal is shown as \xNN. */
void text_print_safe(FILE *out, const char *text);

#define TABLE_COLUMNS 12

struct table {
    size_t columns, count;
    char **cells; /* row by row */
};

/* Takes titles, NULL at the end; table_free() is due. */
void table_begin(struct table *t, const char *const *titles);
/* The next cell, row by row. */
void table_add(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, FILE *out, bool titles);
void table_free(struct table *t);

#endif
