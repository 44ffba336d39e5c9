/* SPDX-License-Identifier: MIT */
/*
 * Binary search over the sorted entries of a file module. See files.h.
 */
#include "http/files.h"

#include <string.h>

static bool entry_fits(const uint8_t *start, const struct scree_file *f,
                       uint64_t size)
{
    return f->path < size && f->data <= size && f->size <= size - f->data &&
           memchr(start + f->path, 0, size - f->path) != NULL;
}

bool files_open(struct file_tree *tree, const void *module, uint64_t size)
{
    const struct scree_files *header = module;
    const uint8_t *start = module;
    const struct scree_file *files;

    if (size < sizeof(*header) || header->magic != SCREE_FILES_MAGIC ||
        header->size > size ||
        header->count > (size - sizeof(*header)) / sizeof(*files))
        return false;
    files = (const struct scree_file *)(const void *)(start + sizeof(*header));
    for (uint32_t i = 0; i < header->count; i++) {
        if (!entry_fits(start, &files[i], header->size))
            return false;
    }
    *tree = (struct file_tree){start, files, header->count};
    return true;
}

/* Bytewise order of a path with a length and one with a final 0. */
static int compare(const char *path, size_t length, const char *other)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char a = (unsigned char)path[i];
        unsigned char b = (unsigned char)other[i];

        if (a != b)
            return a < b ? -1 : 1;
        if (b == 0)
            return 1; /* path holds a 0 and is longer */
    }
    return other[length] ? -1 : 0;
}

bool files_find(const struct file_tree *tree, const char *path, size_t length,
                struct file *found)
{
    uint32_t low = 0, high = tree->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct scree_file *f = &tree->files[middle];
        const char *name = (const char *)tree->start + f->path;
        int order = compare(path, length, name);

        if (order == 0) {
            *found =
                (struct file){name, tree->start + f->data, f->size, f->mtime};
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static const struct {
    char extension[8];
    const char *type;
} types[] = {
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webp", "image/webp"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
};

const char *files_type(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');

    if (dot) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            if (strcmp(dot + 1, types[i].extension) == 0)
                return types[i].type;
        }
    }
    return "application/octet-stream";
}
