/* SPDX-License-Identifier: MIT */
/*
 * Making a guest's text harmless for the operator's terminal. Printable ASCII,
 * tabs and well-formed UTF-8 stay; everything else, C1 controls and characters
 * that reorder text among it, becomes \xNN.
 */
#ifndef IO_CONSOLE_TEXT_H
#define IO_CONSOLE_TEXT_H

#include "base/types.h"

#define CONSOLE_TEXT_GROWTH 4 /* one byte becomes at most this many */

/* Writes the harmless form of n bytes; returns its length. `to` holds
 * n * CONSOLE_TEXT_GROWTH bytes. */
size_t console_text(char *to, const char *from, size_t n);

/* How many bytes at the end are the beginning of an unfinished character:
 * 0..3. */
size_t console_text_unfinished(const char *from, size_t n);

#endif
