/* SPDX-License-Identifier: MIT */
/*
 * See names.h.
 */
#include "store/names.h"

#include <string.h>

#include "store/store.h"

size_t names_home(uint32_t domid, char home[NAMES_HOME_MAX])
{
    char digits[10];
    size_t n = 0, at = sizeof(NAMES_HOME) - 1;

    memcpy(home, NAMES_HOME, at);
    do
        digits[n++] = (char)('0' + domid % 10);
    while (domid /= 10);
    while (n)
        home[at++] = digits[--n];
    home[at++] = '/';
    return at;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@';
}

bool names_valid(const char *path, size_t length)
{
    if (length == 0 || length > STORE_PATH_MAX || path[0] != '/')
        return false;
    if (length == 1)
        return true;
    for (size_t i = 1; i < length; i++) {
        if (path[i] == '/' ? path[i - 1] == '/' : !is_name_character(path[i]))
            return false;
    }
    return path[length - 1] != '/';
}

/* Length of a "/local/domain/N/" at the front; 0: none. */
static size_t home_length(const char *path, size_t length)
{
    size_t at = sizeof(NAMES_HOME) - 1, digits = at;

    if (length < at || memcmp(path, NAMES_HOME, at) != 0)
        return 0;
    while (at < length && path[at] >= '0' && path[at] <= '9')
        at++;
    if (at == digits || at - digits > 10 || at == length || path[at] != '/')
        return 0;
    return at + 1;
}

bool names_short(const char *path, size_t length, size_t limit)
{
    return length - home_length(path, length) <= limit;
}

size_t names_component(const char *path, size_t length, size_t at)
{
    const char *slash = memchr(path + at, '/', length - at);

    return slash ? (size_t)(slash - path) - at : length - at;
}

size_t names_parent(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] != '/')
        length--;
    return length > 1 ? length - 1 : 1;
}

bool names_number(const char *text, uint64_t *number)
{
    uint64_t n = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || n > (UINT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *number = n;
    return true;
}
