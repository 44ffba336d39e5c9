/* SPDX-License-Identifier: MIT */
/*
 * Objects: what is made of an image and of a directory repeats byte by byte and
 * is understood again; what is damaged is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object.h"
#include "scree/layout.h"
#include "small_bundle.h"
#include "unit.h"

void suite_object(void);

/* A directory with one file in it. */
static void make_directory(char path[32])
{
    char file[64];
    FILE *f;

    strcpy(path, "/tmp/unit-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
    snprintf(file, sizeof(file), "%s/index", path);
    f = fopen(file, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs("hello", f);
    fclose(f);
}

static void remove_directory(const char *path)
{
    char file[64];

    snprintf(file, sizeof(file), "%s/index", path);
    unlink(file);
    rmdir(path);
}

static void test_files_repeat(void)
{
    struct buffer a = {0}, b = {0};
    struct object_facts f;
    struct why w;
    char path[32];

    make_directory(path);
    CU_ASSERT_TRUE_FATAL(object_make_files(path, &a, &w));
    CU_ASSERT_TRUE_FATAL(object_make_files(path, &b, &w));
    CU_ASSERT_EQUAL_FATAL(a.size, b.size);
    CU_ASSERT_EQUAL(a.size % SCREE_PAGE_SIZE, 0);
    CU_ASSERT_EQUAL(memcmp(a.bytes, b.bytes, a.size), 0);
    CU_ASSERT_TRUE(object_look(a.bytes, 4096, a.size, &f, &w));
    CU_ASSERT_FALSE(f.is_image);
    CU_ASSERT_STRING_EQUAL(f.name, path + strlen("/tmp/"));
    buffer_free(&a);
    buffer_free(&b);
    remove_directory(path);
}

static void test_what_is_no_image_is_refused(void)
{
    static const char *const bad[][2] = {
        {"/etc/passwd", "not an ELF"},
        {"/proc/self/exe", "link with -static -no-pie"},
        {"/tmp", "not a regular file"},
        {"/nonexistent", "No such file"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct buffer out = {0};
        struct why w = {""};
        CU_ASSERT_FALSE(object_make_image(bad[i][0], &out, &w));
        if (!strstr(w.text, bad[i][1]))
            printf("\n%s: %s\n", bad[i][0], w.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(w.text, bad[i][1]));
        buffer_free(&out);
    }
}

/* The small bundle's image as an object: nothing but it. */
static void image_object(struct small_bundle *b)
{
    small_bundle_make(b);
    b->header.module_count = b->header.domain_count = 0;
}

static bool look(const struct small_bundle *b, struct object_facts *f)
{
    struct why w;

    return object_look((const uint8_t *)b, sizeof(*b), b->header.size, f, &w);
}

static void test_an_image_is_looked_at(void)
{
    static struct small_bundle room;
    struct small_bundle *b = &room;
    struct object_facts f;

    image_object(b);
    CU_ASSERT_TRUE_FATAL(look(b, &f));
    CU_ASSERT_TRUE(f.is_image);
    CU_ASSERT(f.least_memory >= b->image.min_memory && f.least_memory);
    b->header.domain_count = 1;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->header.module_count = 1;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->header.images = UINT64_MAX - 8;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->image.segment_count = SCREE_SEGMENTS + 1;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->image.segments[0].memory_size = UINT64_MAX;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->image.segments[0].address = 0;
    CU_ASSERT_FALSE(look(b, &f));
    image_object(b);
    b->image.stack_bytes = UINT64_MAX;
    CU_ASSERT_FALSE(look(b, &f));
}

void suite_object(void)
{
    static const struct unit_test tests[] = {
        {"files repeat", test_files_repeat},
        {"what is no image is refused", test_what_is_no_image_is_refused},
        {"an image is looked at", test_an_image_is_looked_at},
    };
    UNIT_SUITE("object", tests);
}
