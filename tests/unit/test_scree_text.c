/* SPDX-License-Identifier: MIT */
/* What `scree` shows to people: sizes, times, tables, states, rates. */
#include <stdlib.h>
#include <string.h>

#include "tools/scree/outcome.h"
#include "tools/scree/rates.h"
#include "tools/scree/states.h"
#include "tools/scree/text.h"
#include "unit.h"

void suite_scree_text(void);

static void test_sizes_and_spans(void)
{
    CU_ASSERT_STRING_EQUAL(text_size(0).text, "0 B");
    CU_ASSERT_STRING_EQUAL(text_size(1023).text, "1023 B");
    CU_ASSERT_STRING_EQUAL(text_size(1536).text, "1.5 KiB");
    CU_ASSERT_STRING_EQUAL(text_size(1 << 20).text, "1 MiB");
    CU_ASSERT_STRING_EQUAL(text_size((1 << 20) - 1).text, "1.0 MiB");
    CU_ASSERT_STRING_EQUAL(text_size(300ull << 30).text, "300 GiB");
    CU_ASSERT_STRING_EQUAL(text_size(UINT64_MAX).text, "16777216 TiB");
    CU_ASSERT_STRING_EQUAL(text_span(59).text, "59 s");
    CU_ASSERT_STRING_EQUAL(text_span(3599).text, "59 min");
    CU_ASSERT_STRING_EQUAL(text_span(86400).text, "24 h");
    CU_ASSERT_STRING_EQUAL(text_span(864000).text, "10 days");
    CU_ASSERT_STRING_EQUAL(text_time(86400.25).text,
                           "1970-01-02T00:00:00.250Z");
    CU_ASSERT_STRING_EQUAL(text_time(-5).text, "1970-01-01T00:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(text_count(0).text, "0");
    CU_ASSERT_STRING_EQUAL(text_count(0.5).text, "0.5");
    CU_ASSERT_STRING_EQUAL(text_count(9999).text, "9999");
    CU_ASSERT_STRING_EQUAL(text_count(123456).text, "123K");
}

static void test_since(void)
{
    static const char *const bad[] = {"",       "x",     "10x",
                                      "-5",     "2026-", "h",
                                      "1.2.3m", "10m ",  "2026-11-20T07:30+1"};
    double at;

    CU_ASSERT_TRUE(text_parse_since("10m", 1000, &at) && at == 400);
    CU_ASSERT_TRUE(text_parse_since("1h30m", 10000, &at) && at == 4600);
    CU_ASSERT_TRUE(text_parse_since("1.5h", 10000, &at) && at == 4600);
    CU_ASSERT_TRUE(text_parse_since("1700000000", 5, &at) && at == 1.7e9);
    CU_ASSERT_TRUE(text_parse_since("1970-01-02T00:00:05Z", 0, &at));
    CU_ASSERT_EQUAL(at, 86405);
    CU_ASSERT_TRUE(text_parse_since("2026-11-20", 0, &at));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT_FALSE(text_parse_since(bad[i], 0, &at));
}

static void test_a_table(void)
{
    static const char *const titles[] = {"NAME", "N", "LAST", NULL};
    struct table t;
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    table_begin(&t, titles);
    table_add(&t, "%s", "web");
    table_add(&t, "%d", 12);
    table_add(&t, "a\033\xc2\x9b\x62");
    table_add(&t, "%s", "d\xc3\xa9j\xc3\xa0");
    table_add(&t, "%s", "");
    table_add(&t, "x");
    table_print(&t, f, true);
    table_print(&t, f, false);
    fclose(f);
    CU_ASSERT_STRING_EQUAL(text, "NAME  N   LAST\n"
                                 "web   12  a\\x1b\\xc2\\x9bb\n"
                                 "d\xc3\xa9j\xc3\xa0      x\n"
                                 "web   12  a\\x1b\\xc2\\x9bb\n"
                                 "d\xc3\xa9j\xc3\xa0      x\n");
    table_free(&t);
    free(text);
}

static int status_of(const char *json)
{
    cJSON *o = cJSON_Parse(json);
    int status = outcome_status(o);

    cJSON_Delete(o);
    return status;
}

static void test_exit_codes(void)
{
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"poweroff\",\"code\":0}"), 0);
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"poweroff\",\"code\":7}"), 7);
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"poweroff\",\"code\":300}"), 255);
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"crash\",\"code\":0}"), 134);
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"killed\"}"), 137);
    CU_ASSERT_EQUAL(status_of("{\"reason\":\"watchdog\"}"), 142);
    CU_ASSERT_EQUAL(status_of("{}"), 0);
}

static void check_phase(const char *json, const char *says)
{
    cJSON *o = cJSON_Parse(json);

    CU_ASSERT_STRING_EQUAL(outcome_phase(o, 100).text, says);
    cJSON_Delete(o);
}

static void test_phases(void)
{
    check_phase("{\"phase\":\"ready\",\"why\":\"\",\"reason\":\"crash\"}",
                "ready");
    check_phase("{\"phase\":\"backoff\",\"next\":103.25,\"why\":\"x\","
                "\"reason\":\"crash\"}",
                "backoff (crash), next try in 3.2 s");
    check_phase("{\"phase\":\"backoff\",\"next\":90,\"code\":2,"
                "\"reason\":\"poweroff\"}",
                "backoff (2), next try in 0.0 s");
    check_phase("{\"phase\":\"down\",\"why\":\"not started\"}",
                "down: not started");
    check_phase("{\"phase\":\"down\",\"reason\":\"poweroff\",\"code\":3}",
                "down (3)");
    check_phase("{\"phase\":\"down\",\"reason\":\"killed\"}", "down (killed)");
    check_phase("{\"phase\":\"crashed\",\"why\":\"page fault\"}",
                "crashed: page fault");
}

static void test_states(void)
{
    cJSON *o = cJSON_Parse(
        "{\"image\":\"sha256:0123456789abcdef\",\"phase\":\"paused\","
        "\"forwards\":[{\"host\":1,\"guest\":2},{\"host\":3,\"guest\":4,"
        "\"protocol\":\"udp\"}],\"labels\":{\"a\":\"1\",\"b\":\"\"}}");

    CU_ASSERT_TRUE(states_runs(o));
    CU_ASSERT_STRING_EQUAL(states_image(o).text, "sha256:0123456789ab");
    CU_ASSERT_STRING_EQUAL(states_ports(o).text, "1->2, 3->4/udp");
    CU_ASSERT_STRING_EQUAL(states_labels(o).text, "a=1, b=");
    cJSON_Delete(o);
    o = cJSON_Parse("{\"phase\":\"down\",\"source\":{\"image\":\"/x/w.elf\"}}");
    CU_ASSERT_FALSE(states_runs(o));
    CU_ASSERT_STRING_EQUAL(states_image(o).text, "w");
    CU_ASSERT_STRING_EQUAL(states_ports(o).text, "-");
    cJSON_Delete(o);
}

static void take(struct rates *r, const char *states, const char *cell,
                 const struct rates *before)
{
    cJSON *s = cJSON_Parse(states), *c = cJSON_Parse(cell);

    rates_take(r, s, c, before);
    cJSON_Delete(s);
    cJSON_Delete(c);
}

/* b was made anew between the samples, c is new. */
static void test_rates(void)
{
    struct rates a, b;

    take(&a,
         "[{\"name\":\"b\",\"id\":2,\"wakeups\":1000},"
         "{\"name\":\"a\",\"id\":1,\"phase\":\"ready\",\"cpu_ns\":5}]",
         "{\"now_ns\":1000000000,\"idle_ns\":0,\"cpus\":2,\"frames_total\":10,"
         "\"frames_free\":4}",
         NULL);
    CU_ASSERT_EQUAL(a.ready, 1);
    CU_ASSERT_EQUAL(a.memory_used, 6 * 4096);
    take(&b,
         "[{\"name\":\"c\",\"id\":9,\"wakeups\":50},"
         "{\"name\":\"b\",\"id\":7,\"wakeups\":20},"
         "{\"name\":\"a\",\"id\":1,\"cpu_ns\":500000005,\"frames\":3}]",
         "{\"now_ns\":3000000000,\"idle_ns\":3000000000,\"cpus\":2}", &a);
    CU_ASSERT_DOUBLE_EQUAL(b.busy, 25, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(b.domains[0].rates[RATE_CPU], 25, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(b.domains[1].rates[RATE_WAKEUPS], 10, 0.001);
    CU_ASSERT_EQUAL(b.domains[2].rates[RATE_WAKEUPS], 0);
    rates_sort(&b, 'w', false);
    CU_ASSERT_STRING_EQUAL(b.domains[0].name, "b");
    rates_sort(&b, 'm', false);
    CU_ASSERT_STRING_EQUAL(b.domains[0].name, "a");
    rates_sort(&b, 'n', true);
    CU_ASSERT_STRING_EQUAL(b.domains[0].name, "c");
    rates_free(&a);
    rates_free(&b);
}

void suite_scree_text(void)
{
    static const struct unit_test tests[] = {
        {"sizes and spans", test_sizes_and_spans},
        {"since", test_since},
        {"a table", test_a_table},
        {"exit codes", test_exit_codes},
        {"phases", test_phases},
        {"states", test_states},
        {"rates", test_rates},
    };
    UNIT_SUITE("scree: text", tests);
}
