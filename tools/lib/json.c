/* SPDX-License-Identifier: MIT */
/* See json.h. */
#include "tools/lib/json.h"

#include <string.h>

static bool refuse(struct error *e, const char *key, const char *wants)
{
    return error_set(e, "bad-request", "\"%s\" must be %s", key, wants);
}

/* The field; NULL if it is absent, which is an error if it must be there. */
static bool find(const cJSON *object, const char *key, bool must,
                 const cJSON **field, struct error *e)
{
    *field = cJSON_GetObjectItemCaseSensitive(object, key);
    if (cJSON_IsNull(*field))
        *field = NULL;
    if (!*field && must)
        return error_set(e, "bad-request", "\"%s\" is missing", key);
    return true;
}

bool json_get_text(const cJSON *object, const char *key, bool must,
                   const char **out, struct error *e)
{
    const cJSON *field;

    if (!find(object, key, must, &field, e))
        return false;
    if (field && !cJSON_IsString(field))
        return refuse(e, key, "a string");
    if (field)
        *out = field->valuestring;
    return true;
}

bool json_need(const cJSON *object, const char *key, struct error *e)
{
    const cJSON *field;

    return find(object, key, true, &field, e);
}

bool json_get_number(const cJSON *object, const char *key, uint64_t most,
                     uint64_t *out, struct error *e)
{
    const cJSON *field;
    double value;

    find(object, key, false, &field, e);
    if (!field)
        return true;
    value = cJSON_IsNumber(field) ? field->valuedouble : -1;
    if (!(value >= 0) || value > (double)JSON_NUMBER_MAX ||
        (double)(uint64_t)value != value || (uint64_t)value > most)
        return error_set(e, "bad-request",
                         "\"%s\" must be a whole number of at most %llu", key,
                         (unsigned long long)most);
    *out = (uint64_t)value;
    return true;
}

bool json_get_bool(const cJSON *object, const char *key, bool *out,
                   struct error *e)
{
    const cJSON *field;

    find(object, key, false, &field, e);
    if (field && !cJSON_IsBool(field))
        return refuse(e, key, "true or false");
    if (field)
        *out = cJSON_IsTrue(field);
    return true;
}

static bool is_one_of(const char *key, const char *const *keys)
{
    while (*keys && strcmp(*keys, key) != 0)
        keys++;
    return *keys;
}

bool json_only(const cJSON *object, const char *const *keys, struct error *e)
{
    const cJSON *field;

    cJSON_ArrayForEach(field, object)
    {
        if (!field->string || !is_one_of(field->string, keys))
            return error_set(e, "bad-request", "unknown field \"%.60s\"",
                             field->string ? field->string : "");
    }
    return true;
}

const char *json_text(const cJSON *object, const char *key, const char *absent)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(field) ? field->valuestring : absent;
}

uint64_t json_number(const cJSON *object, const char *key, uint64_t absent)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, key);
    double value = cJSON_IsNumber(field) ? field->valuedouble : -1;

    return value >= 0 && value < 1.8e19 ? (uint64_t)value : absent;
}

bool json_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void json_put_text(cJSON *object, const char *key, const char *value)
{
    cJSON_AddStringToObject(object, key, value);
}

void json_put_number(cJSON *object, const char *key, uint64_t value)
{
    cJSON_AddNumberToObject(object, key, (double)value);
}

void json_put_time(cJSON *object, const char *key, uint64_t ns)
{
    uint64_t ms = ns / 1000000;

    cJSON_AddNumberToObject(object, key, (double)ms / 1000);
}

void json_put_bool(cJSON *object, const char *key, bool value)
{
    cJSON_AddBoolToObject(object, key, value);
}

void json_put_error(cJSON *object, const struct error *e)
{
    cJSON *error = cJSON_AddObjectToObject(object, "error");

    json_put_text(error, "code", e->code);
    json_put_text(error, "text", e->text);
}

void json_take_error(const cJSON *object, struct error *e)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(object, "error");

    error_set(e, json_text(error, "code", "bad-request"), "%s",
              json_text(error, "text", "an error without a text"));
}
