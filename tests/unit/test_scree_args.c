/* SPDX-License-Identifier: MIT */
/*
 * The command line of `scree`: options, words, what `run` makes of them, and
 * what is refused.
 */
#include <string.h>

#include "tools/scree/args.h"
#include "tools/scree/nearest.h"
#include "tools/scree/request.h"
#include "unit.h"

void suite_scree_args(void);

static const struct args_option options[] = {
    {"detach", 'd', NULL, "x"},
    {"memory", 'm', "SIZE", "x"},
    {"label", 'l', "KEY=VALUE", "x"},
    {"wait", 'w', "[SECONDS]", "x"},
    {"name", 0, "NAME", "x"},
    {"ip", 0, "ADDRESS", "x"},
    {"publish", 'p', "H:G", "x"},
    {"weight", 0, "N", "x"},
    {"group", 0, "N", "x"},
    {"net-rate", 0, "RATE", "x"},
    {"restart", 0, "WHEN", "x"},
    {"on-crash", 0, "WHAT", "x"},
    {"rm", 0, NULL, "x"},
    {"set", 0, "K=V", "x"},
    {NULL, 0, NULL, NULL},
};

static struct args args;

/* Words of the text, at blanks; "%20" is a blank inside one. */
static bool parse(const char *text, struct error *e)
{
    static char copy[512];
    static char *argv[64];
    int argc = 0;

    snprintf(copy, sizeof(copy), "run %s", text);
    for (char *s = strtok(copy, " "); s; s = strtok(NULL, " ")) {
        char *blank;
        while ((blank = strstr(s, "%20"))) {
            *blank = ' ';
            memmove(blank + 1, blank + 3, strlen(blank + 3) + 1);
        }
        argv[argc++] = s;
    }
    argv[argc] = NULL;
    return args_parse(&args, options, argc, argv, e);
}

static void test_options_and_words(void)
{
    struct error e;
    size_t at = 0;

    CU_ASSERT_TRUE_FATAL(parse("-dm 2M web --label a=1 x -lb=2 --name=n "
                               "-w --cell c -- -m y",
                               &e));
    CU_ASSERT_TRUE(args_has(&args, "detach"));
    CU_ASSERT_STRING_EQUAL(args_value(&args, "memory"), "2M");
    CU_ASSERT_STRING_EQUAL(args_value(&args, "name"), "n");
    CU_ASSERT_STRING_EQUAL(args_value(&args, "wait"), "");
    CU_ASSERT_STRING_EQUAL(args_value(&args, "cell"), "c");
    CU_ASSERT_STRING_EQUAL(args_next(&args, "label", &at), "a=1");
    CU_ASSERT_STRING_EQUAL(args_next(&args, "label", &at), "b=2");
    CU_ASSERT_PTR_NULL(args_next(&args, "label", &at));
    CU_ASSERT_FALSE(args_has(&args, "ip"));
    CU_ASSERT_EQUAL_FATAL(args.word_count, 2);
    CU_ASSERT_STRING_EQUAL(args.words[0], "web");
    CU_ASSERT_STRING_EQUAL(args.words[1], "x");
    CU_ASSERT_EQUAL_FATAL(args.rest_count, 2);
    CU_ASSERT_STRING_EQUAL(args.rest[0], "-m");
    CU_ASSERT_TRUE(parse("- --wait 5", &e));
    CU_ASSERT_STRING_EQUAL(args.words[0], "-");
    CU_ASSERT_STRING_EQUAL(args_value(&args, "wait"), "5");
}

static void test_wrong_options(void)
{
    static const char *const bad[][2] = {
        {"--nope", "unknown option '--nope'"},
        {"-x", "unknown option '-x'"},
        {"-dx", "unknown option '-x'"},
        {"--memory", "--memory wants SIZE"},
        {"-m", "--memory wants SIZE"},
        {"--detach=yes", "--detach takes no value"},
        {"--mem 2M", "unknown option '--mem'"},
    };
    struct error e;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CU_ASSERT_FALSE(parse(bad[i][0], &e));
        CU_ASSERT_STRING_EQUAL(e.code, "usage");
        CU_ASSERT_STRING_EQUAL(e.text, bad[i][1]);
    }
}

static void test_a_whole_request(void)
{
    struct conf_domain d;
    struct error e = {"", ""};

    CU_ASSERT_TRUE_FATAL(
        parse("--name web -m 1536K --ip 10.0.0.9 -p 8080:80 -p "
              "127.0.0.1:53:53/udp -l a=1 -l b= --weight 9 --group 3 "
              "--net-rate 10M --restart on-failure:3 --on-crash preserve --set "
              "x=1 image word -- a -b",
              &e));
    CU_ASSERT_TRUE(request_read(&args, &d, &e));
    CU_ASSERT_STRING_EQUAL_FATAL(e.text, "");
    CU_ASSERT_STRING_EQUAL(d.name, "web");
    CU_ASSERT_EQUAL(d.memory, 1536 << 10);
    CU_ASSERT_EQUAL(d.address_kind, CONF_FIXED);
    CU_ASSERT_EQUAL(d.address, 0x0a000009);
    CU_ASSERT_EQUAL_FATAL(d.forward_count, 2);
    CU_ASSERT_EQUAL(d.forwards[0].host, 8080);
    CU_ASSERT_TRUE(d.forwards[1].udp && d.forwards[1].host == 53);
    CU_ASSERT_EQUAL_FATAL(d.label_count, 2);
    CU_ASSERT_STRING_EQUAL(d.labels[1], "b=");
    CU_ASSERT_EQUAL(d.weight, 9);
    CU_ASSERT_EQUAL(d.group, 3);
    CU_ASSERT_EQUAL(d.net_rate, 10 << 20);
    CU_ASSERT_EQUAL(d.restart, SCREE_RESTART_ON_FAILURE);
    CU_ASSERT_EQUAL(d.retries, 3);
    CU_ASSERT_EQUAL(d.on_crash, SCREE_ON_CRASH_PRESERVE);
    CU_ASSERT_STRING_EQUAL(d.cmdline, "x=1 word a -b");
    conf_domain_free(&d);
}

static void test_wrong_requests(void)
{
    static const char *const bad[] = {
        "--name Web i",
        "-m 1000 i",
        "-m 0 i",
        "-m 9999999999G i",
        "--ip 10.0.0 i",
        "-p 80 i",
        "-p +1:80 i",
        "-p 1.2.3.4:80:80 i",
        "--ip none -p 8:8 i",
        "-l tier i",
        "-l a=1 -l a=2 i",
        "--weight 0 i",
        "--weight 65536 i",
        "--group 65536 i",
        "--net-rate 0 i",
        "--restart sometimes i",
        "--on-crash restart i",
        "--rm --restart always i",
        "--set x i",
        "--set =x i",
        "--set a=b%20c i",
        "i -- a\tb\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct conf_domain d;
        struct error e;
        bool good;

        CU_ASSERT_TRUE(parse(bad[i], &e));
        good = request_read(&args, &d, &e);
        if (good || strcmp(e.code, "usage") != 0)
            printf("\n'%s' was taken\n", bad[i]);
        CU_ASSERT_FALSE(good);
        conf_domain_free(&d);
    }
}

static void test_a_command_line_has_a_limit(void)
{
    struct conf_domain d;
    struct error e;

    for (int over = 0; over < 2; over++) {
        static char word[SCREE_CMDLINE_MAX + 2];
        char *argv[] = {"run", "i", "--", word, NULL};
        memset(word, 'a', sizeof(word) - 1);
        word[SCREE_CMDLINE_MAX - 1 + over] = '\0';
        CU_ASSERT_TRUE(args_parse(&args, options, 4, argv, &e));
        CU_ASSERT_EQUAL(request_read(&args, &d, &e), !over);
        conf_domain_free(&d);
    }
}

static void test_the_nearest_command(void)
{
    CU_ASSERT_EQUAL(nearest_distance("ls", "ls"), 0);
    CU_ASSERT_EQUAL(nearest_distance("sl", "ls"), 1);
    CU_ASSERT_EQUAL(nearest_distance("rn", "run"), 1);
    CU_ASSERT_EQUAL(nearest_distance("inspct", "inspect"), 1);
    CU_ASSERT_EQUAL(nearest_distance("", "run"), 3);
    CU_ASSERT_EQUAL(nearest_distance("pauses", "pause"), 1);
    CU_ASSERT_EQUAL(
        nearest_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "run"), 100);
}

void suite_scree_args(void)
{
    static const struct unit_test tests[] = {
        {"options and words", test_options_and_words},
        {"wrong options", test_wrong_options},
        {"a whole request", test_a_whole_request},
        {"wrong requests", test_wrong_requests},
        {"a command line has a limit", test_a_command_line_has_a_limit},
        {"the nearest command", test_the_nearest_command},
    };
    UNIT_SUITE("scree: command line", tests);
}
