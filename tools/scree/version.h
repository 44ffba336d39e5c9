/* SPDX-License-Identifier: MIT */
/* The version that `scree version` shows: that of the ABI. */
#ifndef SCREE_VERSION_H
#define SCREE_VERSION_H

#define VERSION_TEXT "1.1"

#endif
