/* SPDX-License-Identifier: MIT */
/*
 * A serial line: the guest's console. Writing waits until the bytes are taken,
 * so a message before a crash is never lost; reading never waits.
 */
#ifndef SERIAL_H
#define SERIAL_H

#include <stddef.h>

void serial_write(const char *text, size_t size);

/* Takes what was typed, at most size bytes; 0: nothing waits. */
size_t serial_read(char *text, size_t size);

#endif
