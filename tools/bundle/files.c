/* SPDX-License-Identifier: MIT */
/*
 * File modules: walk, sort, pack. The walk opens each entry relative to its
 * directory without following links, so what was checked is what is read.
 */
#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scree/files.h"

#define DATA_ALIGN 64

struct entry {
    char *path; /* below the directory */
    uint64_t mtime;
    struct buffer data;
};

struct walk {
    const char *root;
    struct why *w;
    struct entry *entries;
    size_t count;
    size_t bytes;
    uint64_t newest; /* later times are written as this one */
};

static bool read_all(int fd, const char *name, size_t most, struct buffer *out,
                     struct why *w)
{
    static uint8_t chunk[65536];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return why_set(w, "%s: %s", name, strerror(errno));
        if (!n)
            return true;
        if ((size_t)n > most - out->size)
            return why_set(w, "%s: more than %zu bytes", name, most);
        buffer_add(out, chunk, (size_t)n);
    }
}

bool file_read(const char *path, size_t most, struct buffer *out, struct why *w)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    bool good;

    *out = (struct buffer){0};
    if (fd < 0)
        return why_set(w, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        good = why_set(w, "%s: not a regular file", path);
    else
        good = read_all(fd, path, most, out, w);
    close(fd);
    if (!good)
        buffer_free(out);
    return good;
}

static bool walk_directory(struct walk *k, int fd, const char *prefix,
                           unsigned depth);

static bool add_file(struct walk *k, int fd, const char *path,
                     const struct stat *st)
{
    struct entry e = {.path = must_copy(path, strlen(path)),
                      .mtime = (uint64_t)st->st_mtime};
    bool good;

    if (e.mtime > k->newest)
        e.mtime = k->newest;
    good = read_all(fd, path, FILES_BYTES_MAX - k->bytes, &e.data, k->w);
    k->bytes += e.data.size;
    if ((k->count & (k->count - 1)) == 0)
        k->entries =
            must_grow(k->entries, k->count * 2 + 1, sizeof(*k->entries));
    k->entries[k->count++] = e;
    return good;
}

/* One entry of a directory; name is relative to dir, path to the root. */
static bool walk_entry(struct walk *k, int dir, const char *name,
                       const char *path, unsigned depth)
{
    struct stat st;
    bool good;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && errno == ELOOP)
        return why_set(k->w, "%s/%s: a symbolic link; copy what it points to",
                       k->root, path);
    if (fd < 0 || fstat(fd, &st)) {
        if (fd >= 0)
            close(fd);
        return why_set(k->w, "%s/%s: %s", k->root, path, strerror(errno));
    }
    if (S_ISDIR(st.st_mode))
        return walk_directory(k, fd, path, depth + 1);
    if (!S_ISREG(st.st_mode))
        good = why_set(k->w, "%s/%s: neither file nor directory; remove it",
                       k->root, path);
    else if (k->count == FILES_COUNT_MAX)
        good =
            why_set(k->w, "%s: more than %d files", k->root, FILES_COUNT_MAX);
    else
        good = add_file(k, fd, path, &st);
    close(fd);
    return good;
}

/* Takes fd over. */
static bool walk_directory(struct walk *k, int fd, const char *prefix,
                           unsigned depth)
{
    DIR *d = fdopendir(fd);
    struct dirent *item;
    bool good = true;

    if (!d) {
        close(fd);
        return why_set(k->w, "%s/%s: %s", k->root, prefix, strerror(errno));
    }
    if (depth > FILES_DEPTH_MAX)
        good = why_set(k->w, "%s/%s: more than %d levels deep", k->root, prefix,
                       FILES_DEPTH_MAX);
    while (good && (item = readdir(d))) {
        char path[FILES_PATH_MAX + 1];
        int n;
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, ".."))
            continue;
        n = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "",
                     item->d_name);
        if (n >= (int)sizeof(path))
            good = why_set(k->w, "%s/%s: a path of more than %d bytes", k->root,
                           path, FILES_PATH_MAX);
        else
            good = walk_entry(k, dirfd(d), item->d_name, path, depth);
    }
    closedir(d);
    return good;
}

static int by_path(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return strcmp(a->path, b->path);
}

/* Appends the module made of count entries, sorted by path. */
static void pack(const struct entry *entries, size_t count, struct buffer *out)
{
    struct scree_files header = {.magic = SCREE_FILES_MAGIC,
                                 .count = (uint32_t)count};
    struct scree_file *table = must_alloc(count, sizeof(*table));
    struct buffer m = {0};
    size_t table_at;

    buffer_add(&m, NULL, sizeof(header));
    table_at = buffer_add(&m, NULL, count * sizeof(*table));
    for (size_t i = 0; i < count; i++)
        table[i].path =
            buffer_add(&m, entries[i].path, strlen(entries[i].path) + 1);
    for (size_t i = 0; i < count; i++) {
        table[i].data = buffer_align(&m, DATA_ALIGN);
        table[i].size = entries[i].data.size;
        table[i].mtime = entries[i].mtime;
        buffer_add(&m, entries[i].data.bytes, entries[i].data.size);
    }
    header.size = m.size;
    buffer_put(&m, 0, &header, sizeof(header));
    buffer_put(&m, table_at, table, count * sizeof(*table));
    buffer_add(out, m.bytes, m.size);
    buffer_free(&m);
    free(table);
}

/* For builds that must repeat: no file is newer than SOURCE_DATE_EPOCH. */
static uint64_t newest_time(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t n;

    return text && value_number(text, 0, INT64_MAX, &n) ? n : INT64_MAX;
}

bool files_pack(const char *directory, struct buffer *out, struct why *w)
{
    struct walk k = {.root = directory, .w = w, .newest = newest_time()};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return why_set(w, "%s: %s", directory, strerror(errno));
    good = walk_directory(&k, fd, "", 0);
    if (good) {
        if (k.count)
            qsort(k.entries, k.count, sizeof(*k.entries), by_path);
        pack(k.entries, k.count, out);
    }
    for (size_t i = 0; i < k.count; i++) {
        free(k.entries[i].path);
        buffer_free(&k.entries[i].data);
    }
    free(k.entries);
    return good;
}

void files_pack_hosts(const struct plan *plan, struct buffer *out)
{
    struct entry e = {
        .path = must_copy(SCREE_FILES_HOSTS, strlen(SCREE_FILES_HOSTS))};

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_domain *d = &plan->domains[i];
        char line[SCREE_NAME_MAX + sizeof(struct address_text) + 2];
        int n = snprintf(line, sizeof(line), "%s %s\n",
                         address_text(d->ipv4).text, d->name);
        if (d->ipv4)
            buffer_add(&e.data, line, (size_t)n);
    }
    pack(&e, 1, out);
    buffer_free(&e.data);
    free(e.path);
}
