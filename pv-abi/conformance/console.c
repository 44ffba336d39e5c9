/* SPDX-License-Identifier: MIT */
/*
 * Conformance: console_io (chapter 15). Input comes from the person or test
 * that types a line ending in "!"; without it that part is skipped.
 */
#include "rt_vio.h"

SCREE_IMAGE(1 << 20, 65536);

static char text[8192];

static int64_t console(unsigned op, unsigned n, char *at)
{
    return HYPERVISOR_console_io(op, n, at);
}

static void writing(void)
{
    static char hello[] = "# one line, printed in pieces\n";

    int64_t first = console(CONSOLEIO_write, 5, hello);

    tap_is(console(CONSOLEIO_write, sizeof(hello) - 6, hello + 5), 0,
           "ABI-CON-01 write");
    tap_is(first, 0, "ABI-CON-01 half a line");
    tap_is(console(CONSOLEIO_write, 0, NULL), 0, "ABI-CON-01 nothing");
    tap_is(console(CONSOLEIO_write, 1, (char *)0x7000), -XEN_EFAULT,
           "ABI-CON-05 bad pointer");
    tap_is(console(7, 1, hello), -XEN_ENOSYS, "ABI-CON-05 unknown command");
}

static void reading(void)
{
    tap_is(console(CONSOLEIO_read, 0, text), 0, "ABI-CON-03 no room");
    tap_is(console(CONSOLEIO_read, sizeof(text), text), 0,
           "ABI-CON-03 nothing was typed");
    tap_is(console(CONSOLEIO_read, 1, (char *)0x7000), -XEN_EFAULT,
           "ABI-CON-05 read to a bad pointer");
    tap_is(console(CONSOLEIO_read, 1, (char *)SCREE_INFO_PAGE), -XEN_EFAULT,
           "ABI-CON-05 read to read-only memory");
}

/* Waits up to `seconds` for a line that ends with '!'. */
static void typed(uint64_t seconds)
{
    uint64_t end = rt_now() + seconds * RT_SECOND;
    bool event = false;
    size_t n = 0;

    rt_clear_events();
    rt_printf("# type: hello!\n");
    while (rt_now() < end && !(n > 0 && text[n - 1] == '!')) {
        int64_t got;

        HYPERVISOR_scree_idle(end);
        event = rt_take_event(SCREE_PORT_CONSOLE) || event;
        rt_clear_events();
        got = console(CONSOLEIO_read, 1, text + n);
        while (got == 1 && text[n] != '!') {
            n++;
            got = console(CONSOLEIO_read, 1, text + n);
        }
        n += got == 1;
    }
    if (n == 0) {
        tap_skip("ABI-CON-04 nobody typed");
        return;
    }
    tap_ok(event, "ABI-CON-04 port 2 is raised");
    tap_ok(n >= 6 && memcmp(text + n - 6, "hello!", 6) == 0,
           "ABI-CON-03 what was typed");
}

/* The same by the vio console. */
static void typed_vio(uint64_t seconds)
{
    uint64_t end = rt_now() + seconds * RT_SECOND;
    uint32_t id, n = 0, length = 0;
    bool stolen = false;

    HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_CONSOLE, 0);
    for (unsigned i = 0; i < 32; i++)
        vio_post(SCREE_VIO_CONSOLE, text + i * 64, 64, i);
    rt_printf("# type: again!\n");
    memset(text, 0, sizeof(text));
    while (rt_now() < end && n < 6) {
        HYPERVISOR_scree_idle(end);
        rt_clear_events();
        stolen |= console(CONSOLEIO_read, 1, text + 4096) != 0;
        while (vio_take(SCREE_VIO_CONSOLE, &id, &length)) {
            memmove(text + 2048 + n, text + id * 64, length);
            n += length;
        }
    }
    if (n == 0)
        tap_skip("ABI-CON-06 nobody typed");
    else
        tap_ok(n == 6 && memcmp(text + 2048, "again!", 6) == 0,
               "ABI-VIO-15 typed bytes complete a buffer");
    tap_ok(!stolen, "ABI-CON-06 console_io reads nothing meanwhile");
    HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_CONSOLE, 0);
}

/* More than any rate: it returns 0 and does not block. */
static void flood(void)
{
    uint64_t start = rt_now();
    bool all = true;

    memset(text, '.', sizeof(text));
    text[0] = '#';
    text[sizeof(text) - 1] = '\n';
    for (unsigned i = 0; i < 64; i++)
        all = all && console(CONSOLEIO_write, sizeof(text), text) == 0;
    start = rt_now() - start;
    HYPERVISOR_scree_idle(rt_now() + 3 * RT_SECOND);
    rt_printf("\n# 512 KiB in %lu us\n", start / 1000);
    tap_ok(all, "ABI-CON-02 what exceeds the rate is dropped");
}

int guest_main(void)
{
    writing();
    reading();
    typed(rt_option("type", 0));
    typed_vio(rt_option("type", 0));
    if (rt_option("flood", 0))
        flood();
    else
        tap_skip("ABI-CON-02 only with flood=1");
    return tap_done();
}
