/* SPDX-License-Identifier: MIT */
/* The console's UART; machine.h has the rest. */
#ifndef X86_UART_H
#define X86_UART_H

void uart_init(void);
/* After the I/O APICs are known. */
void uart_enable_interrupt(void);

#endif
