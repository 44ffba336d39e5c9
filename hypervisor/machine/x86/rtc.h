/* SPDX-License-Identifier: MIT */
/* The battery-backed clock. */
#ifndef X86_RTC_H
#define X86_RTC_H

#include "base/types.h"

/* Seconds of Unix time now, UTC; 0: there is no such clock. */
uint64_t rtc_read(void);

#endif
