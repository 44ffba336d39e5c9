/* SPDX-License-Identifier: MIT */
/*
 * Fields of JSON objects, as the API uses them. A getter with `e` refuses a
 * field of the wrong kind with "bad-request" and its name; one that is absent
 * leaves *out as it is, unless `must` is set.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/lib/error.h"

#define JSON_MUST       true
#define JSON_MAY        false
/* Whole numbers that a JSON number keeps exactly. */
#define JSON_NUMBER_MAX 9007199254740991u

/* *out points into object. */
bool json_get_text(const cJSON *object, const char *key, bool must,
                   const char **out, struct error *e);
/* A whole number, 0..most. */
bool json_get_number(const cJSON *object, const char *key, uint64_t most,
                     uint64_t *out, struct error *e);
/* Refuses that it is absent. */
bool json_need(const cJSON *object, const char *key, struct error *e);
bool json_get_bool(const cJSON *object, const char *key, bool *out,
                   struct error *e);
/* Refuses whatever key is not in the list, which ends with NULL. */
bool json_only(const cJSON *object, const char *const *keys, struct error *e);

/* For reading answers: the field, or what stands in for it. */
const char *json_text(const cJSON *object, const char *key, const char *absent);
uint64_t json_number(const cJSON *object, const char *key, uint64_t absent);
bool json_true(const cJSON *object, const char *key);

void json_put_text(cJSON *object, const char *key, const char *value);
void json_put_number(cJSON *object, const char *key, uint64_t value);
/* ns as seconds with milliseconds: Unix times. */
void json_put_time(cJSON *object, const char *key, uint64_t ns);
void json_put_bool(cJSON *object, const char *key, bool value);

/* {"code": ..., "text": ...} as `error` of object; and back. */
void json_put_error(cJSON *object, const struct error *e);
void json_take_error(const cJSON *object, struct error *e);

#endif
