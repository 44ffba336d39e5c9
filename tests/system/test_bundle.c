/* SPDX-License-Identifier: MIT */
/*
 * Bad bundles: the hypervisor says what is wrong and goes on with what is
 * good, or ends cleanly. The tool refuses bad cell.conf files with file, line
 * and reason.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scree/bundle.h"
#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define SECONDS 15
#define USELESS "boot bundle is of no use"

#define TWO                                                                    \
    CELL_WEB "[domain second]\nimage = $B/guests/crash.elf\n"                  \
             "address = none\ncmdline = delay=100000000\n"

/* Writes n bytes at an offset of the bundle. */
static bool patch(struct cell *c, uint64_t at, const void *bytes, size_t n)
{
    int fd = open(c->bundle, O_WRONLY);
    bool ok = fd >= 0 && pwrite(fd, bytes, n, (off_t)at) == (ssize_t)n;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool read_header(struct cell *c, struct scree_bundle *h)
{
    int fd = open(c->bundle, O_RDONLY);
    bool ok = fd >= 0 && read(fd, h, sizeof(*h)) == (ssize_t)sizeof(*h);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* Patches the bundle of two domains and boots: the cell must say `says`, must
 * not panic, and serves web if `serves`. */
static void with_patch(uint64_t at, const void *bytes, size_t n,
                       const char *says, bool serves)
{
    struct cell_options o = {.domains = TWO};
    struct cell c;

    if (CHECK(cell_prepare(&c, &o)) && CHECK(patch(&c, at, bytes, n)) &&
        CHECK(cell_boot(&c))) {
        CHECK(qemu_wait(c.qemu, 0, says, SECONDS));
        if (serves)
            CHECK(cell_web_up(&c));
        CHECK(!qemu_count(c.qemu, 0, "panic|PANIC"));
    }
    cell_stop(&c);
}

static uint64_t second_domain(size_t field)
{
    struct cell_options o = {.domains = TWO};
    struct cell c;
    struct scree_bundle h = {.domains = 0};

    (void)(cell_prepare(&c, &o) && read_header(&c, &h));
    cell_stop(&c);
    return h.domains + sizeof(struct scree_domain_config) + field;
}

static void test_bad_magic(void)
{
    uint64_t magic = 0x123456789abcdef;

    with_patch(offsetof(struct scree_bundle, magic), &magic, 8, USELESS, false);
}

static void test_bad_version(void)
{
    uint32_t version = 77;

    with_patch(offsetof(struct scree_bundle, version), &version, 4, USELESS,
               false);
}

static void test_bad_size(void)
{
    uint64_t size = 1ull << 60;

    with_patch(offsetof(struct scree_bundle, size), &size, 8, USELESS, false);
}

static void test_bad_tables(void)
{
    uint64_t at = ~7ull;
    uint32_t count = 0x20000000;

    with_patch(offsetof(struct scree_bundle, domains), &at, 8, USELESS, false);
    with_patch(offsetof(struct scree_bundle, domain_count), &count, 4, USELESS,
               false);
}

static void test_bad_domain_image(void)
{
    uint32_t image = 12345;

    with_patch(second_domain(offsetof(struct scree_domain_config, image)),
               &image, 4, "domain.*second.*refused", true);
}

static void test_bad_domain_memory(void)
{
    uint64_t memory = 4096 * 3 + 7;

    with_patch(second_domain(offsetof(struct scree_domain_config, memory)),
               &memory, 8, "domain.*second.*refused", true);
    memory = ~0ull << 12;
    with_patch(second_domain(offsetof(struct scree_domain_config, memory)),
               &memory, 8, "domain.*second.*refused", true);
}

static void test_same_address(void)
{
    uint32_t ipv4 = 0x0a000002; /* web's */

    with_patch(second_domain(offsetof(struct scree_domain_config, ipv4)), &ipv4,
               4, "domain.*second.*refused", true);
}

static void test_truncated(void)
{
    struct cell_options o = {.domains = TWO};
    struct cell c;

    if (CHECK(cell_prepare(&c, &o)) && CHECK(!truncate(c.bundle, 5000)) &&
        CHECK(cell_boot(&c))) {
        CHECK(qemu_wait(c.qemu, 0, USELESS, SECONDS));
        CHECK(!qemu_count(c.qemu, 0, "panic|PANIC"));
    }
    cell_stop(&c);
}

static void test_no_bundle(void)
{
    struct cell_options o = {.domains = NULL};
    struct cell c;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, "no (boot )?bundle", SECONDS));
        CHECK(!qemu_count(c.qemu, 0, "panic|PANIC"));
    }
    cell_stop(&c);
}

/* ------------------------------------------------------ the tool */

static void refused(const char *conf, const char *reason)
{
    struct cell_options o = {.domains = NULL};
    char path[CELL_PATH + 16], tool[CELL_PATH + 32], bundle[CELL_PATH + 16];
    struct cell c;
    FILE *f;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    snprintf(path, sizeof(path), "%s/bad.conf", c.dir);
    snprintf(bundle, sizeof(bundle), "%s/bad.bundle", c.dir);
    snprintf(tool, sizeof(tool), "%s/bin/scree-bundle", cell_build());
    f = fopen(path, "w");
    if (CHECK(f != NULL)) {
        fputs(conf, f);
        fclose(f);
    }
    CHECK(cell_run(&c, (const char *[]){tool, path, bundle, NULL}, 10) > 0);
    CHECK(cell_output_has(&c, reason));
    CHECK(access(bundle, F_OK) != 0);
    cell_stop(&c);
}

static void test_tool_refuses(void)
{
    refused("[domain web]\nimage = /dev/null\ncolour = red\n", "bad.conf:3:");
    refused("[domain web]\n", "bad.conf:1:");
    refused("[domain web]\nimage = /no/such/file\n", "/no/such/file");
    refused("[domain web]\nimage = /bin/true\n", "/bin/true");
    refused("[domain web]\nimage = /etc/passwd\n", "/etc/passwd");
    refused("memory = 5M\n", "bad.conf:1:");
    refused("[domain web]\nimage = x\nmemory = 5\n", "bad.conf:3:");
    refused("", "bad.conf");
}

void suite_bundle(void)
{
    CU_pSuite s = CU_add_suite("bundle", NULL, NULL);

    CU_add_test(s, "no bundle at all", test_no_bundle);
    CU_add_test(s, "not a bundle", test_bad_magic);
    CU_add_test(s, "a bundle of another version", test_bad_version);
    CU_add_test(s, "a bundle that lies about its size", test_bad_size);
    CU_add_test(s, "tables outside of the bundle", test_bad_tables);
    CU_add_test(s, "a bundle cut short", test_truncated);
    CU_add_test(s, "a domain of an image that is not there",
                test_bad_domain_image);
    CU_add_test(s, "a domain with absurd memory", test_bad_domain_memory);
    CU_add_test(s, "two domains of one address", test_same_address);
    CU_add_test(s, "the tool says file, line and reason", test_tool_refuses);
}
