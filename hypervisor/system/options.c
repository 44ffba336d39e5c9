/* SPDX-License-Identifier: MIT */
/*
 * The command line: see options.h, which lists every option.
 */
#include "system/options.h"

#include "base/string.h"
#include "core/log.h"

static bool set_panic(struct options *o, const char *value)
{
    if (string_equal(value, "halt"))
        o->panic = STOP_HALT;
    else if (string_equal(value, "reboot"))
        o->panic = STOP_REBOOT;
    else if (string_equal(value, "poweroff"))
        o->panic = STOP_POWEROFF;
    else
        return false;
    return true;
}

static bool set_end(struct options *o, const char *value)
{
    o->poweroff_at_end = string_equal(value, "poweroff");
    return o->poweroff_at_end || string_equal(value, "stay");
}

static bool set_domains(struct options *o, const char *value)
{
    uint64_t n;
    const char *end;

    if (!string_number(value, &end, &n) || *end || n == 0 || n > 1u << 20)
        return false;
    o->domains = (uint32_t)n;
    return true;
}

/* ADDRESS:GSI */
static bool set_mmio(struct options *o, const char *value)
{
    struct uplink_mmio *w = &o->uplink.mmio[o->uplink.mmio_count];
    uint64_t address, gsi;
    const char *end;

    if (o->uplink.mmio_count == UPLINK_MMIO_MAX)
        return false;
    if (!string_number(value, &end, &address) || *end != ':')
        return false;
    if (!string_number(end + 1, &end, &gsi) || *end || gsi > UINT32_MAX)
        return false;
    w->address = address;
    w->gsi = (uint32_t)gsi;
    o->uplink.mmio_count++;
    return true;
}

/* SIZE@ADDRESS:GSI, as Linux has it; QEMU's microvm writes these. */
static bool set_mmio_device(struct options *o, const char *value)
{
    while (*value && *value != '@')
        value++;
    return *value && set_mmio(o, value + 1);
}

/* The machine has looked for these two itself. */
static bool set_unsafe(struct options *o, const char *value)
{
    (void)o;
    return string_equal(value, "meltdown");
}

static bool set_spec(struct options *o, const char *value)
{
    (void)o;
    return string_equal(value, "off");
}

static bool set_test(struct options *o, const char *value)
{
    o->test_panic = string_equal(value, "panic");
    return o->test_panic;
}

static const struct option {
    const char *prefix;
    bool (*set)(struct options *o, const char *value);
} known[] = {
    {"panic=", set_panic},     {"end=", set_end},
    {"domains=", set_domains}, {"virtio_mmio=", set_mmio},
    {"unsafe=", set_unsafe},   {"virtio_mmio.device=", set_mmio_device},
    {"spec=", set_spec},       {"test=", set_test},
};

static bool understand(struct options *o, const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (string_starts(word, known[i].prefix))
            return known[i].set(o, word + string_length(known[i].prefix));
    }
    return false;
}

static void take_word(struct options *o, const char *word)
{
    if (understand(o, word))
        return;
    if (o->unknown_count < ARRAY_SIZE(o->unknown))
        string_copy(o->unknown[o->unknown_count], OPTION_WORD_MAX, word);
    o->unknown_count++;
}

void options_parse(struct options *o, const char *cmdline)
{
    char word[OPTION_WORD_MAX];
    size_t n;

    *o = (struct options){.panic = STOP_REBOOT};
    for (; *cmdline; cmdline += n) {
        for (n = 0; cmdline[n] && cmdline[n] != ' '; n++) {
            if (n < sizeof(word) - 1)
                word[n] = cmdline[n];
        }
        word[n < sizeof(word) ? n : sizeof(word) - 1] = '\0';
        if (n == 0)
            n = 1; /* a blank */
        else
            take_word(o, word);
    }
}

void options_report(const struct options *o, struct cell *cell)
{
    for (unsigned i = 0; i < o->unknown_count; i++) {
        if (i == ARRAY_SIZE(o->unknown)) {
            log_line(cell, "and %u more unknown options", o->unknown_count - i);
            return;
        }
        log_line(cell, "unknown option or value: %s", o->unknown[i]);
    }
}
