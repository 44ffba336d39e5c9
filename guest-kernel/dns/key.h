/* SPDX-License-Identifier: MIT */
/*
 * What the tables of names find by: names without regard to the case of ASCII
 * letters, and addresses. Pure.
 */
#ifndef DNS_KEY_H
#define DNS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t dns_hash_name(const char *name, size_t length);
uint32_t dns_hash_address(uint32_t address);
bool dns_same_name(const char *a, const char *b, size_t length);

#endif
