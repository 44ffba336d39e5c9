/* SPDX-License-Identifier: MIT */
/*
 * cell.conf: every key, every refusal with its line, and the plan that is made
 * of it: copies, addresses, ports.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "unit.h"

void suite_conf(void);

#define WEB "[domain web]\nimage = w.elf\n"

static bool parse(struct conf *c, const char *text, struct why *w)
{
    return conf_parse(c, "cell.conf", text, strlen(text), w);
}

static void test_all_keys(void)
{
    static const char text[] = "# a cell\n"
                               "[cell]\n"
                               "network = 10.1.0.0/16 # wide\n"
                               "gateway = 10.1.0.9\n"
                               "resolver = 10.1.0.3\r\n"
                               "\n"
                               "[domain  web-1]\n"
                               "  image=w.elf\n"
                               "files = www\n"
                               "memory = 2M\n"
                               "weight = 65535\n"
                               "address = 10.1.0.7\n"
                               "forward = 8081:80, +2:53/udp\n"
                               "forward = +3:7/tcp\n"
                               "cmdline = a=b  c#d # comment\n"
                               "on_crash = preserve\n"
                               "net-rate = 10K\n"
                               "group = 3\n"
                               "count = 2";
    struct conf c;
    struct why w;
    const struct conf_domain *d;

    CU_ASSERT_TRUE_FATAL(parse(&c, text, &w));
    CU_ASSERT_EQUAL(c.network, 0x0a010000);
    CU_ASSERT_EQUAL(c.prefix, 16);
    CU_ASSERT_EQUAL(c.gateway, 0x0a010009);
    CU_ASSERT_EQUAL(c.resolver, 0x0a010003);
    CU_ASSERT_EQUAL_FATAL(c.domain_count, 1);
    d = &c.domains[0];
    CU_ASSERT_STRING_EQUAL(d->name, "web-1");
    CU_ASSERT_EQUAL(d->line, 7);
    CU_ASSERT_STRING_EQUAL(d->image, "w.elf");
    CU_ASSERT_STRING_EQUAL(d->files, "www");
    CU_ASSERT_EQUAL(d->memory, 2 << 20);
    CU_ASSERT_EQUAL(d->weight, 65535);
    CU_ASSERT_EQUAL(d->address_kind, CONF_FIXED);
    CU_ASSERT_EQUAL(d->address, 0x0a010007);
    CU_ASSERT_EQUAL(d->forward_count, 3);
    CU_ASSERT(d->forwards[1].relative && d->forwards[1].udp);
    CU_ASSERT_EQUAL(d->forwards[2].guest, 7);
    CU_ASSERT_STRING_EQUAL(d->cmdline, "a=b  c#d");
    CU_ASSERT_EQUAL(d->on_crash, SCREE_ON_CRASH_PRESERVE);
    CU_ASSERT_EQUAL(d->net_rate, 10240);
    CU_ASSERT_EQUAL(d->group, 3);
    CU_ASSERT_EQUAL(d->count, 2);
    conf_free(&c);
}

static void test_defaults(void)
{
    struct conf c;
    struct why w;

    CU_ASSERT_TRUE_FATAL(parse(&c, WEB, &w));
    CU_ASSERT_EQUAL(c.network, 0x0a000000);
    CU_ASSERT_EQUAL(c.prefix, 24);
    CU_ASSERT_EQUAL(c.gateway, 0x0a000001);
    CU_ASSERT_EQUAL(c.resolver, 0);
    CU_ASSERT_EQUAL(c.domains[0].weight, SCREE_WEIGHT_DEFAULT);
    CU_ASSERT_EQUAL(c.domains[0].address_kind, CONF_AUTO);
    CU_ASSERT_EQUAL(c.domains[0].count, 1);
    CU_ASSERT_EQUAL(c.domains[0].memory, 0);
    conf_free(&c);
}

static const struct {
    const char *text;
    const char *says; /* how the message begins, after "cell.conf:" */
} bad[] = {
    {"", "0: no domain"},
    {"[cell]\n", "1: no domain"},
    {"image = x\n", "1: a key before the first section"},
    {"[domain web\n", "1: a section ends with"},
    {"[domain]\n", "1: unknown section"},
    {"[domains web]\n", "1: unknown section"},
    {"[]\n", "1: unknown section"},
    {"[cell]\n[cell]\n", "2: a second [cell]; the first is in line 1"},
    {"[domain ]\n", "1: bad domain name"},
    {"[domain Web]\n", "1: bad domain name"},
    {"[domain -a]\n", "1: bad domain name"},
    {"[domain a-]\n", "1: bad domain name"},
    {"[domain a.b]\n", "1: bad domain name"},
    {"[domain abcdefghijklmnopqrstuvwxyzabcdef]\n", "1: bad domain name"},
    {"[domain web]\n\n[domain b]\n", "1: domain 'web' has no image"},
    {"[domain web]\nimage =\n", "2: 'image' has no value"},
    {WEB "image = x\n", "3: 'image' is given twice"},
    {WEB "what\n", "3: neither [section] nor key"},
    {WEB "colour = red\n", "3: there is no key 'colour' in [domain]"},
    {"[cell]\nimage = x\n", "2: there is no key 'image' in [cell]"},
    {WEB "files = @passwords\n", "3: files = @passwords: it wants"},
    {WEB "memory = 0\n", "3: memory"},
    {WEB "memory = 4097\n", "3: memory"},
    {WEB "memory = 2T\n", "3: memory"},
    {WEB "memory = -4K\n", "3: memory"},
    {WEB "memory = 2M2\n", "3: memory"},
    {WEB "memory = 18446744073709551616\n", "3: memory"},
    {WEB "memory = 18014398509481984K\n", "3: memory"},
    {WEB "memory = 99999999G\n", "3: memory"},
    {WEB "weight = 0\n", "3: weight"},
    {WEB "weight = 65536\n", "3: weight"},
    {WEB "weight = 0x10\n", "3: weight"},
    {WEB "address = 10.0.0\n", "3: address"},
    {WEB "address = 10.0.0.256\n", "3: address"},
    {WEB "address = 10.0.0.1.2\n", "3: address"},
    {WEB "address = 10.0.0.01\n", "3: address"},
    {WEB "forward = 80\n", "3: forward"},
    {WEB "forward = 0:80\n", "3: forward"},
    {WEB "forward = 80:0\n", "3: forward"},
    {WEB "forward = 65536:80\n", "3: forward"},
    {WEB "forward = 80:80/sctp\n", "3: forward"},
    {WEB "forward = 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10 11:11 12:12 "
         "13:13 14:14 15:15 16:16 17:17\n",
     "3: forward"},
    {WEB "on_crash = explode\n", "3: on_crash"},
    {WEB "net-rate = 0\n", "3: net-rate"},
    {WEB "group = 65536\n", "3: group"},
    {WEB "count = 0\n", "3: count"},
    {WEB "count = 131073\n", "3: count"},
    {"[cell]\nnetwork = 10.0.0.1/24\n", "2: network"},
    {"[cell]\nnetwork = 10.0.0.0/31\n", "2: network"},
    {"[cell]\nnetwork = 10.0.0.0\n", "2: network"},
    {"[cell]\ngateway = 0.0.0.0\n", "2: gateway"},
    {"[cell]\ngateway = 10.0.1.1\n" WEB, "1: gateway 10.0.1.1 is not a host"},
    {"[cell]\ngateway = 10.0.0.255\n" WEB, "1: gateway"},
    {"[domain \001]\n", "1: a control character (1)"},
    {WEB "restart = sometimes\n", "3: restart"},
    {WEB "restart = always:3\n", "3: restart"},
    {WEB "restart = on-failure:0\n", "3: restart"},
    {WEB "restart = no\non_crash = restart\n", "1: domain 'web' has on_crash"},
    {WEB "label = tier\n", "3: label"},
    {WEB "label = Tier=a\n", "3: label"},
    {WEB "label = a=1,a=2\n", "3: label"},
    {WEB "label = a=1\nlabel = a=2\n", "4: label"},
    {WEB "stopped = perhaps\n", "3: stopped"},
    {WEB "control = 1\n", "3: control"},
    {WEB "cmdline = \"a\n", "3: a value begins with"},
    {WEB "cmdline = \"a\" b\n", "3: text after a quoted value"},
    {WEB "image = \"\n", "3: a value begins with"},
};

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct conf c;
        struct why w = {""};
        bool good = parse(&c, bad[i].text, &w);
        const char *says = w.text + strlen("cell.conf:");

        CU_ASSERT_FALSE(good);
        if (good || strncmp(says, bad[i].says, strlen(bad[i].says)) != 0) {
            printf("\n%s  gave: %s\n", bad[i].text, w.text);
            CU_FAIL("wrong message");
        }
        conf_free(&c);
    }
}

/* What is written of a section, parsed again, is written alike. */
static void check_again(const struct conf *c)
{
    char *text[2];
    size_t size[2];
    struct conf again;
    struct why w = {""};

    for (int i = 0; i < 2; i++) {
        FILE *f = open_memstream(&text[i], &size[i]);
        conf_write_domain(f, i ? &again.domains[0] : &c->domains[0]);
        fclose(f);
        if (!i)
            CU_ASSERT_TRUE_FATAL(parse(&again, text[0], &w));
    }
    CU_ASSERT_STRING_EQUAL(text[0], text[1]);
    CU_ASSERT_STRING_EQUAL(again.domains[0].cmdline, c->domains[0].cmdline);
    CU_ASSERT_EQUAL(again.domains[0].label_count, c->domains[0].label_count);
    conf_free(&again);
    free(text[0]);
    free(text[1]);
}

static void test_keys_of_a_live_cell_and_back(void)
{
    static const char text[] =
        "[domain web]\n"
        "image = sha256:0123456789abcdef0123456789abcdef0123456789abcdef"
        "0123456789abcdef\n"
        "source-image = \"/a b#c/web.elf\" # where it was\n"
        "files = www\nsource-files = /srv/www\n"
        "memory = 1536K\nweight = 9\naddress = none\n"
        "forward = 8081:80,+1:53/udp\nnet-rate = 3M\ngroup = 2\n"
        "cmdline = \" say=\\\"hi\\\" #1 \\\\ \"\n"
        "restart = on-failure:3\nstopped = yes\nremove = yes\n"
        "on_crash = preserve\ncontrol = yes\ncount = 2\n"
        "label = tier=front, stage=\nlabel = a.b/c=x=y\n";
    struct conf c;
    struct why w = {""};
    const struct conf_domain *d;

    CU_ASSERT_TRUE(parse(&c, text, &w));
    CU_ASSERT_STRING_EQUAL_FATAL(w.text, "");
    d = &c.domains[0];
    CU_ASSERT_STRING_EQUAL(d->source_image, "/a b#c/web.elf");
    CU_ASSERT_STRING_EQUAL(d->source_files, "/srv/www");
    CU_ASSERT_STRING_EQUAL(d->cmdline, " say=\"hi\" #1 \\ ");
    CU_ASSERT_EQUAL(d->restart, SCREE_RESTART_ON_FAILURE);
    CU_ASSERT_EQUAL(d->retries, 3);
    CU_ASSERT(d->stopped && d->remove && d->control);
    CU_ASSERT_EQUAL_FATAL(d->label_count, 3);
    CU_ASSERT_STRING_EQUAL(d->labels[1], "stage=");
    CU_ASSERT_STRING_EQUAL(d->labels[2], "a.b/c=x=y");
    check_again(&c);
    conf_free(&c);
    CU_ASSERT_TRUE_FATAL(parse(&c, WEB "cmdline = say \"x\"\n", &w));
    CU_ASSERT_STRING_EQUAL(c.domains[0].cmdline, "say \"x\"");
    check_again(&c);
    conf_free(&c);
    CU_ASSERT_TRUE_FATAL(parse(&c, WEB "cmdline = \"\rsay\r\"\n", &w));
    CU_ASSERT_STRING_EQUAL(c.domains[0].cmdline, "\rsay\r");
    check_again(&c);
    conf_free(&c);
}

static void test_long_line_is_refused(void)
{
    char text[CONF_LINE_MAX + 100];
    struct conf c;
    struct why w;

    memset(text, 'a', sizeof(text));
    memcpy(text, WEB "cmdline = ", strlen(WEB "cmdline = "));
    CU_ASSERT_FALSE(conf_parse(&c, "f", text, sizeof(text), &w));
    CU_ASSERT_STRING_EQUAL(w.text, "f:3: a line of more than 4095 bytes");
    conf_free(&c);
    /* fits the line, but not a command line */
    CU_ASSERT_FALSE(conf_parse(&c, "f", text, 800, &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "at most 511 bytes"));
    conf_free(&c);
}

/* Makes the plan of text; true if it could. */
static bool plan(struct conf *c, struct plan *p, const char *text,
                 struct why *w)
{
    CU_ASSERT_TRUE_FATAL(parse(c, text, w));
    return plan_make(p, c, w);
}

static void free_both(struct plan *p, struct conf *c)
{
    plan_free(p);
    conf_free(c);
}

static void test_copies_have_names_and_addresses_in_a_row(void)
{
    static const char text[] = WEB "count = 3\n"
                                   "[domain a]\nimage = x\naddress = none\n"
                                   "[domain b]\nimage = x\n"
                                   "address = 10.0.0.3\n"
                                   "[domain c]\nimage = x\n";
    struct conf c;
    struct plan p;
    struct why w;

    CU_ASSERT_TRUE_FATAL(plan(&c, &p, text, &w));
    CU_ASSERT_EQUAL_FATAL(p.count, 6);
    CU_ASSERT_STRING_EQUAL(p.domains[0].name, "web-1");
    CU_ASSERT_STRING_EQUAL(p.domains[2].name, "web-3");
    CU_ASSERT_EQUAL(p.domains[0].ipv4, 0x0a000004);
    CU_ASSERT_EQUAL(p.domains[2].ipv4, 0x0a000006);
    CU_ASSERT_EQUAL(p.domains[3].ipv4, 0);
    CU_ASSERT_EQUAL(p.domains[4].ipv4, 0x0a000003);
    CU_ASSERT_EQUAL(p.domains[5].ipv4, 0x0a000007);
    free_both(&p, &c);
}

static const struct {
    const char *text;
    const char *says;
} clashes[] = {
    {WEB WEB, "a second domain of this name"},
    {WEB "count = 2\n[domain web-2]\nimage = x\n", "a second domain"},
    {"[domain abcdefghijklmnopqrstuvwxyzabc]\nimage = x\ncount = 100\n",
     "too long for its copies"},
    {WEB "address = 10.0.0.1\n", "its address is taken (or the gateway's)"},
    {WEB "address = 10.0.0.5\n[domain b]\nimage = x\naddress = 10.0.0.4\n"
         "count = 3\n",
     "its address is taken"},
    {WEB "address = 10.0.0.255\n", "not a host of the cell's network"},
    {WEB "address = 10.0.0.0\n", "not a host"},
    {WEB "address = 10.0.0.250\ncount = 9\n", "not a host"},
    {WEB "address = 255.255.255.255\ncount = 9\n", "not a host"},
    {WEB "count = 254\n", "no address is left"},
    {"[cell]\nnetwork = 10.0.0.0/30\n" WEB "[domain b]\nimage = x\n",
     "no address is left"},
    {WEB "count = 131072\naddress = none\n[domain b]\nimage = x\n",
     "more than 131072 domains"},
};

static void test_clashes(void)
{
    for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++) {
        struct conf c;
        struct plan p;
        struct why w = {""};
        bool good = plan(&c, &p, clashes[i].text, &w);

        CU_ASSERT_FALSE(good);
        if (good || !strstr(w.text, clashes[i].says)) {
            printf("\n%s  gave: %s\n", clashes[i].text, w.text);
            CU_FAIL("wrong message");
        }
        free_both(&p, &c);
    }
}

static void test_forwards_count_from_the_first_port(void)
{
    struct conf c;
    struct plan p;
    struct plan_forwards f;
    struct why w;

    CU_ASSERT_TRUE_FATAL(
        plan(&c, &p, WEB "count = 2\nforward = +1:80, 99:53/udp\n", &w));
    CU_ASSERT_TRUE_FATAL(plan_forward(&p, 8080, &f, &w));
    CU_ASSERT_EQUAL_FATAL(f.count, 4);
    CU_ASSERT_EQUAL(f.list[0].host, 8081);
    CU_ASSERT_EQUAL(f.list[1].host, 99);
    CU_ASSERT_TRUE(f.list[1].udp);
    CU_ASSERT_EQUAL(f.list[2].host, 8082);
    CU_ASSERT_EQUAL(f.list[3].host, 100);
    free(f.list);
    CU_ASSERT_FALSE(plan_forward(&p, 65534, &f, &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "above 65535"));
    free(f.list);
    free_both(&p, &c);
}

static void test_a_host_port_is_forwarded_once(void)
{
    struct conf c;
    struct plan p;
    struct plan_forwards f;
    struct why w;

    CU_ASSERT_TRUE_FATAL(
        plan(&c, &p, WEB "forward = 8081:80 8081:80/udp +1:81\n", &w));
    CU_ASSERT_FALSE(plan_forward(&p, 8080, &f, &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "forwarded already"));
    free(f.list);
    free_both(&p, &c);
    CU_ASSERT_TRUE_FATAL(
        plan(&c, &p, WEB "address = none\nforward = 1:80\n", &w));
    CU_ASSERT_FALSE(plan_forward(&p, 8080, &f, &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "has no address"));
    free(f.list);
    free_both(&p, &c);
}

void suite_conf(void)
{
    static const struct unit_test tests[] = {
        {"all keys", test_all_keys},
        {"defaults", test_defaults},
        {"refusals", test_refusals},
        {"keys of a live cell, and back", test_keys_of_a_live_cell_and_back},
        {"a long line is refused", test_long_line_is_refused},
        {"copies have names and addresses in a row",
         test_copies_have_names_and_addresses_in_a_row},
        {"clashes", test_clashes},
        {"forwards count from the first port",
         test_forwards_count_from_the_first_port},
        {"a host port is forwarded once", test_a_host_port_is_forwarded_once},
    };
    UNIT_SUITE("conf", tests);
}
