/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server's pure parts: request heads, answers, heads of responses,
 * and the look-up in a file module, which is made here by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "http/answer.h"
#include "http/files.h"
#include "http/request.h"
#include "http/response.h"
#include "unit.h"

static struct http_request r;

/* Parses a whole head from memory of just its size, so that the sanitizer sees
 * a read beyond it. */
static int parse(const char *text)
{
    size_t size = strlen(text);
    char *exact = malloc(size + (size == 0));
    int result;

    memcpy(exact, text, size);
    result = http_parse(exact, size, &r);
    r.if_none_match = NULL; /* it pointed into `exact` */
    free(exact);
    return result;
}

#define HOST "Host: x\r\n"

static void test_a_simple_request_is_parsed(void)
{
    static const char head[] = "GET /a/b.html?q=1 HTTP/1.1\r\n" HOST "\r\n";

    CU_ASSERT_EQUAL(parse(head), (int)strlen(head));
    CU_ASSERT_EQUAL(r.method, HTTP_GET);
    CU_ASSERT_STRING_EQUAL(r.path, "/a/b.html");
    CU_ASSERT_EQUAL(r.path_length, 9);
    CU_ASSERT(r.keep_alive);
    CU_ASSERT_FALSE(r.has_body);
}

static void test_every_prefix_is_incomplete(void)
{
    static const char head[] =
        "GET / HTTP/1.1\r\n" HOST "Connection: close\r\nA: b\r\n\r\n";
    char part[sizeof(head)];

    for (size_t n = 0; n + 1 < sizeof(head) - 1; n++) {
        memcpy(part, head, n);
        part[n] = '\0';
        CU_ASSERT_EQUAL(parse(part), 0);
    }
    CU_ASSERT_EQUAL(parse(head), (int)strlen(head));
    CU_ASSERT_FALSE(r.keep_alive);
}

static void test_pipelined_requests_are_told_apart(void)
{
    static const char first[] = "HEAD /1 HTTP/1.1\n" HOST "\n";
    char both[128];

    strcpy(both, first);
    strcat(both, "GET /2 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    CU_ASSERT_EQUAL(parse(both), (int)strlen(first));
    CU_ASSERT_EQUAL(r.method, HTTP_HEAD);
    CU_ASSERT(parse(both + strlen(first)) > 0);
    CU_ASSERT_STRING_EQUAL(r.path, "/2");
    CU_ASSERT_FALSE(r.version_1_1);
    CU_ASSERT(r.keep_alive);
}

static void test_targets_are_decoded(void)
{
    CU_ASSERT(parse("GET /%41%2fb%20c HTTP/1.0\r\n\r\n") > 0);
    CU_ASSERT_STRING_EQUAL(r.path, "/A/b c");
    CU_ASSERT(parse("GET http://h:8/x/y HTTP/1.0\r\n\r\n") > 0);
    CU_ASSERT_STRING_EQUAL(r.path, "/x/y");
    CU_ASSERT(parse("GET HTTP://h HTTP/1.0\r\n\r\n") > 0);
    CU_ASSERT_STRING_EQUAL(r.path, "/");
    CU_ASSERT(parse("OPTIONS * HTTP/1.0\r\n\r\n") > 0);
    CU_ASSERT_EQUAL(r.method, HTTP_OTHER);
}

static void test_malformed_heads_are_refused(void)
{
    static const char *const bad[] = {
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / FTP/1.1\r\n\r\n",
        "GET x HTTP/1.1\r\n" HOST "\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "GET /%zz HTTP/1.1\r\n" HOST "\r\n",
        "GET /%0 HTTP/1.1\r\n" HOST "\r\n",
        "GET /%00 HTTP/1.1\r\n" HOST "\r\n",
        "GET /a\x01 HTTP/1.1\r\n" HOST "\r\n",
        "G(T / HTTP/1.1\r\n" HOST "\r\n",
        " GET / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n\r\n",              /* no Host */
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n", /* two */
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "\x80\xff\x01\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT_EQUAL(parse(bad[i]), -400);
    CU_ASSERT_EQUAL(parse("GET / HTTP/2.0\r\n\r\n"), -505);
}

static void test_long_heads_are_refused(void)
{
    static char text[HTTP_HEAD_MAX + 1];

    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "GET /", 5);
    CU_ASSERT_EQUAL(parse(text), -431);
    text[HTTP_HEAD_MAX - 1] = '\0';
    CU_ASSERT_EQUAL(parse(text), 0);
    memcpy(text + HTTP_PATH_MAX + 10, " HTTP/1.0\r\n\r\n", 14);
    CU_ASSERT_EQUAL(parse(text), -414);
}

static void test_bodies_are_noticed(void)
{
    CU_ASSERT(parse("GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n") > 0);
    CU_ASSERT_FALSE(r.has_body);
    CU_ASSERT(parse("GET / HTTP/1.0\r\nContent-Length: 10\r\n\r\n") > 0);
    CU_ASSERT(r.has_body);
    CU_ASSERT(parse("GET / HTTP/1.0\r\nTransfer-Encoding: x\r\n\r\n") > 0);
    CU_ASSERT(r.has_body);
}

static void test_parser_survives_random_bytes(void)
{
    static const char alphabet[] = "GET /%:\r\n\r\nHost\t *?,HTTP/1.1\x80";
    uint64_t seed = 1;
    char text[200];

    for (unsigned round = 0; round < 5000; round++) {
        size_t size = unit_random(&seed) % (sizeof(text) - 1);

        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[unit_random(&seed) % (sizeof(alphabet) - 1)];
        text[size] = '\0';
        CU_ASSERT(parse(text) <= (int)size);
        CU_ASSERT(strlen(r.path) < HTTP_PATH_MAX);
    }
}

static void test_tags_match_lists(void)
{
    static const char list[] = "\"a\", W/\"b-1\" ,\"c\"";

    CU_ASSERT(http_tag_matches(list, strlen(list), "\"a\""));
    CU_ASSERT(http_tag_matches(list, strlen(list), "\"b-1\""));
    CU_ASSERT(http_tag_matches(list, strlen(list), "\"c\""));
    CU_ASSERT_FALSE(http_tag_matches(list, strlen(list), "\"b\""));
    CU_ASSERT(http_tag_matches(" * ", 3, "\"x\""));
    CU_ASSERT_FALSE(http_tag_matches("", 0, "\"x\""));
}

static void test_dates_are_written(void)
{
    char date[30];

    http_date(784111777, date);
    CU_ASSERT_STRING_EQUAL(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_date(0, date);
    CU_ASSERT_STRING_EQUAL(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date(951827696, date);
    CU_ASSERT_STRING_EQUAL(date, "Tue, 29 Feb 2000 12:34:56 GMT");
    http_date(4107542399, date);
    CU_ASSERT_STRING_EQUAL(date, "Sun, 28 Feb 2100 23:59:59 GMT");
}

/* A module of three files, as the bundle tool lays it out. */
#define MODULE_FILES 3

struct module {
    struct scree_files header;
    struct scree_file files[MODULE_FILES];
    char bytes[64];
};

static const char *const paths[MODULE_FILES] = {"a.css", "d/index.html",
                                                "index.html"};

static void make_module(struct module *m)
{
    uint64_t base = offsetof(struct module, bytes), at = 0;

    memset(m, 0, sizeof(*m));
    m->header = (struct scree_files){
        .magic = SCREE_FILES_MAGIC, .size = sizeof(*m), .count = MODULE_FILES};
    for (unsigned i = 0; i < MODULE_FILES; i++) {
        m->files[i] = (struct scree_file){
            .path = base + at, .data = base + 60, .size = i, .mtime = 16};
        strcpy(m->bytes + at, paths[i]);
        at += strlen(paths[i]) + 1;
    }
    memcpy(m->bytes + 60, "xyz", 4);
}

static void test_files_are_found(void)
{
    struct file_tree tree;
    struct module m;
    struct file f;

    make_module(&m);
    CU_ASSERT_FATAL(files_open(&tree, &m, sizeof(m)));
    for (unsigned i = 0; i < MODULE_FILES; i++) {
        CU_ASSERT(files_find(&tree, paths[i], strlen(paths[i]), &f));
        CU_ASSERT_EQUAL(f.size, i);
        CU_ASSERT_FALSE(files_find(&tree, paths[i], strlen(paths[i]) - 1, &f));
        CU_ASSERT_FALSE(files_find(&tree, paths[i], strlen(paths[i]) + 1, &f));
    }
    CU_ASSERT_FALSE(files_find(&tree, "", 0, &f));
    CU_ASSERT_FALSE(files_find(&tree, "zz", 2, &f));
    CU_ASSERT_STRING_EQUAL(files_type("d/index.html"),
                           "text/html; charset=utf-8");
    CU_ASSERT_STRING_EQUAL(files_type("a.b/c"), "application/octet-stream");
}

static void test_damaged_modules_are_refused(void)
{
    struct file_tree tree;
    struct module m;

    make_module(&m);
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m.header) - 1));
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m) - 1));
    m.header.magic++;
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m)));
    make_module(&m);
    m.header.count = UINT32_MAX;
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m)));
    make_module(&m);
    m.files[1].path = sizeof(m);
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m)));
    make_module(&m);
    m.files[2].size = UINT64_MAX;
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m)));
    make_module(&m);
    memset(m.bytes, 'x', sizeof(m.bytes)); /* no path ends */
    CU_ASSERT_FALSE(files_open(&tree, &m, sizeof(m)));
}

/* Answers. */

static bool page(const char *path, struct text *body, const char **type)
{
    if (strcmp(path, "/page") && strcmp(path, "/too-long"))
        return false;
    *type = "text/x";
    text_string(body, path[1] == 'p' ? "made" : "12345678901234567890");
    return true;
}

static struct http_answer answer;
static char head[HTTP_REPLY_HEAD_MAX + 1];

/* The answer's head as a string. */
static const char *ask(const char *request)
{
    static char made[16];
    static struct file_tree tree;
    static struct module m;
    struct http_server s = {.tree = &tree, .page = page};
    int status = http_parse(request, strlen(request), &r);

    make_module(&m);
    CU_ASSERT_FATAL(files_open(&tree, &m, sizeof(m)));
    memset(head, 0, sizeof(head));
    answer = (struct http_answer){
        .head = text_in(head, sizeof(head) - 1),
        .made = text_in(made, sizeof(made)),
        .unix_time = 784111777,
    };
    http_answer(&s, &r, status < 0 ? -status : 0, &answer);
    return head;
}

static void test_files_are_answered(void)
{
    const char *text = ask("GET / HTTP/1.1\r\n" HOST "\r\n");

    CU_ASSERT_STRING_EQUAL(text, "HTTP/1.1 200 OK\r\n"
                                 "Server: pebble\r\n"
                                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                 "Content-Type: text/html; charset=utf-8\r\n"
                                 "ETag: \"10-2\"\r\n"
                                 "Content-Length: 2\r\n"
                                 "Connection: keep-alive\r\n\r\n");
    CU_ASSERT_EQUAL(answer.size, 2);
    CU_ASSERT(!memcmp(answer.body, "xy", 2));
    CU_ASSERT(answer.keep_alive);
    ask("GET /d/ HTTP/1.0\r\n\r\n");
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(answer.size, 1);
    CU_ASSERT_FALSE(answer.keep_alive);
    text = ask("HEAD / HTTP/1.1\r\n" HOST "\r\n");
    CU_ASSERT_EQUAL(answer.size, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Content-Length: 2\r\n"));
}

static void test_known_files_are_not_sent_again(void)
{
    const char *text =
        ask("GET / HTTP/1.1\r\n" HOST "If-None-Match: \"10-2\"\r\n\r\n");

    CU_ASSERT_EQUAL(answer.status, 304);
    CU_ASSERT_EQUAL(answer.size + answer.made.size, 0);
    CU_ASSERT_PTR_NULL(strstr(text, "Content-Length"));
    CU_ASSERT(answer.keep_alive);
    ask("GET / HTTP/1.1\r\n" HOST "If-None-Match: \"10-3\"\r\n\r\n");
    CU_ASSERT_EQUAL(answer.status, 200);
}

static void test_errors_are_answered(void)
{
    ask("GET /none HTTP/1.1\r\n" HOST "\r\n");
    CU_ASSERT_EQUAL(answer.status, 404);
    CU_ASSERT(answer.keep_alive);
    CU_ASSERT(!memcmp(answer.made.start, "404 Not Found\n", 14));
    ask("GET /d/../index.html HTTP/1.1\r\n" HOST "\r\n");
    CU_ASSERT_EQUAL(answer.status, 404);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(ask("PUT / HTTP/1.1\r\n" HOST "\r\n"), "Allow: GET, HEAD\r\n"));
    CU_ASSERT_EQUAL(answer.status, 405);
    ask("GET\r\n\r\n");
    CU_ASSERT_EQUAL(answer.status, 400);
    CU_ASSERT_FALSE(answer.keep_alive);
    ask("GET /too-long HTTP/1.1\r\n" HOST "\r\n");
    CU_ASSERT_EQUAL(answer.status, 500);
    ask("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n");
    CU_ASSERT_FALSE(answer.keep_alive); /* the body is not read */
}

static void test_directories_are_redirected(void)
{
    const char *text = ask("GET /d HTTP/1.1\r\n" HOST "\r\n");

    CU_ASSERT_EQUAL(answer.status, 301);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nLocation: /d/\r\n"));
}

static void test_pages_are_made(void)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(ask("GET /page HTTP/1.1\r\n" HOST "\r\n"),
                                  "Content-Type: text/x\r\n"));
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(answer.made.size, 4);
}

void suite_http(void)
{
    static const struct unit_test tests[] = {
        {"a simple request is parsed", test_a_simple_request_is_parsed},
        {"every prefix is incomplete", test_every_prefix_is_incomplete},
        {"pipelined requests are told apart",
         test_pipelined_requests_are_told_apart},
        {"targets are decoded", test_targets_are_decoded},
        {"malformed heads are refused", test_malformed_heads_are_refused},
        {"long heads are refused", test_long_heads_are_refused},
        {"bodies are noticed", test_bodies_are_noticed},
        {"random bytes", test_parser_survives_random_bytes},
        {"tags match lists", test_tags_match_lists},
        {"dates are written", test_dates_are_written},
        {"files are found", test_files_are_found},
        {"damaged modules are refused", test_damaged_modules_are_refused},
        {"files are answered", test_files_are_answered},
        {"known files are not sent again", test_known_files_are_not_sent_again},
        {"errors are answered", test_errors_are_answered},
        {"directories are redirected", test_directories_are_redirected},
        {"pages are made", test_pages_are_made},
    };

    UNIT_SUITE("http", tests);
}
