/* SPDX-License-Identifier: MIT */
/*
 * Says each line that is typed to it, sleeping in between; for the tests of
 * the console. Also prints, once, what no terminal should get from a guest.
 */
#include "rt.h"

SCREE_IMAGE(0x40000, 16384);

static char line[128];
static unsigned used;

static void take(char c)
{
    if (c != '\r' && c != '\n') {
        if (used + 1 < sizeof(line))
            line[used++] = c;
        return;
    }
    line[used] = '\0';
    rt_printf("typed: %s\n", line);
    used = 0;
}

int guest_main(void)
{
    char bytes[32];
    int64_t n;

    rt_printf("escape: \x1b[2J\x1b]0;mine\x07 end\n");
    rt_printf("[web] not web\n");
    rt_printf("half a line");
    rt_sleep(RT_SECOND / 2);
    rt_printf(", the other half\n");
    for (;;) {
        n = HYPERVISOR_console_io(CONSOLEIO_read, sizeof(bytes), bytes);
        for (int64_t i = 0; i < n; i++)
            take(bytes[i]);
        if (n > 0)
            continue;
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
        rt_clear_events();
    }
}
