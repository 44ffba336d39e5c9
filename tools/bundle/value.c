/* SPDX-License-Identifier: MIT */
/* The values of cell.conf; see value.h. No locale, no strtol: what is
 * accepted is exactly what docs/cell-conf.md says. */
#include "value.h"

#include <stdio.h>
#include <string.h>

/* Reads digits at *p; false on none or on more than most. */
static bool digits(const char **p, uint64_t most, uint64_t *out)
{
    const char *s = *p;
    uint64_t n = 0;

    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        uint64_t d = (uint64_t)(*s - '0');
        if (n > (most - d) / 10 || d > most)
            return false;
        n = n * 10 + d;
    }
    *p = s;
    *out = n;
    return true;
}

bool value_number(const char *text, uint64_t least, uint64_t most,
                  uint64_t *out)
{
    uint64_t n;

    if (!digits(&text, most, &n) || *text || n < least)
        return false;
    *out = n;
    return true;
}

bool value_size(const char *text, uint64_t *out)
{
    static const char units[] = "KMG";
    uint64_t n;
    unsigned shift = 0;

    if (!digits(&text, UINT64_MAX, &n))
        return false;
    if (*text) {
        const char *unit = strchr(units, *text++);
        if (!unit)
            return false;
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (*text || n > UINT64_MAX >> shift)
        return false;
    *out = n << shift;
    return true;
}

static bool dotted(const char **p, uint32_t *out)
{
    uint32_t address = 0;

    for (int i = 0; i < 4; i++) {
        uint64_t n;
        if (i && *(*p)++ != '.')
            return false;
        if ((*p)[0] == '0' && (*p)[1] >= '0' && (*p)[1] <= '9')
            return false;
        if (!digits(p, 255, &n))
            return false;
        address = address << 8 | (uint32_t)n;
    }
    *out = address;
    return true;
}

bool value_address(const char *text, uint32_t *out)
{
    uint32_t address;

    if (!dotted(&text, &address) || *text)
        return false;
    *out = address;
    return true;
}

bool value_network(const char *text, uint32_t *network, uint32_t *prefix)
{
    uint32_t address;
    uint64_t bits;

    if (!dotted(&text, &address) || *text++ != '/' ||
        !value_number(text, 0, 30, &bits))
        return false;
    if (address & (UINT32_MAX >> bits))
        return false;
    *network = address;
    *prefix = (uint32_t)bits;
    return true;
}

bool value_forward(const char *text, struct forward *out)
{
    struct forward f = {0};
    uint64_t host, guest;

    if (*text == '+') {
        f.relative = true;
        text++;
    }
    if (!digits(&text, 65535, &host) || *text++ != ':')
        return false;
    if (!digits(&text, 65535, &guest) || !guest || (!host && !f.relative))
        return false;
    if (!strcmp(text, "/udp"))
        f.udp = true;
    else if (*text && strcmp(text, "/tcp") != 0)
        return false;
    f.host = (uint32_t)host;
    f.guest = (uint16_t)guest;
    *out = f;
    return true;
}

bool value_name(const char *text, uint32_t most)
{
    size_t length = strlen(text);

    if (!length || length >= most)
        return false;
    if (text[0] == '-' || text[length - 1] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool value_yes(const char *text, bool *out)
{
    bool yes = !strcmp(text, "yes");

    if (!yes && strcmp(text, "no") != 0)
        return false;
    *out = yes;
    return true;
}

bool value_label(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t key = strcspn(text, "=");
    const char *value = text + key + 1;

    if (text[key] != '=' || !key || key > VALUE_LABEL_MAX)
        return false;
    if (!strchr(plain, text[0]) || !strchr(plain, text[key - 1]))
        return false;
    for (size_t i = 0; i < key; i++)
        if (!strchr(plain, text[i]) && !strchr(".-_/", text[i]))
            return false;
    if (strlen(value) > VALUE_LABEL_MAX)
        return false;
    for (; *value; value++)
        if (*value <= ' ' || *value > '~' || *value == ',' || *value == '#')
            return false;
    return true;
}

const char *value_base(const char *path, size_t *length)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t n = strlen(base);

    *length = n > 4 && !strcmp(base + n - 4, ".elf") ? n - 4 : n;
    return base;
}

bool value_is_digest(const char *text)
{
    static const char prefix[] = "sha256:";

    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
        return false;
    text += sizeof(prefix) - 1;
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

struct address_text address_text(uint32_t address)
{
    struct address_text t;

    snprintf(t.text, sizeof(t.text), "%u.%u.%u.%u", address >> 24,
             address >> 16 & 255, address >> 8 & 255, address & 255);
    return t;
}
