/* SPDX-License-Identifier: MIT */
/*
 * The console: a 16550 at 0x3f8, 115200 8N1. Output polls; input raises its
 * interrupt line so that an idle CPU 0 wakes and reads. Without a UART all
 * reads are 0xff: nothing arrives and nothing waits.
 *
 * A port costs much to read where it is emulated, and input is looked for after
 * every interrupt: without one of its own since the last look, none has come.
 */
#include "machine/x86/uart.h"

#include "machine/machine.h"
#include "machine/x86/asm.h"

#define UART_PORT     0x3f8
#define REG_DATA      (UART_PORT + 0)
#define REG_INTERRUPT (UART_PORT + 1)
#define REG_FIFO      (UART_PORT + 2)
#define REG_LINE      (UART_PORT + 3)
#define REG_MODEM     (UART_PORT + 4)
#define REG_STATUS    (UART_PORT + 5)
#define STATUS_READY  0x01
#define STATUS_EMPTY  0x20
#define STATUS_ABSENT 0xff
#define FIFO_BYTES    16
#define WAIT_MAX      100000 /* reads; a byte takes 87 us */

static bool interrupts; /* the line is routed */
static bool waiting;    /* it has interrupted since we found it empty */

void uart_init(void)
{
    out_b(REG_INTERRUPT, 0);
    out_b(REG_LINE, 0x80); /* divisor latch */
    out_b(REG_DATA, 1);
    out_b(REG_INTERRUPT, 0);
    out_b(REG_LINE, 0x03);  /* 8N1 */
    out_b(REG_FIFO, 0x07);  /* on, cleared, interrupt at one byte */
    out_b(REG_MODEM, 0x0b); /* DTR, RTS, OUT2 (gates the line) */
}

void uart_enable_interrupt(void)
{
    if (machine_irq_line(UART_GSI, 0) != 0)
        return;
    uart_interrupted();
    interrupts = true;
    out_b(REG_INTERRUPT, 0x01); /* received data */
}

void uart_interrupted(void)
{
    __atomic_store_n(&waiting, true, __ATOMIC_RELAXED);
}

static void wait_empty(void)
{
    for (unsigned i = 0; i < WAIT_MAX; i++) {
        if (in_b(REG_STATUS) & STATUS_EMPTY)
            return;
        machine_relax();
    }
}

void machine_console_write(const char *bytes, size_t n)
{
    unsigned room = 0;

    for (size_t i = 0; i < n; i++) {
        if (room < 2) {
            wait_empty();
            room = FIFO_BYTES;
        }
        if (bytes[i] == '\n') {
            out_b(REG_DATA, '\r');
            room--;
        }
        out_b(REG_DATA, (uint8_t)bytes[i]);
        room--;
    }
}

int machine_console_read(void)
{
    uint8_t status;

    if (interrupts && !__atomic_load_n(&waiting, __ATOMIC_RELAXED))
        return -1;
    __atomic_store_n(&waiting, false, __ATOMIC_SEQ_CST);
    status = in_b(REG_STATUS);
    if (status == STATUS_ABSENT || !(status & STATUS_READY))
        return -1;
    uart_interrupted(); /* perhaps there is more */
    return in_b(REG_DATA);
}
