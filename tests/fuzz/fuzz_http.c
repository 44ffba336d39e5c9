/* SPDX-License-Identifier: MIT */
/*
 * The web service's request parser, and the answer that a parsed request gets
 * from a small file module.
 */
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/files.h"

/* The same bytes in a block of their exact size, so that reading beyond is
 * seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request r;
    char *text = malloc(size ? size : 1);
    int n;

    if (!text)
        return 0;
    memcpy(text, data, size);
    n = http_parse(text, size, &r);
    FUZZ_CHECK(n <= (int)size);
    if (n > 0) {
        FUZZ_CHECK(r.path_length < HTTP_PATH_MAX && r.path[0] == '/');
        FUZZ_CHECK(r.path[r.path_length] == '\0');
        FUZZ_CHECK(!r.if_none_match ||
                   (r.if_none_match >= text &&
                    r.if_none_match + r.if_none_match_length <= text + n));
        (void)http_tag_matches(r.if_none_match ? r.if_none_match : "",
                               r.if_none_match_length, "\"5c4ee\"");
        (void)files_type(r.path);
    } else if (n < 0) {
        FUZZ_CHECK(n == -400 || n == -414 || n == -431 || n == -505 ||
                   n == -501 || n == -413);
    } else {
        FUZZ_CHECK(size < HTTP_HEAD_MAX);
    }
    free(text);
    return 0;
}
