/* SPDX-License-Identifier: MIT */
/*
 * Measures the two floors and prints one line per sample, as bench-guest does:
 *   BENCH <id> ticks <TSC ticks> <calls>
 * Then powers off through isa-debug-exit.
 */
#include <stdint.h>

#define SAMPLES 21
#define CALLS   20000

uint64_t measure(void (*handler)(void), uint64_t count);
void handler_empty(void);
void handler_full(void);
void bare_main(void);

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void print(const char *s)
{
    while (*s)
        out(0x3f8, (uint8_t)*s++);
}

static void print_number(uint64_t n)
{
    char text[21];
    char *p = text + sizeof(text) - 1;

    *p = 0;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    print(p);
}

static void sample(const char *id, void (*handler)(void))
{
    measure(handler, CALLS / 10); /* warm up */
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t ticks = measure(handler, CALLS);

        print("BENCH ");
        print(id);
        print(" ticks ");
        print_number(ticks);
        print(" ");
        print_number(CALLS);
        print("\r\n");
    }
}

void bare_main(void)
{
    sample("bare-syscall", handler_empty);
    sample("bare-entry", handler_full);
    print("BENCH done\r\n");
    out(0xf4, 0);
}
