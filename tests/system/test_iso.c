/* SPDX-License-Identifier: MIT */
/*
 * The ISO image boots by multiboot2 under SeaBIOS and under OVMF, and serves.
 * Its cell is cells/services.conf.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define BOOT_SECONDS 90
#define OVMF         "/usr/share/ovmf/OVMF.fd"

/* Boots the image; `firmware` NULL: SeaBIOS. */
static void boot_iso(const char *firmware)
{
    struct cell_options o = {.domains = NULL, .memory_mib = 512};
    char iso[CELL_PATH + 32];
    struct cell c;

    snprintf(iso, sizeof(iso), "%s/scree.iso", cell_build());
    if (!CHECK(cell_prepare(&c, &o)))
        return;
    c.q.kernel = NULL;
    c.q.initrd = NULL;
    c.q.forwards[c.q.forward_count++] =
        (struct forward){.guest = CELL_WEB_ADDRESS, .port = 80};
    c.q.extra[0] = "-cdrom";
    c.q.extra[1] = iso;
    if (firmware) {
        c.q.extra[2] = "-bios";
        c.q.extra[3] = firmware;
    }
    if (CHECK(cell_boot(&c))) {
        CHECK(qemu_wait(c.qemu, 0, "domains? running", BOOT_SECONDS));
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

static void test_seabios(void)
{
    boot_iso(NULL);
}

static void test_ovmf(void)
{
    boot_iso(OVMF);
}

void suite_iso(void)
{
    CU_pSuite s = CU_add_suite("iso", NULL, NULL);

    CU_add_test(s, "boots under SeaBIOS and serves", test_seabios);
    CU_add_test(s, "boots under OVMF and serves", test_ovmf);
}
