/* SPDX-License-Identifier: MIT */
/*
 * What screed takes from outside: frames of the control channel in any stream,
 * definitions and options in JSON, and what domains print. The first byte
 * chooses. A definition that is taken must come back the same from JSON and,
 * by cell.conf's grammar, from disk.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tools/lib/json.h"
#include "tools/screed/definition.h"
#include "tools/screed/frame.h"
#include "tools/screed/options.h"

static void fuzz_frames(const uint8_t *data, size_t size)
{
    size_t at = 0, used, again;
    struct frame f, copy;

    while (at < size) {
        size_t n = size - at;
        bool good;
        if (n > SCREE_FRAME_MAX)
            n = SCREE_FRAME_MAX;
        good = frame_take(data + at, n, &f, &used);
        FUZZ_CHECK(used <= n);
        FUZZ_CHECK(!good || f.head.length <= SCREE_FRAME_PAYLOAD);
        if (good) { /* made again it is the same */
            size_t whole = frame_make(&copy, f.head.type, f.head.tag, f.payload,
                                      f.head.length);
            FUZZ_CHECK(!memcmp(&copy, &f, whole));
            FUZZ_CHECK(frame_take((uint8_t *)&copy, whole, &f, &again));
        }
        FUZZ_CHECK(used || n < SCREE_FRAME_MAX);
        if (!used)
            break;
        at += used;
    }
}

static cJSON *by_file(const struct conf_domain *d)
{
    cJSON *out = cJSON_CreateObject();
    struct why w = {{0}};
    char *text = NULL;
    size_t size;
    struct conf c;
    FILE *f = open_memstream(&text, &size);

    conf_write_domain(f, d);
    fclose(f);
    FUZZ_CHECK(conf_parse(&c, "state.conf", text, size, &w));
    definition_put(out, &c.domains[0]);
    conf_free(&c);
    free(text);
    return out;
}

static void fuzz_definition(const char *text)
{
    struct conf_domain d = {0}, again = {0};
    cJSON *json = cJSON_Parse(text);
    cJSON *first = cJSON_CreateObject(), *second = cJSON_CreateObject();
    struct error e = {"", ""};

    if (!definition_parse(&d, json, &e)) {
        FUZZ_CHECK(e.code[0] && e.text[0]);
    } else if (d.name[0]) {
        cJSON *third = by_file(&d);
        definition_put(first, &d);
        FUZZ_CHECK(definition_parse(&again, first, &e));
        definition_put(second, &again);
        FUZZ_CHECK(cJSON_Compare(first, second, true));
        FUZZ_CHECK(cJSON_Compare(first, third, true));
        cJSON_Delete(third);
    }
    conf_domain_free(&d);
    conf_domain_free(&again);
    cJSON_Delete(json);
    cJSON_Delete(first);
    cJSON_Delete(second);
}

static void fuzz_options(const char *text)
{
    struct error e = {"", ""};
    struct options o;

    if (!options_parse(&o, text, &e)) {
        FUZZ_CHECK(e.code[0] && e.text[0]);
        return;
    }
    FUZZ_CHECK(o.cpus && o.memory && o.log_bytes);
    FUZZ_CHECK(!o.gateway || o.gateway - o.network < UINT32_MAX >> o.prefix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (!size)
        return 0;
    text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'f')
        fuzz_frames(data + 1, size - 1);
    else if (data[0] == 'o')
        fuzz_options(text);
    else
        fuzz_definition(text);
    free(text);
    return 0;
}
