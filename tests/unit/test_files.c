/* SPDX-License-Identifier: MIT */
/*
 * File modules and whole bundles, made of real directories: what is packed and
 * where, what is refused, and that the same input gives the same bytes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "files.h"
#include "scree/files.h"
#include "unit.h"

void suite_files(void);

/* A directory for one test, and the process stands in it. */
struct place {
    char path[32];
    int back;
};

static void enter(struct place *p)
{
    strcpy(p->path, "/tmp/scree-unit-XXXXXX");
    p->back = open(".", O_RDONLY | O_DIRECTORY);
    CU_ASSERT_FATAL(p->back >= 0 && mkdtemp(p->path) && !chdir(p->path));
}

static void leave(struct place *p)
{
    char command[64];

    CU_ASSERT_FATAL(!fchdir(p->back) && !close(p->back));
    snprintf(command, sizeof(command), "rm -r %s", p->path);
    CU_ASSERT_EQUAL(system(command), 0);
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CU_ASSERT_FATAL(f && fputs(text, f) >= 0 && !fclose(f));
}

static void test_a_directory_is_packed_by_path(void)
{
    struct place p;
    struct buffer m = {0};
    struct scree_files h;
    struct scree_file f[3];
    struct why w;

    enter(&p);
    CU_ASSERT_FATAL(!mkdir("d", 0777) && !mkdir("d/a", 0777));
    put("d/z", "last");
    put("d/a/b.html", "first");
    put("d/a.html", "");
    CU_ASSERT_TRUE_FATAL(files_pack("d", &m, &w));
    memcpy(&h, m.bytes, sizeof(h));
    CU_ASSERT_EQUAL(h.magic, SCREE_FILES_MAGIC);
    CU_ASSERT_EQUAL(h.size, m.size);
    CU_ASSERT_EQUAL_FATAL(h.count, 3);
    memcpy(f, m.bytes + sizeof(h), sizeof(f));
    CU_ASSERT_STRING_EQUAL(m.bytes + f[0].path, "a.html");
    CU_ASSERT_EQUAL(f[0].size, 0);
    CU_ASSERT_STRING_EQUAL(m.bytes + f[1].path, "a/b.html");
    CU_ASSERT_EQUAL(f[1].size, 5);
    CU_ASSERT_EQUAL(f[1].data % 64, 0);
    CU_ASSERT_EQUAL(memcmp(m.bytes + f[1].data, "first", 5), 0);
    CU_ASSERT_STRING_EQUAL(m.bytes + f[2].path, "z");
    buffer_free(&m);
    leave(&p);
}

static void refused(const char *directory, const char *says)
{
    struct buffer m = {0};
    struct why w = {""};

    CU_ASSERT_FALSE(files_pack(directory, &m, &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, says));
    CU_ASSERT_EQUAL(m.size, 0);
    buffer_free(&m);
}

static void test_what_could_lead_elsewhere_is_refused(void)
{
    struct place p;
    char deep[200] = "d";

    enter(&p);
    refused("d", "No such file");
    CU_ASSERT_FATAL(!mkdir("d", 0777));
    CU_ASSERT_FATAL(!symlink("/etc/passwd", "d/link"));
    refused("d", "d/link: a symbolic link");
    CU_ASSERT_FATAL(!unlink("d/link") && !symlink("/etc", "d/dir"));
    refused("d", "d/dir: a symbolic link");
    CU_ASSERT_FATAL(!unlink("d/dir") && !mkfifo("d/pipe", 0666));
    refused("d", "d/pipe: neither file nor directory");
    CU_ASSERT_FATAL(!unlink("d/pipe"));
    for (int i = 0; i < 40; i++) {
        strcat(deep, "/x");
        CU_ASSERT_FATAL(!mkdir(deep, 0777));
    }
    refused("d", "levels deep");
    leave(&p);
}

static void test_a_file_may_be_too_big(void)
{
    struct place p;
    struct buffer b;
    struct why w;

    enter(&p);
    put("f", "12345");
    CU_ASSERT_TRUE(file_read("f", 5, &b, &w));
    CU_ASSERT_EQUAL(b.size, 5);
    buffer_free(&b);
    CU_ASSERT_FALSE(file_read("f", 4, &b, &w));
    CU_ASSERT_STRING_EQUAL(w.text, "f: more than 4 bytes");
    CU_ASSERT_FALSE(file_read(".", 4, &b, &w));
    CU_ASSERT_STRING_EQUAL(w.text, ".: not a regular file");
    leave(&p);
}

/* A bundle of text with images looked for here. */
static bool make(const char *text, struct buffer *out, struct why *w)
{
    static const uint64_t seed[4] = {1, 2, 3, 4};
    const char *here[] = {"."};
    struct search s = {here, 1};
    struct conf c;
    struct plan p;
    bool good;

    CU_ASSERT_TRUE_FATAL(conf_parse(&c, "c", text, strlen(text), w));
    CU_ASSERT_TRUE_FATAL(plan_make(&p, &c, w));
    *out = (struct buffer){0};
    good = bundle_make(&p, &s, seed, out, w);
    plan_free(&p);
    conf_free(&c);
    return good;
}

static void test_a_bundle_names_its_section_when_it_fails(void)
{
    struct place p;
    struct buffer b;
    struct why w;

    enter(&p);
    put("text", "hello");
    CU_ASSERT_FALSE(make("\n[domain a]\nimage = none.elf\n", &b, &w));
    CU_ASSERT_STRING_EQUAL(w.text, "c:2: image 'none.elf' of domain 'a': not "
                                   "found; looked in .");
    buffer_free(&b);
    CU_ASSERT_FALSE(make("[domain a]\nimage = text\n", &b, &w));
    CU_ASSERT_STRING_EQUAL(w.text,
                           "c:1: image 'text' of domain 'a': not an ELF file");
    buffer_free(&b);
    leave(&p);
}

void suite_files(void)
{
    static const struct unit_test tests[] = {
        {"a directory is packed by path", test_a_directory_is_packed_by_path},
        {"what could lead elsewhere is refused",
         test_what_could_lead_elsewhere_is_refused},
        {"a file may be too big", test_a_file_may_be_too_big},
        {"a bundle names its section when it fails",
         test_a_bundle_names_its_section_when_it_fails},
    };
    UNIT_SUITE("files", tests);
}
