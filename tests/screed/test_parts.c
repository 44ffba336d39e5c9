/* SPDX-License-Identifier: MIT */
/* Parts of screed by themselves: frames, base64, tables, definitions, logs. */
#define _GNU_SOURCE
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/screed/daemon.h"
#include "tools/lib/base64.h"
#include "tools/lib/digest.h"
#include "tools/lib/paths.h"
#include "tools/screed/definition.h"
#include "tools/screed/frame.h"
#include "tools/screed/journal.h"
#include "tools/screed/ops.h"
#include "tools/screed/table.h"

static uint64_t state = 1;

static uint32_t any(uint32_t below)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33) % below;
}

/* --------------------------------------------------------------- frames */

static void frames_come_back(void)
{
    uint8_t payload[SCREE_FRAME_PAYLOAD];
    struct frame out, in;
    size_t used, size;

    for (size_t n = 0; n <= sizeof(payload); n += 251) {
        memset(payload, (int)n, sizeof(payload));
        size = frame_make(&out, SCREE_FRAME_STORE, 7, payload, n);
        for (size_t cut = 0; cut < size; cut += 97)
            CU_ASSERT(!frame_take((uint8_t *)&out, cut, &in, &used) && !used);
        CU_ASSERT(frame_take((uint8_t *)&out, size, &in, &used));
        CU_ASSERT_EQUAL(used, size);
        CU_ASSERT(in.head.tag == 7 && in.head.length == n);
        CU_ASSERT(!memcmp(in.payload, payload, n));
    }
}

/* Frames are found in any stream: rubbish between them, and heads that are
 * nearly good. Nothing is asked for beyond SCREE_FRAME_MAX bytes. */
static void frames_are_found_in_rubbish(void)
{
    static uint8_t stream[1 << 20];
    size_t size = 0, at = 0;
    unsigned made = 0, found = 0;
    struct frame f, in;

    while (size < sizeof(stream) - 3 * SCREE_FRAME_MAX) {
        size_t n = any(SCREE_FRAME_PAYLOAD);
        uint32_t rubbish = any(64);
        for (uint32_t i = 0; i < rubbish; i++)
            stream[size++] = (uint8_t) "scre\0\xff"[any(6)];
        memcpy(stream + size, &f, frame_make(&f, 5, made, stream, n));
        if (any(4) == 0)
            stream[size + any(16)] ^= 0x10; /* a bad one */
        else
            made++;
        size += 16 + n;
    }
    while (at < size) {
        size_t used, n = size - at;
        if (n > SCREE_FRAME_MAX)
            n = SCREE_FRAME_MAX;
        if (frame_take(stream + at, n, &in, &used))
            CU_ASSERT_EQUAL(in.head.tag, found++);
        at += used;
        if (!used)
            break;
    }
    CU_ASSERT_EQUAL(found, made);
}

/* ----------------------------------------------------------- small parts */

static void base64_is_exact(void)
{
    static const char *const bad[] = {
        "a", "ab", "abc", "a===", "ab=c", "ab==ab==", "a b=", "YQ=a", "YR=="};
    uint8_t bytes[64], back[64];
    char text[BASE64_ROOM(64)];
    size_t n;

    for (size_t i = 0; i <= 64; i++) {
        for (size_t k = 0; k < i; k++)
            bytes[k] = (uint8_t)any(256);
        base64_encode(bytes, i, text);
        n = sizeof(back);
        CU_ASSERT(base64_decode(text, back, &n) && n == i);
        CU_ASSERT(!memcmp(bytes, back, i));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        n = sizeof(back);
        CU_ASSERT(!base64_decode(bad[i], back, &n));
    }
    n = 2;
    CU_ASSERT(!base64_decode("YWJj", back, &n)); /* no room */
}

struct item {
    struct link link;
    uint32_t value;
};

static void tables_find_what_is_in(void)
{
    static struct item items[1000];
    struct table t = {0};

    for (uint32_t i = 0; i < 1000; i++) {
        items[i].value = i;
        table_add(&t, &items[i].link, i / 2);
    }
    for (uint32_t i = 0; i < 1000; i += 3)
        table_remove(&t, &items[i].link);
    for (uint32_t key = 0; key < 500; key++) {
        unsigned seen = 0, due = 0;
        struct link *l = NULL;
        for (uint32_t i = 2 * key; i < 2 * key + 2; i++)
            due += i % 3 != 0;
        while ((l = table_find(&t, key, l))) {
            CU_ASSERT_EQUAL(table_item(l, struct item, link)->value / 2, key);
            seen++;
        }
        CU_ASSERT_EQUAL(seen, due);
    }
    table_free(&t);
}

static void text_becomes_utf8(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *clean = op_clean_text(cases[i].in, strlen(cases[i].in));
        CU_ASSERT_STRING_EQUAL(clean, cases[i].out);
        free(clean);
    }
}

/* What the API takes as a definition is what it gives back, and what the file
 * of definitions gives back. */
static void definitions_survive(void)
{
    static const char text[] =
        "{\"name\":\"web\",\"image\":\"sha256:"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
        "\"memory\":1048576,\"weight\":7,\"net_rate\":1000,\"group\":3,"
        "\"address\":\"10.0.0.9\",\"forwards\":[{\"host\":8081,\"guest\":80,"
        "\"protocol\":\"tcp\"},{\"host\":53,\"guest\":53,\"protocol\":\"udp\"}]"
        ",\"cmdline\":\"a # b\\\\ #c = d\",\"restart\":\"on-failure:3\","
        "\"on_crash\":\"preserve\",\"remove\":false,"
        "\"labels\":{\"a\":\"1\",\"b\":\"x=y\"},"
        "\"source\":{\"image\":\"my web.elf\",\"files\":\"/srv/site\"}}";
    cJSON *json = cJSON_Parse(text), *back = cJSON_CreateObject();
    cJSON *again = cJSON_CreateObject();
    struct conf_domain d;
    struct conf c;
    struct error e;
    struct why w;
    char *file = NULL;
    size_t size;
    FILE *out = open_memstream(&file, &size);

    CU_ASSERT_FATAL(definition_parse(&d, json, &e));
    definition_put(back, &d);
    CU_ASSERT(cJSON_Compare(json, back, true));
    conf_write_domain(out, &d);
    fclose(out);
    CU_ASSERT_FATAL(conf_parse(&c, "f", file, size, &w));
    definition_put(again, &c.domains[0]);
    CU_ASSERT(cJSON_Compare(json, again, true));
    conf_free(&c);
    conf_domain_free(&d);
    free(file);
    cJSON_Delete(json);
    cJSON_Delete(back);
    cJSON_Delete(again);
}

/* ----------------------------------------------------------------- logs */

struct world {
    struct screed s;
    struct journal_log log;
};

static void begin(struct world *w, uint64_t bytes)
{
    struct error e;

    *w = (struct world){.log.name = "a"};
    snprintf(w->s.directory, sizeof(w->s.directory), "/tmp/scj.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(w->s.directory));
    w->s.base = event_base_new();
    w->s.options.log_bytes = bytes;
    w->s.options.log_files = 1;
    w->s.journal = journal_new(&w->s, &e);
}

static void finish(struct world *w)
{
    char command[PATH_ROOM + 16];

    journal_drop(w->s.journal, &w->log);
    journal_free(w->s.journal);
    event_base_free(w->s.base);
    snprintf(command, sizeof(command), "rm -rf %s", w->s.directory);
    (void)!system(command);
}

static void put(struct world *w, uint64_t ms, const char *text)
{
    journal_put(w->s.journal, &w->log, ms * 1000000, (const uint8_t *)text,
                strlen(text));
}

/* All lines, with '|' after each. */
static const char *get(struct world *w, uint64_t tail)
{
    static char all[1 << 20];
    struct journal_reader r;
    const char *text;
    size_t used = 0, n;
    uint64_t ms;

    journal_read(&r, &w->s, "a", tail, &w->log);
    while (journal_next(&r, &w->log, &ms, &text, &n))
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%.*s|",
                                 (int)n, text);
    all[used] = '\0';
    journal_read_end(&r);
    return all;
}

static void lines_are_put_together(void)
{
    struct world w;

    begin(&w, 1 << 20);
    put(&w, 1000, "one\ntw");
    CU_ASSERT_STRING_EQUAL(get(&w, UINT64_MAX), "one|tw|");
    put(&w, 2000, "o\r\n\nfour");
    CU_ASSERT_STRING_EQUAL(get(&w, UINT64_MAX), "one|two||four|");
    journal_flush(w.s.journal);
    CU_ASSERT_STRING_EQUAL(get(&w, UINT64_MAX), "one|two||four|");
    put(&w, 3000, "\nfive\n");
    CU_ASSERT_STRING_EQUAL(get(&w, UINT64_MAX), "one|two||four|five|");
    CU_ASSERT_STRING_EQUAL(get(&w, 0), "");
    CU_ASSERT_STRING_EQUAL(get(&w, 1), "five|");
    CU_ASSERT_STRING_EQUAL(get(&w, 3), "|four|five|");
    CU_ASSERT_STRING_EQUAL(get(&w, 4), "two||four|five|");
    CU_ASSERT_STRING_EQUAL(get(&w, 99), "one|two||four|five|");
    put(&w, 4000, "end");
    CU_ASSERT_STRING_EQUAL(get(&w, 2), "five|end|");
    journal_end_line(w.s.journal, &w.log);
    CU_ASSERT_STRING_EQUAL(get(&w, 1), "end|");
    finish(&w);
}

static void long_lines_are_cut(void)
{
    static char text[3 * JOURNAL_LINE_MAX + 2];
    struct world w;

    begin(&w, 1 << 20);
    memset(text, 'x', sizeof(text) - 2);
    text[sizeof(text) - 2] = '\n';
    put(&w, 1000, text);
    CU_ASSERT_EQUAL(strlen(get(&w, UINT64_MAX)), 3 * JOURNAL_LINE_MAX + 4);
    finish(&w);
}

static void files_are_rotated(void)
{
    struct world w;
    char line[32], last[64];
    const char *all;

    begin(&w, 4096);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "line %d\n", i);
        put(&w, (uint64_t)i, line);
        if (i % 50 == 49)
            journal_flush(w.s.journal);
    }
    all = get(&w, UINT64_MAX);
    snprintf(last, sizeof(last), "line 998|line 999|");
    CU_ASSERT(strlen(all) > strlen(last) &&
              !strcmp(all + strlen(all) - strlen(last), last));
    CU_ASSERT(strstr(all, "line 0|") == NULL);      /* that was long ago */
    CU_ASSERT_EQUAL(strlen(get(&w, 400)), 400 * 9); /* over both files */
    CU_ASSERT_EQUAL(journal_lost(w.s.journal), 0);
    finish(&w);
}

static void what_cannot_be_written_is_bounded(void)
{
    struct path p;
    struct world w;

    begin(&w, 1 << 20);
    p = screed_path(&w.s, "logs");
    CU_ASSERT(!rmdir(p.text));
    for (int i = 0; i < 100000; i++)
        put(&w, 1000, "a line that has no place to go to\n");
    CU_ASSERT(w.log.size <= JOURNAL_WAITING);
    CU_ASSERT(journal_lost(w.s.journal) > 90000);
    CU_ASSERT(!mkdir(p.text, 0700)); /* there is room again */
    journal_flush(w.s.journal);
    CU_ASSERT_EQUAL(w.log.size, 0);
    put(&w, 1000, "last\n");
    CU_ASSERT_STRING_EQUAL(get(&w, 1), "last|");
    finish(&w);
}

void suite_parts(void)
{
    CU_pSuite s = CU_add_suite("parts", NULL, NULL);

    CU_ADD_TEST(s, frames_come_back);
    CU_ADD_TEST(s, frames_are_found_in_rubbish);
    CU_ADD_TEST(s, base64_is_exact);
    CU_ADD_TEST(s, tables_find_what_is_in);
    CU_ADD_TEST(s, text_becomes_utf8);
    CU_ADD_TEST(s, definitions_survive);
    CU_ADD_TEST(s, lines_are_put_together);
    CU_ADD_TEST(s, long_lines_are_cut);
    CU_ADD_TEST(s, files_are_rotated);
    CU_ADD_TEST(s, what_cannot_be_written_is_bounded);
}
