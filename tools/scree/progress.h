/* SPDX-License-Identifier: MIT */
/* One line on stderr about what takes longer than a second: rewritten in place
 * on a terminal, written once elsewhere. */
#ifndef SCREE_PROGRESS_H
#define SCREE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    char what[128];
    uint64_t begun_ms, shown_ms;
    bool terminal, shown;
};

void progress_begin(struct progress *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Call it often; `done` of `total`, total 0: not known. */
void progress_tick(struct progress *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

uint64_t progress_now_ms(void);

#endif
