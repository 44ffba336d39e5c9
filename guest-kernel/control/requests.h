/* SPDX-License-Identifier: MIT */
/*
 * REQUEST frames: from a payload to the manager and to the answer's bytes.
 * Nothing of the payload is trusted: sizes, ends of names, every number.
 */
#ifndef CONTROL_REQUESTS_H
#define CONTROL_REQUESTS_H

#include "control/manager.h"

struct answer {
    struct scree_reply reply;
    _Alignas(8) uint8_t bytes[SCREE_FRAME_PAYLOAD - sizeof(struct scree_reply)];
    size_t size; /* of bytes; the payload is reply and these */
};

/* payload: n bytes, aligned to 8. Fills in all of the answer that is sent. */
void request_answer(struct manager *m, const uint8_t *payload, size_t n,
                    struct answer *a);

#endif
