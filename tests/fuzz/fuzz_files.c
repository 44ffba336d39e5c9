/* SPDX-License-Identifier: MIT */
/*
 * The file module as a guest reads it: nothing outside of it may be read, and
 * what is found lies inside.
 */
#include "http/files.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"", "index.html", "a", "a/b.html"};
    struct file_tree tree;
    struct file f;
    uint8_t *module = aligned_alloc(64, (size + 63) / 64 * 64 + 64);

    if (!module)
        return 0;
    memcpy(module, data, size);
    if (files_open(&tree, module, size)) {
        for (unsigned i = 0; i < 4; i++)
            if (files_find(&tree, names[i], strlen(names[i]), &f))
                FUZZ_CHECK(f.data >= module && f.size <= size &&
                           f.data + f.size <= module + size);
        for (uint32_t i = 0; i < tree.count && i < 64; i++) {
            const char *path = (const char *)module + tree.files[i].path;

            (void)files_find(&tree, path, strlen(path), &f);
        }
    }
    free(module);
    return 0;
}
