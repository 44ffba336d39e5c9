/* SPDX-License-Identifier: MIT */
/*
 * The samples, and the two reports made of them. A row is (id, variant, unit);
 * its value is the median. report.json is written by cJSON, report.txt is the
 * same for people.
 */
#include "tools/bench/bench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

struct row {
    char *id, *variant, *unit, *command;
    double *values;
    size_t count, capacity;
};

struct report {
    struct row *rows;
    size_t count;
    char *command;
};

struct report *report_new(void)
{
    return calloc(1, sizeof(struct report));
}

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->rows[i].id);
        free(r->rows[i].variant);
        free(r->rows[i].unit);
        free(r->rows[i].command);
        free(r->rows[i].values);
    }
    free(r->rows);
    free(r->command);
    free(r);
}

void report_command(struct report *r, const char *command)
{
    free(r->command);
    r->command = strdup(command);
}

static struct row *find(struct report *r, const char *id, const char *variant,
                        const char *unit)
{
    struct row *row;

    for (size_t i = 0; i < r->count; i++) {
        row = &r->rows[i];
        if (!strcmp(row->id, id) && !strcmp(row->variant, variant) &&
            !strcmp(row->unit, unit))
            return row;
    }
    r->rows = realloc(r->rows, (r->count + 1) * sizeof(*r->rows));
    row = &r->rows[r->count++];
    memset(row, 0, sizeof(*row));
    row->id = strdup(id);
    row->variant = strdup(variant);
    row->unit = strdup(unit);
    row->command = strdup(r->command ? r->command : "");
    return row;
}

void report_add(struct report *r, const char *id, const char *variant,
                const char *unit, double value)
{
    struct row *row = find(r, id, variant, unit);

    if (row->count == row->capacity) {
        row->capacity = row->capacity ? row->capacity * 2 : 16;
        row->values =
            realloc(row->values, row->capacity * sizeof(*row->values));
    }
    row->values[row->count++] = value;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Nearest-rank quantile of sorted values. */
static double quantile(const struct row *row, double q)
{
    size_t i = (size_t)(q * (double)(row->count - 1) + 0.5);

    return row->values[i];
}

/* First line of a command's output, without its newline. */
static void command_line(const char *command, char *text, int size)
{
    FILE *f = popen(command, "r");

    text[0] = 0;
    if (!f)
        return;
    if (!fgets(text, size, f))
        text[0] = 0;
    text[strcspn(text, "\n")] = 0;
    pclose(f);
}

static void add_command(cJSON *machine, const char *key, const char *command)
{
    char text[512];

    command_line(command, text, sizeof(text));
    cJSON_AddStringToObject(machine, key, text);
}

static cJSON *machine_json(void)
{
    cJSON *m = cJSON_CreateObject();
    struct utsname u;
    char date[64];
    time_t t = time(NULL);

    cJSON_AddStringToObject(m, "accelerator", "tcg");
    add_command(m, "cpu",
                "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1");
    add_command(m, "qemu", "qemu-system-x86_64 --version");
    uname(&u);
    cJSON_AddStringToObject(m, "kernel", u.release);
    add_command(m, "compiler", "gcc --version");
    add_command(m, "flags", "cat build/x86.flags");
    cJSON_AddStringToObject(m, "mitigations",
                            "default policy (docs/security.md)");
    add_command(m, "commit", "git rev-parse HEAD");
    add_command(m, "dirty",
                "test -z \"$(git status --porcelain)\" && "
                "echo no || echo yes");
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
    cJSON_AddStringToObject(m, "date", date);
    add_command(m, "load", "cut -d' ' -f1-3 /proc/loadavg");
    return m;
}

static cJSON *row_json(const struct row *row)
{
    cJSON *j = cJSON_CreateObject();

    cJSON_AddStringToObject(j, "id", row->id);
    cJSON_AddStringToObject(j, "variant", row->variant);
    cJSON_AddStringToObject(j, "unit", row->unit);
    cJSON_AddNumberToObject(j, "value", quantile(row, 0.5));
    cJSON_AddNumberToObject(j, "n", (double)row->count);
    cJSON_AddNumberToObject(j, "p25", quantile(row, 0.25));
    cJSON_AddNumberToObject(j, "p75", quantile(row, 0.75));
    cJSON_AddNumberToObject(j, "min", row->values[0]);
    cJSON_AddNumberToObject(j, "max", row->values[row->count - 1]);
    cJSON_AddStringToObject(j, "command", row->command);
    return j;
}

static FILE *open_in(const struct options *o, const char *name)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", o->out, name);
    f = fopen(path, "w");
    if (!f)
        perror(path);
    return f;
}

static void write_text(const struct report *r, FILE *f)
{
    fprintf(f, "%-16s %-11s %12s %-12s %4s %12s %12s\n", "id", "variant",
            "median", "unit", "n", "p25", "p75");
    for (size_t i = 0; i < r->count; i++) {
        const struct row *row = &r->rows[i];

        fprintf(f, "%-16s %-11s %12.1f %-12s %4zu %12.1f %12.1f\n", row->id,
                row->variant, quantile(row, 0.5), row->unit, row->count,
                quantile(row, 0.25), quantile(row, 0.75));
    }
}

int report_write(struct report *r, const struct options *o)
{
    cJSON *j = cJSON_CreateObject(), *rows = cJSON_CreateArray();
    FILE *json = open_in(o, "report.json"), *text = open_in(o, "report.txt");
    char *printed;

    if (!json || !text)
        return -1;
    cJSON_AddItemToObject(j, "machine", machine_json());
    cJSON_AddItemToObject(j, "rows", rows);
    for (size_t i = 0; i < r->count; i++) {
        qsort(r->rows[i].values, r->rows[i].count, sizeof(double), ascending);
        cJSON_AddItemToArray(rows, row_json(&r->rows[i]));
    }
    printed = cJSON_Print(j);
    fprintf(json, "%s\n", printed);
    free(printed);
    cJSON_Delete(j);
    write_text(r, text);
    write_text(r, stdout);
    return fclose(json) | fclose(text);
}
