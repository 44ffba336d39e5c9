/* SPDX-License-Identifier: MIT */
/* The console's UART; machine.h has the rest. */
#ifndef X86_UART_H
#define X86_UART_H

#define UART_GSI 4

void uart_init(void);
/* After the I/O APICs are known. */
void uart_enable_interrupt(void);
/* It has interrupted: something waits. */
void uart_interrupted(void);

#endif
