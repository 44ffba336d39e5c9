/* SPDX-License-Identifier: MIT */
/*
 * The MC146818: BCD or binary, 12 or 24 hours, two digits of year (2000..2099).
 * Read twice until both agree, so that an update in between does not show.
 */
#include "machine/x86/rtc.h"

#include "base/string.h"
#include "machine/x86/asm.h"

#define PORT_INDEX   0x70
#define PORT_DATA    0x71
#define REG_STATUS_A 10
#define REG_STATUS_B 11
#define UPDATING     0x80
#define MODE_24      0x02
#define MODE_BINARY  0x04
#define PM           0x80
#define TRIES        1000000u /* an update takes 2 ms */

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static uint8_t get(uint8_t reg)
{
    out_b(PORT_INDEX, reg);
    return in_b(PORT_DATA);
}

static bool read_fields(uint8_t f[FIELDS])
{
    static const uint8_t reg[FIELDS] = {0, 2, 4, 7, 8, 9};
    unsigned tries = TRIES;

    while (get(REG_STATUS_A) & UPDATING)
        if (--tries == 0)
            return false;
    for (unsigned i = 0; i < FIELDS; i++)
        f[i] = get(reg[i]);
    return true;
}

static uint8_t binary(uint8_t v, uint8_t mode)
{
    return mode & MODE_BINARY ? v : (uint8_t)((v >> 4) * 10 + (v & 15));
}

static unsigned hour(uint8_t v, uint8_t mode)
{
    bool pm = (v & PM) != 0;
    unsigned h = binary(v & 0x7f, mode);

    if (mode & MODE_24)
        return binary(v, mode);
    return h % 12 + (pm ? 12 : 0);
}

/* Days from 1970 to a date of 2000..2099. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[12] = {0,   31,  59,  90,  120, 151,
                                        181, 212, 243, 273, 304, 334};
    unsigned leap = year % 4 == 0 && month > 2;

    return 10957 + year * 365ull + (year + 3) / 4 + before[month - 1] + leap +
           day - 1;
}

uint64_t rtc_read(void)
{
    uint8_t a[FIELDS], b[FIELDS];
    uint8_t mode = get(REG_STATUS_B);
    unsigned month;

    do {
        if (!read_fields(a) || !read_fields(b))
            return 0;
    } while (memcmp(a, b, FIELDS) != 0);
    month = binary(a[MONTH], mode);
    if (month < 1 || month > 12)
        return 0;
    return ((days(binary(a[YEAR], mode), month, binary(a[DAY], mode)) * 24 +
             hour(a[HOUR], mode)) *
                60 +
            binary(a[MINUTE], mode)) *
               60 +
           binary(a[SECOND], mode);
}
