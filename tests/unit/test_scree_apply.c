/* SPDX-License-Identifier: MIT */
/*
 * What `scree apply` would do, without a cell: definitions to JSON and back,
 * differences, steps, clashes.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/scree/apply_plan.h"
#include "unit.h"

void suite_scree_apply(void);

#define MOST 8

/* Sections as a file has them, with digests for images. */
static void read_conf(struct conf *c, const char *text)
{
    struct why w = {""};

    CU_ASSERT_TRUE_FATAL(conf_parse(c, "f", text, strlen(text), &w));
}

static const char all_keys[] =
    "[domain web]\nimage = one\nfiles = two\nmemory = 2M\nweight = 7\n"
    "net-rate = 3M\ngroup = 2\naddress = 10.0.0.7\n"
    "forward = 80:81, 53:54/udp\ncmdline = a=1  b\nrestart = on-failure:2\n"
    "on_crash = preserve\nlabel = a=1, b=\nremove = yes\n"
    "source-image = /x/y\nsource-files = /z\n";

static void test_json_and_back(void)
{
    struct conf_domain back;
    struct conf c;
    struct error e;
    cJSON *json;
    char *text[2];
    size_t size;

    read_conf(&c, all_keys);
    json = definition_to_json(&c.domains[0]);
    CU_ASSERT_TRUE_FATAL(definition_from_json(json, &back, &e));
    for (int i = 0; i < 2; i++) {
        FILE *f = open_memstream(&text[i], &size);
        conf_write_domain(f, i ? &back : &c.domains[0]);
        fclose(f);
    }
    CU_ASSERT_STRING_EQUAL(text[0], text[1]);
    free(text[0]);
    free(text[1]);
    cJSON_Delete(json);
    conf_domain_free(&back);
    conf_free(&c);
}

static void test_odd_states_are_refused(void)
{
    static const char *const bad[] = {
        "{\"address\":\"ten\"}",
        "{\"restart\":\"perhaps\"}",
        "{\"on_crash\":\"explode\"}",
        "{\"labels\":{\"a\":1}}",
        "{\"forwards\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        cJSON *json = cJSON_Parse(bad[i]);
        struct conf_domain d;
        struct error e;
        CU_ASSERT_FALSE(definition_from_json(json, &d, &e));
        conf_domain_free(&d);
        cJSON_Delete(json);
    }
}

#define BASE "[domain web]\nimage = one\nmemory = 1M\naddress = 10.0.0.2\n"

static const struct {
    const char *is, *want;
    enum change change;
    const char *says;
} diffs[] = {
    {"", "", CHANGE_NONE, ""},
    {"label = a=1,b=2\n", "label = b=2,a=1\n", CHANGE_NONE, ""},
    {"forward = 1:2,3:4\n", "forward = 3:4,1:2\n", CHANGE_NONE, ""},
    {"weight = 5\n", "weight = 6\n", CHANGE_SET, "weight 5 -> 6"},
    {"", "net-rate = 1K\n", CHANGE_SET, "net-rate 0 -> 1024"},
    {"", "restart = always\n", CHANGE_SET, "restart no -> always"},
    {"", "label = a=1\n", CHANGE_SET, "labels"},
    {"", "files = x\n", CHANGE_REPLACE, "files"},
    {"group = 1\n", "", CHANGE_REPLACE, "group 1 -> 0"},
    {"", "on_crash = preserve\n", CHANGE_REPLACE,
     "on_crash destroy -> preserve"},
    {"", "forward = 1:2\n", CHANGE_REPLACE, "forwards"},
    {"cmdline = a\n", "cmdline = b\nweight = 1\n", CHANGE_REPLACE,
     "cmdline 'a' -> 'b', weight 256 -> 1"},
};

static void test_differences(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(diffs); i++) {
        struct conf is, want;
        char text[512];
        snprintf(text, sizeof(text), BASE "%s", diffs[i].is);
        read_conf(&is, text);
        snprintf(text, sizeof(text), BASE "%s", diffs[i].want);
        read_conf(&want, text);
        CU_ASSERT_EQUAL(definition_diff(&is.domains[0], &want.domains[0], text,
                                        sizeof(text)),
                        diffs[i].change);
        CU_ASSERT_STRING_EQUAL(text, diffs[i].says);
        conf_free(&is);
        conf_free(&want);
    }
}

static void test_what_is_left_open_does_not_differ(void)
{
    struct conf is, want;
    char text[64];

    read_conf(&is, BASE);
    read_conf(&want, "[domain web]\nimage = one\n");
    CU_ASSERT_EQUAL(
        definition_diff(&is.domains[0], &want.domains[0], text, sizeof(text)),
        CHANGE_NONE);
    is.domains[0].address_kind = CONF_NONE;
    CU_ASSERT_EQUAL(
        definition_diff(&is.domains[0], &want.domains[0], text, sizeof(text)),
        CHANGE_REPLACE);
    CU_ASSERT_STRING_EQUAL(text, "address none -> auto");
    /* a short text is cut, and nothing is written behind it */
    is.domains[0].group = 5;
    text[9] = '!';
    definition_diff(&is.domains[0], &want.domains[0], text, 9);
    CU_ASSERT_EQUAL(text[9], '!');
    CU_ASSERT(strlen(text) < 9);
    conf_free(&is);
    conf_free(&want);
}

/* ----------------------------------------------------------------- plans */

struct state {
    struct conf is_conf, want_conf;
    struct apply_is is[MOST];
    struct apply_plan plan;
    struct error e;
};

/* phases: one letter for each domain that is: r ready, d down, c crashed. */
static bool make(struct state *s, const char *is, const char *phases,
                 const char *want, bool prune)
{
    struct apply_want wanted;

    *s = (struct state){.plan = {0}};
    if (*is)
        read_conf(&s->is_conf, is);
    read_conf(&s->want_conf, want);
    for (size_t i = 0; i < s->is_conf.domain_count; i++) {
        s->is[i].domain = s->is_conf.domains[i];
        s->is[i].phase = phases[i] == 'r'   ? "ready"
                         : phases[i] == 'd' ? "down"
                                            : "crashed";
    }
    wanted = (struct apply_want){s->want_conf.domains,
                                 s->want_conf.domain_count, prune};
    return apply_make(&s->plan, s->is, s->is_conf.domain_count, &wanted, &s->e);
}

static void end(struct state *s)
{
    free(s->plan.steps);
    conf_free(&s->is_conf);
    conf_free(&s->want_conf);
}

#define D(name) "[domain " name "]\nimage = one\n"

static void test_steps(void)
{
    static const char is[] = D("old") D("same") D("set") D("new-image")
        D("always") "restart = always\n" D("job") D("stop")
            D("was-stopped") "stopped = yes\n";
    static const char want[] = D("added") D("same")
        D("set") "weight = 2\n"
                 "[domain new-image]\nimage = two\n" D(
                     "always") "restart = always\n" D("job")
                     D("stop") "stopped = yes\n" D("was-stopped");
    static const enum apply_kind kinds[] = {
        APPLY_ADD,  APPLY_KEEP, APPLY_SET,   APPLY_REPLACE, APPLY_START,
        APPLY_KEEP, APPLY_STOP, APPLY_START, APPLY_REMOVE};
    struct state s;

    CU_ASSERT_TRUE(make(&s, is, "rrrrddrd", want, true));
    CU_ASSERT_EQUAL_FATAL(s.plan.count, ARRAY_SIZE(kinds));
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        CU_ASSERT_EQUAL(s.plan.steps[i].kind, kinds[i]);
    CU_ASSERT_STRING_EQUAL(s.plan.steps[8].is->name, "old");
    CU_ASSERT_EQUAL(apply_count(&s.plan, APPLY_KEEP), 2);
    end(&s);
    CU_ASSERT_TRUE(make(&s, is, "rrrrrrdr", want, false));
    CU_ASSERT_EQUAL(apply_count(&s.plan, APPLY_REMOVE), 0);
    CU_ASSERT_EQUAL(apply_count(&s.plan, APPLY_START), 0);
    CU_ASSERT_EQUAL(apply_count(&s.plan, APPLY_STOP), 0);
    end(&s);
    CU_ASSERT_TRUE(make(&s, "", "", want, false));
    CU_ASSERT_EQUAL(apply_count(&s.plan, APPLY_ADD), 8);
    end(&s);
}

static void test_clashes_with_what_stays(void)
{
    static const char is[] = D("a") "address = 10.0.0.5\nforward = 80:80\n";
    struct state s;

    CU_ASSERT_FALSE(make(&s, is, "r", D("b") "address = 10.0.0.5\n", false));
    CU_ASSERT_STRING_EQUAL(s.e.code, "address-taken");
    CU_ASSERT_PTR_NOT_NULL(strstr(s.e.text, "10.0.0.5 is wanted for 'b', but "
                                            "'a' has it"));
    end(&s);
    CU_ASSERT_FALSE(make(&s, is, "d", D("b") "forward = 80:1\n", false));
    CU_ASSERT_STRING_EQUAL(s.e.code, "port-taken");
    end(&s);
    /* not if it is another protocol, if that one goes, or is in the file */
    CU_ASSERT_TRUE(make(&s, is, "r", D("b") "forward = 80:1/udp\n", false));
    end(&s);
    CU_ASSERT_TRUE(make(&s, is, "r", D("b") "forward = 80:1\n", true));
    end(&s);
    CU_ASSERT_TRUE(make(&s, is, "r", D("b") "forward = 80:1\n" D("a"), false));
    end(&s);
}

void suite_scree_apply(void)
{
    static const struct unit_test tests[] = {
        {"json and back", test_json_and_back},
        {"odd states are refused", test_odd_states_are_refused},
        {"differences", test_differences},
        {"what is left open does not differ",
         test_what_is_left_open_does_not_differ},
        {"steps", test_steps},
        {"clashes with what stays", test_clashes_with_what_stays},
    };
    UNIT_SUITE("scree: apply", tests);
}
