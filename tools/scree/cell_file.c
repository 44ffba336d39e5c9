/* SPDX-License-Identifier: MIT */
/* See cell_file.h. */
#define _GNU_SOURCE
#include "tools/scree/cell_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bundle/files.h"
#include "tools/scree/cli.h"

#define OPTIONS_MOST (64u << 10)

cJSON *cell_file_read(const char *path, struct error *e)
{
    struct buffer text;
    struct why w;
    cJSON *o;

    if (access(path, F_OK))
        return cli_must(cJSON_CreateObject());
    if (!file_read(path, OPTIONS_MOST, &text, &w)) {
        cli_why(e, &w);
        return NULL;
    }
    buffer_add(&text, "", 1);
    o = cJSON_Parse((const char *)text.bytes);
    buffer_free(&text);
    if (!cJSON_IsObject(o)) {
        cJSON_Delete(o);
        error_set(e, "failed",
                  "%s is damaged; remove it and say again what "
                  "the cell shall be",
                  path);
        return NULL;
    }
    return o;
}

bool cell_file_write(const char *path, const cJSON *o, struct error *e)
{
    char *text = cli_must(cJSON_Print(o));
    struct path temporary;
    bool good = false;
    int fd;

    snprintf(temporary.text, PATH_ROOM, "%.1000s.%d", path, (int)getpid());
    fd = open(temporary.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        good = dprintf(fd, "%s\n", text) > 0 && !fsync(fd);
        good = !close(fd) && good && !rename(temporary.text, path);
    }
    if (!good) {
        error_set(e, "failed", "cannot write %s: %s", path, strerror(errno));
        unlink(temporary.text);
    }
    free(text);
    return good;
}

void cell_file_merge(cJSON *into, cJSON *options, bool *changed)
{
    while (options->child) {
        cJSON *field = cJSON_DetachItemViaPointer(options, options->child);
        const cJSON *old =
            cJSON_GetObjectItemCaseSensitive(into, field->string);
        if (!old || !cJSON_Compare(old, field, true))
            *changed = true;
        cJSON_DeleteItemFromObjectCaseSensitive(into, field->string);
        cJSON_AddItemToObject(into, field->string, field);
    }
}

char *cell_file_text(const char *path)
{
    struct buffer text;
    struct why ignored;

    if (!file_read(path, OPTIONS_MOST, &text, &ignored))
        return NULL;
    buffer_add(&text, "", 1);
    return (char *)text.bytes;
}

void cell_file_undo(const char *path, const char *old)
{
    struct error ignored;
    cJSON *o = cJSON_Parse(old);

    if (o)
        cell_file_write(path, o, &ignored);
    cJSON_Delete(o);
}
