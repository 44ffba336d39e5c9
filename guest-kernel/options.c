/* SPDX-License-Identifier: MIT */
/*
 * The command line: words separated by spaces, "name" or "name=value".
 */
#include <stdlib.h>
#include <string.h>

#include "pebble.h"

/* The value of `name` and its length; NULL: not there. "name" alone is "1". */
static const char *find(const char *name, size_t *length)
{
    size_t name_length = strlen(name);
    const char *word = env_info()->cmdline;

    while (*word) {
        size_t size = strcspn(word, " ");

        if (size >= name_length && memcmp(word, name, name_length) == 0) {
            if (size == name_length) {
                *length = 1;
                return "1";
            }
            if (word[name_length] == '=') {
                *length = size - name_length - 1;
                return word + name_length + 1;
            }
        }
        word += size;
        word += strspn(word, " ");
    }
    return NULL;
}

bool pebble_option_text(const char *name, char *value, size_t size)
{
    size_t length;
    const char *found = find(name, &length);

    if (!found || length >= size)
        return false;
    memcpy(value, found, length);
    value[length] = '\0';
    return true;
}

unsigned long pebble_option(const char *name, unsigned long otherwise,
                            unsigned long least, unsigned long most)
{
    char text[16], *end;
    size_t length;
    unsigned long value;

    if (!find(name, &length))
        return otherwise;
    if (pebble_option_text(name, text, sizeof(text)) && text[0] >= '0' &&
        text[0] <= '9') {
        value = strtoul(text, &end, 10);
        if (*end == '\0' && value >= least && value <= most)
            return value;
    }
    pebble_log("option %s wants a number from %lu to %lu; taking %lu", name,
               least, most, otherwise);
    return otherwise;
}
