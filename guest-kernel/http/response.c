/* SPDX-License-Identifier: MIT */
/*
 * Response heads, dates and entity tags. See response.h.
 */
#include "http/response.h"

#include <string.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {414, "URI Too Long"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static void field(struct text *t, const char *name, const char *value)
{
    if (!value)
        return;
    text_string(t, name);
    text_string(t, value);
    text_string(t, "\r\n");
}

void http_head(struct text *t, const struct http_head *h)
{
    text_string(t, "HTTP/1.1 ");
    text_decimal(t, (uint64_t)h->status);
    text_string(t, " ");
    text_string(t, http_reason(h->status));
    text_string(t, "\r\nServer: pebble\r\n");
    field(t, "Date: ", h->date);
    field(t, "Content-Type: ", h->type);
    field(t, "ETag: ", h->tag);
    field(t, "Location: ", h->location);
    if (h->status == 405)
        field(t, "Allow: ", "GET, HEAD");
    if (h->status != 304) {
        text_string(t, "Content-Length: ");
        text_decimal(t, h->length);
        text_string(t, "\r\n");
    }
    field(t, "Connection: ", h->keep_alive ? "keep-alive" : "close");
    text_string(t, "\r\n");
}

/* Year, month and day of a day count since 1970-01-01 (Gregorian, by eras of
 * 400 years that begin on March 1st). */
static void civil_date(uint64_t days, uint64_t *year, unsigned *month,
                       unsigned *day)
{
    uint64_t shifted = days + 719468;
    uint64_t era = shifted / 146097;
    unsigned of_era = (unsigned)(shifted % 146097);
    unsigned years =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * years + years / 4 - years / 100);
    unsigned from_march = (5 * of_year + 2) / 153;

    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = years + era * 400 + (*month <= 2);
}

void http_date(uint64_t unix_time, char date[30])
{
    struct text t = text_in(date, 29);
    uint64_t days = unix_time / 86400, year;
    unsigned of_day = (unsigned)(unix_time % 86400), month, day;

    civil_date(days, &year, &month, &day);
    text_bytes(&t, &"ThuFriSatSunMonTueWed"[days % 7 * 3], 3);
    text_string(&t, ", ");
    text_padded(&t, day, 2);
    text_string(&t, " ");
    text_bytes(&t, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(month - 1) * 3], 3);
    text_string(&t, " ");
    text_padded(&t, year, 4);
    text_string(&t, " ");
    text_padded(&t, of_day / 3600, 2);
    text_string(&t, ":");
    text_padded(&t, of_day / 60 % 60, 2);
    text_string(&t, ":");
    text_padded(&t, of_day % 60, 2);
    text_string(&t, " GMT");
    date[t.size] = '\0';
}

void http_tag(uint64_t mtime, uint64_t size, char tag[HTTP_TAG_MAX])
{
    struct text t = text_in(tag, HTTP_TAG_MAX - 1);

    text_string(&t, "\"");
    text_hex(&t, mtime);
    text_string(&t, "-");
    text_hex(&t, size);
    text_string(&t, "\"");
    tag[t.size] = '\0';
}
