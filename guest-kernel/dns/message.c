/* SPDX-License-Identifier: MIT */
/*
 * Reading a query, finding its answer, writing the response. See message.h.
 * RFC 1035 for the format, RFC 2308 for negative answers.
 */
#include "dns/message.h"

#include <string.h>

#define HEADER_SIZE     12
#define QUESTION_OFFSET 12 /* of the first name: what answers point to */
#define POINTER         0xc0

#define TYPE_A          1
#define TYPE_SOA        6
#define TYPE_PTR        12
#define TYPE_ANY        255
#define CLASS_IN        1

#define FLAG_RESPONSE   0x8000
#define FLAG_OPCODE     0x7800
#define FLAG_AUTHORITY  0x0400
#define FLAG_RECURSE    0x0100 /* wanted: copied */
#define FLAG_AVAILABLE  0x0080 /* recursion */

#define ARPA            "in-addr.arpa"

/* A message being written; nothing is written beyond its end. */
struct writer {
    uint8_t *at;
    uint8_t *end;
};

struct question {
    char name[DNS_NAME_MAX];
    size_t length;
    size_t end; /* offset behind the question */
    uint16_t type, class;
};

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(struct writer *w, uint32_t value)
{
    if (w->end - w->at < 2)
        return;
    *w->at++ = (uint8_t)(value >> 8);
    *w->at++ = (uint8_t)value;
}

static void put32(struct writer *w, uint32_t value)
{
    put16(w, value >> 16);
    put16(w, value & 0xffff);
}

static void put_bytes(struct writer *w, const void *bytes, size_t size)
{
    if ((size_t)(w->end - w->at) < size)
        return;
    memcpy(w->at, bytes, size);
    w->at += size;
}

/* Dotted text as labels, without the root; over-long labels are cut. */
static void put_labels(struct writer *w, const char *text, size_t length)
{
    while (length > 0) {
        const char *dot = memchr(text, '.', length);
        size_t label = dot ? (size_t)(dot - text) : length;
        size_t kept = label < DNS_LABEL_MAX ? label : DNS_LABEL_MAX;
        uint8_t size = (uint8_t)kept;

        if (kept > 0) {
            put_bytes(w, &size, 1);
            put_bytes(w, text, kept);
        }
        text += label + (dot != NULL);
        length -= label + (dot != NULL);
    }
}

static void put_root(struct writer *w)
{
    put_bytes(w, "", 1);
}

/* The fixed part of a record; its data of `size` bytes follow. */
static void put_record(struct writer *w, uint16_t type, uint32_t ttl,
                       size_t size)
{
    put16(w, type);
    put16(w, CLASS_IN);
    put32(w, ttl);
    put16(w, (uint32_t)size);
}

static bool put_label(const uint8_t *from, size_t size, char *text,
                      size_t *length)
{
    size_t dot = *length > 0;

    if (*length + dot + size > DNS_NAME_MAX)
        return false;
    if (dot)
        text[(*length)++] = '.';
    memcpy(text + *length, from, size);
    *length += size;
    return true;
}

int dns_read_name(const uint8_t *message, size_t size, size_t *at,
                  char text[DNS_NAME_MAX])
{
    size_t from = *at, length = 0, lowest = *at;
    bool jumped = false;

    while (from < size) {
        uint8_t label = message[from];

        if (label == 0) {
            if (!jumped)
                *at = from + 1;
            return (int)length;
        }
        if ((label & POINTER) == POINTER) {
            if (from + 1 >= size)
                return -1;
            if (!jumped)
                *at = from + 2;
            from = (size_t)(label & ~POINTER) << 8 | message[from + 1];
            if (from >= lowest || from < HEADER_SIZE)
                return -1;
            lowest = from;
            jumped = true;
            continue;
        }
        if (label > DNS_LABEL_MAX || label >= size - from ||
            !put_label(message + from + 1, label, text, &length))
            return -1;
        from += label + 1u;
    }
    return -1;
}

static bool read_question(const uint8_t *query, size_t size, struct question *q)
{
    size_t at = QUESTION_OFFSET;
    int length = dns_read_name(query, size, &at, q->name);

    if (length < 0 || size - at < 4)
        return false;
    q->length = (size_t)length;
    q->type = get16(query + at);
    q->class = get16(query + at + 2);
    q->end = at + 4;
    return true;
}

static bool ends_with(const char *text, size_t length, const char *suffix)
{
    size_t size = strlen(suffix);

    if (length < size)
        return false;
    text += length - size;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c != suffix[i])
            return false;
    }
    return true;
}

/* Length of the name without ".suffix"; length itself if it has none. */
static size_t without_suffix(const struct question *q, const char *suffix)
{
    size_t size = strlen(suffix);

    if (q->length > size + 1 && ends_with(q->name, q->length, suffix) &&
        q->name[q->length - size - 1] == '.')
        return q->length - size - 1;
    return q->length;
}

static bool knows_name(const struct dns_server *s, const char *name,
                       size_t length, struct dns_host *host)
{
    return (s->names && dns_names_name(s->names, name, length, host)) ||
           (s->zone && dns_zone_name(s->zone, name, length, host));
}

static bool find_name(const struct dns_server *s, const struct question *q,
                      struct dns_host *host)
{
    size_t inner = without_suffix(q, s->suffix);

    return knows_name(s, q->name, inner, host) ||
           knows_name(s, q->name, q->length, host);
}

static bool find_address(const struct dns_server *s, uint32_t address,
                         struct dns_host *host)
{
    return (s->names && dns_names_address(s->names, address, host)) ||
           (s->zone && dns_zone_address(s->zone, address, host));
}

/* "2.0.0.10.in-addr.arpa" to 10.0.0.2. False: not such a name. */
static bool reverse_address(const struct question *q, uint32_t *address)
{
    size_t inner = without_suffix(q, ARPA), at = 0;

    if (inner == q->length)
        return false;
    *address = 0;
    for (unsigned part = 0; part < 4; part++) {
        unsigned octet = 0;
        size_t start;

        if (part > 0 && (at >= inner || q->name[at++] != '.'))
            return false;
        for (start = at; at < inner && at - start < 3; at++) {
            if (q->name[at] < '0' || q->name[at] > '9')
                break;
            octet = octet * 10 + (unsigned)(q->name[at] - '0');
        }
        if (at == start || octet > 255)
            return false;
        *address |= octet << (8 * part);
    }
    return at == inner;
}

static void answer_a(struct writer *w, const struct dns_host *host)
{
    put16(w, POINTER << 8 | QUESTION_OFFSET);
    put_record(w, TYPE_A, DNS_TTL, 4);
    put32(w, host->address);
}

/* A name without a dot belongs to the cell's domain. */
static void answer_ptr(struct writer *w, const struct dns_host *host,
                       const char *suffix)
{
    struct writer record;
    uint8_t *data;

    put16(w, POINTER << 8 | QUESTION_OFFSET);
    record = *w;
    put_record(w, TYPE_PTR, DNS_TTL, 0);
    data = w->at;
    put_labels(w, host->name, host->length);
    if (!memchr(host->name, '.', host->length))
        put_labels(w, suffix, strlen(suffix));
    put_root(w);
    put_record(&record, TYPE_PTR, DNS_TTL, (size_t)(w->at - data));
}

/* Negative answers: the SOA's minimum is how long they may be kept. */
static void put_soa(struct writer *w, const char *suffix)
{
    struct writer record;
    uint8_t *data;

    put_labels(w, suffix, strlen(suffix));
    put_root(w);
    record = *w;
    put_record(w, TYPE_SOA, DNS_TTL_NEGATIVE, 0);
    data = w->at;
    put_labels(w, "ns", 2);
    put_labels(w, suffix, strlen(suffix));
    put_root(w);
    put_labels(w, "hostmaster", 10);
    put_labels(w, suffix, strlen(suffix));
    put_root(w);
    put32(w, 1);    /* serial */
    put32(w, 3600); /* refresh, retry, expire: nobody transfers it */
    put32(w, 600);
    put32(w, 86400);
    put32(w, DNS_TTL_NEGATIVE);
    put_record(&record, TYPE_SOA, DNS_TTL_NEGATIVE, (size_t)(w->at - data));
}

/* What the sections hold besides the question. */
struct outcome {
    enum dns_rcode code;
    bool authoritative;
    unsigned answers, authorities;
};

static struct outcome answer(const struct dns_server *s,
                             const struct question *q, struct writer *w)
{
    struct outcome o = {.code = DNS_OK, .authoritative = true};
    struct dns_host host;
    uint32_t address;
    bool reverse = reverse_address(q, &address);
    bool known =
        reverse ? find_address(s, address, &host) : find_name(s, q, &host);

    if (q->class != CLASS_IN)
        return (struct outcome){.code = DNS_REFUSED};
    if (!known && s->incomplete)
        return (struct outcome){.code = DNS_SERVFAIL};
    if (known && reverse && (q->type == TYPE_PTR || q->type == TYPE_ANY)) {
        answer_ptr(w, &host, s->suffix);
        o.answers = 1;
    } else if (known && !reverse &&
               (q->type == TYPE_A || q->type == TYPE_ANY)) {
        answer_a(w, &host);
        o.answers = 1;
    } else {
        put_soa(w, s->suffix);
        o.authorities = 1;
        o.code = known ? DNS_OK : DNS_NXDOMAIN;
    }
    return o;
}

static void put_header(const struct dns_server *s, uint8_t *reply,
                       const uint8_t *query, bool question,
                       const struct outcome *o)
{
    struct writer w = {reply, reply + HEADER_SIZE};
    uint32_t flags = get16(query + 2) & (FLAG_OPCODE | FLAG_RECURSE);

    flags |= FLAG_RESPONSE | (uint32_t)o->code;
    if (o->authoritative)
        flags |= FLAG_AUTHORITY;
    if (s->forwards)
        flags |= FLAG_AVAILABLE;
    put_bytes(&w, query, 2);
    put16(&w, flags);
    put16(&w, question);
    put16(&w, o->answers);
    put16(&w, o->authorities);
    put16(&w, 0);
}

size_t dns_respond(const struct dns_server *s, const uint8_t *query,
                   size_t size, uint8_t reply[DNS_UDP_MAX])
{
    struct writer w = {reply + HEADER_SIZE, reply + DNS_UDP_MAX};
    struct outcome o = {.code = DNS_FORMERR};
    bool question = false;
    struct question q;

    if (size < HEADER_SIZE || (get16(query + 2) & FLAG_RESPONSE))
        return 0;
    if (get16(query + 2) & FLAG_OPCODE) {
        o.code = DNS_NOTIMP;
    } else if (get16(query + 4) == 1 && read_question(query, size, &q)) {
        question = true;
        put_bytes(&w, query + HEADER_SIZE, q.end - HEADER_SIZE);
        o = answer(s, &q, &w);
    }
    put_header(s, reply, query, question, &o);
    return (size_t)(w.at - reply);
}

static bool is_ours(const struct dns_server *s, const struct question *q)
{
    struct dns_host host;
    uint32_t address;

    if (reverse_address(q, &address))
        return (address & s->mask) == s->network ||
               find_address(s, address, &host);
    return without_suffix(q, s->suffix) != q->length ||
           !memchr(q->name, '.', q->length) || find_name(s, q, &host);
}

bool dns_is_foreign(const struct dns_server *s, const uint8_t *query,
                    size_t size, size_t *question)
{
    struct question q;
    uint16_t flags;

    if (!s->forwards || size < HEADER_SIZE)
        return false;
    flags = get16(query + 2);
    if ((flags & (FLAG_RESPONSE | FLAG_OPCODE)) || !(flags & FLAG_RECURSE) ||
        get16(query + 4) != 1 || !read_question(query, size, &q) ||
        is_ours(s, &q))
        return false;
    *question = q.end;
    return true;
}

size_t dns_fail(const struct dns_server *s, const uint8_t *question,
                size_t size, enum dns_rcode code, uint8_t *reply)
{
    struct outcome o = {.code = code};

    memcpy(reply, question, size);
    put_header(s, reply, question, true, &o);
    return size;
}
