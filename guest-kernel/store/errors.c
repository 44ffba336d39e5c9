/* SPDX-License-Identifier: MIT */
/*
 * See errors.h. xs_wire.h has its table only behind errno.h.
 */
#include "store/errors.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/store.h"

const char *store_error_name(int error)
{
    size_t n = sizeof(xsd_errors) / sizeof(xsd_errors[0]);

    for (size_t i = 0; i < n; i++) {
        if (xsd_errors[i].errnum == error)
            return xsd_errors[i].errstring;
    }
    return xsd_errors[0].errstring;
}
