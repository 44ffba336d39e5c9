/* SPDX-License-Identifier: MIT */
/* How far a mistyped word is from another. Pure. */
#ifndef SCREE_NEAREST_H
#define SCREE_NEAREST_H

/* Letters inserted, left out, changed or swapped with the next one, that make
 * one of the other; words of more than 31 bytes are far from all. */
unsigned nearest_distance(const char *a, const char *b);

#endif
