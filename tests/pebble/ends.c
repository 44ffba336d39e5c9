/* SPDX-License-Identifier: MIT */
/*
 * How services on pebble end, as the command line says:
 *
 *   code=N   main() returns N
 *   asked=N  it serves, and when asked to end does so with N
 *   hang=1   its loop stands still from the first pass on
 *   without any of them it serves
 */
#include "pebble.h"

PEBBLE_IMAGE(512 * 1024);

static int asked_code;

static void asked(void)
{
    pebble_log("ends: asked to");
    pebble_exit(asked_code);
}

static uint64_t hang(uint64_t now)
{
    pebble_log("ends: hangs");
    while (now > 0)
        __asm__ volatile("pause");
    return 0;
}

int main(void)
{
    int code = (int)pebble_option("code", 256, 0, 255);

    if (code < 256)
        return code;
    asked_code = (int)pebble_option("asked", 0, 0, 255);
    if (asked_code > 0)
        pebble_on_shutdown(asked);
    if (pebble_option("hang", 0, 0, 1))
        pebble_on_pass(hang);
    pebble_log("ends: serves");
    pebble_loop();
}
