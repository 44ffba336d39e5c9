/* SPDX-License-Identifier: MIT */
/*
 * Joining TCP segments: see segments.h. Offsets are those of an Ethernet frame
 * with an IPv4 header without options.
 */
#include "io/segments.h"

#include "base/string.h"
#include "io/packet.h"

#define IP            14
#define IP_LENGTH     16
#define IP_FLAGS      20
#define IP_PROTOCOL   23
#define IP_CHECKSUM   24
#define IP_ADDRESSES  26
#define TCP           34
#define TCP_SEQUENCE  38
#define TCP_ACK       42
#define TCP_FLAGS     47
#define TCP_WINDOW    48
#define TCP_CHECKSUM  50
#define TCP_URGENT    52
#define TCP_OPTIONS   54

#define IP_PLAIN      0x45 /* version 4, no options */
#define IP_FRAGMENT   0x3fff
#define PROTOCOL_TCP  6
#define FLAG_PSH      0x08
#define FLAG_ACK      0x10
#define IP_PACKET_MAX 65535

/* The fields that must be alike: [from, to). */
static const struct {
    uint8_t from, to;
} alike[] = {
    {0, IP_LENGTH}, /* Ethernet, version, type of service */
    {IP_FLAGS, IP_CHECKSUM},
    {IP_ADDRESSES, TCP_SEQUENCE},
    {TCP_ACK, TCP_FLAGS},
    {TCP_WINDOW, TCP_CHECKSUM},
    {TCP_URGENT, TCP_OPTIONS},
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Bytes of header of a TCP frame with payload and no flags but ACK and PSH;
 * 0: it is something else. */
static uint32_t plain_header(const uint8_t *f, uint32_t length)
{
    uint32_t header;

    if (length < TCP_OPTIONS || get16(f + 12) != ETHERTYPE_IPV4 ||
        f[IP] != IP_PLAIN || get16(f + IP_LENGTH) != length - IP ||
        (get16(f + IP_FLAGS) & IP_FRAGMENT) || f[IP_PROTOCOL] != PROTOCOL_TCP ||
        (f[TCP_FLAGS] & ~FLAG_PSH) != FLAG_ACK)
        return 0;
    header = TCP + (uint32_t)(f[TCP_ACK + 4] >> 4) * 4;
    return header >= TCP_OPTIONS && header < length ? header : 0;
}

void segments_begin(struct segment_run *s, uint8_t *frame, uint32_t length)
{
    uint32_t header = plain_header(frame, length);

    s->first = NULL;
    if (!header)
        return;
    *s = (struct segment_run){
        .first = frame,
        .count = 1,
        .length = length,
        .header = header,
        .size = length - header,
        .next = get32(frame + TCP_SEQUENCE) + (length - header),
        .ended = frame[TCP_FLAGS] & FLAG_PSH,
    };
}

static bool same_flow(const uint8_t *a, const uint8_t *b, uint32_t header)
{
    for (unsigned i = 0; i < ARRAY_SIZE(alike); i++) {
        if (memcmp(a + alike[i].from, b + alike[i].from,
                   alike[i].to - (size_t)alike[i].from) != 0)
            return false;
    }
    return memcmp(a + TCP_OPTIONS, b + TCP_OPTIONS, header - TCP_OPTIONS) == 0;
}

uint32_t segments_join(struct segment_run *s, const uint8_t *frame,
                       uint32_t length)
{
    uint32_t size;

    if (!s->first || s->ended || plain_header(frame, length) != s->header)
        return 0;
    size = length - s->header;
    if (size > s->size || get32(frame + TCP_SEQUENCE) != s->next ||
        s->length + size > IP + IP_PACKET_MAX ||
        !same_flow(s->first, frame, s->header))
        return 0;
    s->count++;
    s->length += size;
    s->next += size;
    s->ended = size < s->size || (frame[TCP_FLAGS] & FLAG_PSH);
    s->first[TCP_FLAGS] |= frame[TCP_FLAGS];
    return s->header;
}

/* Ones' complement sum of `words` 16-bit words, folded. */
static uint32_t sum_words(const uint8_t *at, unsigned words, uint32_t sum)
{
    for (unsigned i = 0; i < words; i++)
        sum += get16(at + 2 * (size_t)i);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

bool segments_end(const struct segment_run *s)
{
    uint8_t *f = s->first;

    if (!f || s->count == 1)
        return false;
    put16(f + IP_LENGTH, s->length - IP);
    put16(f + IP_CHECKSUM, 0);
    put16(f + IP_CHECKSUM, ~sum_words(f + IP, 10, 0));
    put16(f + TCP_CHECKSUM,
          sum_words(f + IP_ADDRESSES, 4, PROTOCOL_TCP + s->length - TCP));
    return true;
}
