/* SPDX-License-Identifier: MIT */
/*
 * Walking TCP options as lwIP does. See tcp_options.h.
 */
#include "net/tcp_options.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_LEAST  200
#define NO_MSS     -1

static uint8_t byte_at(const struct tcp_options *o, uint16_t at)
{
    if (at >= o->size)
        return OPTION_END;
    return at < o->first_size ? o->first[at] : o->second[at - o->first_size];
}

int tcp_options_mss(const struct tcp_options *o)
{
    uint16_t at = 0;

    while (at < o->size) {
        uint8_t kind = byte_at(o, at);
        uint8_t length = byte_at(o, (uint16_t)(at + 1));

        if (kind == OPTION_END)
            break;
        if (kind == OPTION_MSS)
            return byte_at(o, (uint16_t)(at + 2)) << 8 |
                   byte_at(o, (uint16_t)(at + 3));
        if (kind != OPTION_NOP && length < 2)
            break; /* malformed: lwIP stops there, too */
        at = (uint16_t)(at + (kind == OPTION_NOP ? 1 : length));
    }
    return NO_MSS;
}

bool tcp_options_good(const struct tcp_options *o, bool syn)
{
    int mss = tcp_options_mss(o);

    return mss == NO_MSS || (syn && mss >= MSS_LEAST);
}
