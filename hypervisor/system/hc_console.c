/* SPDX-License-Identifier: MIT */
/*
 * console_io: bytes to and from the domain's console. ABI-CON in docs/abi.md.
 */
#include "io/console.h"
#include "system/hypercall.h"

#define PIECE 256 /* bytes on the stack */
#define BATCH 16  /* pieces between two looks at what else is due */

/* The next piece of a text. */
static int write_piece(struct vcpu *v, struct continuation *k)
{
    char piece[PIECE];
    uint64_t n = min_u64(k->count - k->done, sizeof(piece));
    int result = copy_in(v, piece, k->list.a + k->done, n);

    if (result)
        return result;
    console_guest_write(v->domain, piece, n);
    k->done += n;
    return 0;
}

static int64_t write_text(struct vcpu *v, const struct hypercall *call)
{
    struct continuation *k = call->again;
    int result = 0;

    if (k->nr == CONTINUATION_NONE) {
        *k = (struct continuation){
            .nr = __HYPERVISOR_console_io,
            .count = (uint32_t)call->a[1],
            .list = gva(call->a[2]),
        };
    }
    for (int n = 0; n < BATCH && k->done < k->count && !result; n++)
        result = write_piece(v, k);
    if (!result && k->done < k->count)
        return HC_AGAIN;
    k->nr = CONTINUATION_NONE;
    return result;
}

/* At most one piece: the guest asks again for the rest. */
static int64_t read_text(struct vcpu *v, uint32_t count, uint64_t to)
{
    char piece[PIECE];
    size_t n = min_u64(count, sizeof(piece));
    int result = check_out(v, to, n);

    if (result)
        return result;
    n = console_read(v->domain, piece, n);
    result = copy_out(v, to, piece, n);
    return result ? result : (int64_t)n;
}

int64_t hc_console_io(struct vcpu *v, const struct hypercall *call)
{
    switch ((uint32_t)call->a[0]) {
    case CONSOLEIO_write:
        return write_text(v, call);
    case CONSOLEIO_read:
        return read_text(v, (uint32_t)call->a[1], call->a[2]);
    default:
        return -XEN_ENOSYS;
    }
}
