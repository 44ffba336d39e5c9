/* SPDX-License-Identifier: MIT */
/*
 * The two options the machine itself reads (spec=, unsafe=). The list of all
 * options and the complaint about unknown ones are system/options.c's.
 */
#include "base/string.h"
#include "machine/x86/boot.h"

/* The value of `name=` on the command line, or NULL. Ends at a blank. */
static const char *find(const char *name)
{
    size_t n = string_length(name);
    const char *at = boot_facts.cmdline;

    while (*at) {
        if (string_starts(at, name) && at[n] == '=')
            return at + n + 1;
        while (*at && *at != ' ')
            at++;
        while (*at == ' ')
            at++;
    }
    return NULL;
}

bool boot_option_is(const char *name, const char *value)
{
    const char *v = find(name);
    size_t n = string_length(value);

    return v && string_starts(v, value) && (v[n] == 0 || v[n] == ' ');
}
