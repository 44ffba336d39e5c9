/* SPDX-License-Identifier: MIT */
/* A cell's days: domains come and go, screed and QEMU too. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/screed/daemon.h"

static void runs_and_removes(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "web", "say=hello", ",'labels':{'tier':'front'}"));
    CU_ASSERT(daemon_is(&d, "web", "phase", "ready"));
    CU_ASSERT(daemon_is(&d, "web", "address", "10.0.0.2"));
    CU_ASSERT(daemon_is(&d, "web", "labels", "{\"tier\":\"front\"}"));
    CU_ASSERT(daemon_refused(
        &d, "name-taken", "{'op':'run','domain':{'name':'web','image':'%s'}}",
        d.image));
    CU_ASSERT(daemon_refused(&d, "bad-state", "{'op':'rm','name':'web'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'pause','name':'web'}"));
    CU_ASSERT(daemon_until(&d, "web", "phase", "paused"));
    CU_ASSERT(daemon_ok(&d, "{'op':'resume','name':'web'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'stop','name':'web'}"));
    CU_ASSERT(daemon_is(&d, "web", "phase", "down"));
    CU_ASSERT(daemon_is(&d, "web", "reason", "poweroff"));
    CU_ASSERT(daemon_refused(&d, "bad-state", "{'op':'kill','name':'web'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'start','name':'web'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'kill','name':'web'}"));
    CU_ASSERT(daemon_until(&d, "web", "reason", "killed"));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'web'}"));
    CU_ASSERT(daemon_is(&d, "web", "phase", NULL));
    CU_ASSERT(daemon_refused(&d, "no-such-domain", "{'op':'rm','name':'web'}"));
    daemon_end(&d);
}

static void makes_names_and_addresses(void)
{
    struct daemon d;
    cJSON *answer;
    const char *name;

    daemon_begin(&d);
    answer = daemon_ask(&d, "{'op':'run','domain':{'image':'%s'}}", d.image);
    name = json_text(cJSON_GetObjectItem(answer, "domain"), "name", "");
    CU_ASSERT(strchr(name, '-') != NULL);
    cJSON_Delete(answer);
    CU_ASSERT(daemon_run(&d, "b", "", ",'address':'10.0.0.3'"));
    CU_ASSERT(daemon_run(&d, "c", "", ""));
    CU_ASSERT(daemon_is(&d, "c", "address", "10.0.0.4"));
    CU_ASSERT(daemon_run(&d, "n", "", ",'address':'none'"));
    CU_ASSERT(daemon_is(&d, "n", "address", "none"));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'b','force':true}"));
    CU_ASSERT(daemon_run(&d, "d", "", ""));
    CU_ASSERT(daemon_is(&d, "d", "address", "10.0.0.3"));
    daemon_end(&d);
}

static void exits_are_told(void)
{
    struct daemon d;
    cJSON *answer;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "three", "exit=3", ""));
    answer = daemon_ask(&d, "{'op':'wait','name':'three'}");
    CU_ASSERT_EQUAL(json_number(answer, "code", 99), 3);
    CU_ASSERT_STRING_EQUAL(json_text(answer, "reason", ""), "poweroff");
    cJSON_Delete(answer);
    CU_ASSERT(daemon_run(&d, "bad", "crash", ""));
    CU_ASSERT(daemon_until(&d, "bad", "phase", "crashed"));
    CU_ASSERT(daemon_run(&d, "gone", "exit=0", ",'remove':true"));
    CU_ASSERT(daemon_until(&d, "gone", "phase", NULL));
    CU_ASSERT(daemon_run(&d, "gone", "early exit=0", ",'remove':true"));
    CU_ASSERT(daemon_until(&d, "gone", "phase", NULL));
    daemon_end(&d);
}

static void attached_run_has_its_console(void)
{
    struct daemon d;
    cJSON *answer;

    daemon_begin(&d);
    answer = daemon_ask(&d,
                        "{'op':'run','console':true,'domain':{'image':'%s',"
                        "'cmdline':'say=hello exit=7','remove':true}}",
                        d.image);
    CU_ASSERT_EQUAL(json_number(answer, "code", 99), 7);
    cJSON_Delete(answer);
    answer = daemon_ask(&d,
                        "{'op':'run','console':true,'domain':{'name':'x',"
                        "'image':'%s','cmdline':'early exit=8','remove':true}}",
                        d.image);
    CU_ASSERT_EQUAL(json_number(answer, "code", 99), 8);
    cJSON_Delete(answer);
    CU_ASSERT(daemon_is(&d, "x", "phase", NULL));
    daemon_end(&d);
}

struct seen {
    char text[4096];
};

static void collect(void *context, const cJSON *line)
{
    struct seen *s = context;
    size_t used = strlen(s->text);

    snprintf(s->text + used, sizeof(s->text) - used, "%s|",
             json_text(line, "line", ""));
}

static void logs_are_kept(void)
{
    struct daemon d;
    struct seen s = {""};
    const struct client_lines lines = {collect, &s};
    cJSON *request;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "early say=one", ""));
    CU_ASSERT(daemon_run(&d, "b", "early say=two", ""));
    request = cJSON_Parse("{\"op\":\"logs\",\"names\":[\"*\"]}");
    CU_ASSERT(client_call(&d.api, request, &lines, NULL, &d.error));
    CU_ASSERT_STRING_EQUAL(s.text, "one|two|");
    s.text[0] = '\0';
    usleep(200000); /* now they are in files */
    request = cJSON_Parse("{\"op\":\"logs\",\"name\":\"a\",\"tail\":1}");
    CU_ASSERT(client_call(&d.api, request, &lines, NULL, &d.error));
    CU_ASSERT_STRING_EQUAL(s.text, "one|");
    CU_ASSERT(daemon_refused(&d, "no-such-domain",
                             "{'op':'logs','name':'../screed'}"));
    daemon_end(&d);
}

static void screed_dies_and_the_cell_goes_on(void)
{
    struct daemon d;
    pid_t cell;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "",
                         ",'labels':{'k':'v'},'forwards':[{"
                         "'host':18999,'guest':80}]"));
    CU_ASSERT(daemon_run(&d, "b", "", ",'restart':'always'"));
    CU_ASSERT(daemon_ok(&d, "{'op':'stop','name':'b'}"));
    cell = daemon_cell(&d);
    for (int round = 0; round < 3; round++) {
        daemon_kill(&d, round == 1 ? SIGTERM : SIGKILL);
        CU_ASSERT_FATAL(daemon_start(&d));
        CU_ASSERT_EQUAL(daemon_cell(&d), cell);
        CU_ASSERT(daemon_until(&d, "a", "phase", "ready"));
        CU_ASSERT(daemon_is(&d, "a", "labels", "{\"k\":\"v\"}"));
        CU_ASSERT(daemon_is(&d, "b", "phase", "down"));
        CU_ASSERT(daemon_refused(&d, "port-taken",
                                 "{'op':'run','domain':{'image':'%s','forwards'"
                                 ":[{'host':18999,'guest':80}]}}",
                                 d.image));
    }
    daemon_end(&d);
}

static void the_cell_dies_and_comes_again(void)
{
    struct daemon d;
    pid_t cell;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "no", "", ""));
    CU_ASSERT(daemon_run(&d, "rm", "", ",'remove':true"));
    CU_ASSERT(daemon_run(&d, "always", "", ",'restart':'always'"));
    CU_ASSERT(daemon_run(&d, "unless", "", ",'restart':'unless-stopped'"));
    CU_ASSERT(daemon_run(&d, "failure", "", ",'restart':'on-failure:3'"));
    CU_ASSERT(daemon_run(&d, "stopped", "", ",'restart':'unless-stopped'"));
    CU_ASSERT(daemon_run(&d, "done", "exit=0", ",'restart':'on-failure'"));
    CU_ASSERT(daemon_ok(&d, "{'op':'stop','name':'stopped'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'stop','name':'always'}"));
    cell = daemon_cell(&d);
    kill(cell, SIGKILL);
    CU_ASSERT(daemon_until(&d, "always", "phase", "ready"));
    CU_ASSERT(daemon_until(&d, "unless", "phase", "ready"));
    CU_ASSERT(daemon_until(&d, "failure", "phase", "ready"));
    CU_ASSERT(daemon_is(&d, "no", "phase", "down"));
    CU_ASSERT(daemon_is(&d, "stopped", "phase", "down"));
    CU_ASSERT(daemon_is(&d, "done", "phase", "down"));
    CU_ASSERT(daemon_is(&d, "rm", "phase", NULL));
    CU_ASSERT_NOT_EQUAL(daemon_cell(&d), cell);
    CU_ASSERT(daemon_ok(&d, "{'op':'start','name':'no'}"));
    CU_ASSERT(daemon_is(&d, "no", "phase", "ready"));
    daemon_end(&d);
}

static void both_die(void)
{
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "say=hello", ",'restart':'always'"));
    CU_ASSERT(daemon_run(&d, "b", "", ""));
    kill(daemon_cell(&d), SIGKILL);
    daemon_kill(&d, SIGKILL);
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_until(&d, "a", "phase", "ready"));
    CU_ASSERT(daemon_is(&d, "b", "phase", "down"));
    daemon_end(&d);
}

static void many_at_once_are_answered_in_order(void)
{
    char line[512];
    struct daemon d;
    cJSON *answer;

    daemon_begin(&d);
    for (int i = 0; i < 500; i++) {
        int n = snprintf(line, sizeof(line),
                         "{\"id\":%d,\"op\":\"run\",\"domain\":{\"name\":"
                         "\"d-%d\",\"image\":\"%s\"}}\n"
                         "{\"id\":%d,\"op\":\"rm\",\"name\":\"d-%d\","
                         "\"force\":true}\n",
                         2 * i, i, d.image, 2 * i + 1, i);
        CU_ASSERT_FATAL(client_send_bytes(&d.api, line, (size_t)n, &d.error));
    }
    for (uint64_t i = 0; i < 1000; i++) {
        CU_ASSERT_FATAL(client_receive(&d.api, 10000, &answer, &d.error));
        CU_ASSERT(json_true(answer, "ok"));
        CU_ASSERT_EQUAL(json_number(answer, "id", 9999), i);
        cJSON_Delete(answer);
    }
    daemon_end(&d);
}

static void a_kill_need_not_wait_for_a_stop(void)
{
    static const char lines[] =
        "{\"id\":1,\"op\":\"stop\",\"name\":\"deaf\",\"time\":60}\n"
        "{\"id\":2,\"op\":\"kill\",\"name\":\"deaf\"}\n";
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "deaf", "deaf", ""));
    CU_ASSERT(client_send_bytes(&d.api, lines, sizeof(lines) - 1, &d.error));
    for (int i = 0; i < 2; i++) {
        cJSON *answer = NULL;
        CU_ASSERT(client_receive(&d.api, 5000, &answer, &d.error));
        CU_ASSERT(json_true(answer, "ok"));
        cJSON_Delete(answer);
    }
    daemon_end(&d);
}

static void changes_stay(void)
{
    struct daemon d;
    char *text;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "x # y", ",'source':{'image':'a b.elf'}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'set','name':'a','weight':7,'net_rate':4096,"
                            "'restart':'on-failure:2','labels':{'a':'b'}}"));
    CU_ASSERT(daemon_refused(&d, "bad-request",
                             "{'op':'set','name':'a','weight':0}"));
    daemon_kill(&d, SIGKILL); /* before state.conf was written */
    CU_ASSERT_FATAL(daemon_start(&d));
    CU_ASSERT(daemon_is(&d, "a", "weight", "7"));
    CU_ASSERT(daemon_is(&d, "a", "net_rate", "4096"));
    CU_ASSERT(daemon_is(&d, "a", "restart", "on-failure:2"));
    CU_ASSERT(daemon_is(&d, "a", "cmdline", "x # y"));
    CU_ASSERT(daemon_is(&d, "a", "source", "{\"image\":\"a b.elf\"}"));
    usleep(1500000);
    text = daemon_file(&d, "state.conf");
    CU_ASSERT(strstr(text, "[domain a]") != NULL);
    CU_ASSERT(strstr(text, "weight = 7") != NULL);
    free(text);
    daemon_end(&d);
}

void suite_life(void)
{
    CU_pSuite s = CU_add_suite("life", NULL, NULL);

    CU_ADD_TEST(s, runs_and_removes);
    CU_ADD_TEST(s, makes_names_and_addresses);
    CU_ADD_TEST(s, exits_are_told);
    CU_ADD_TEST(s, attached_run_has_its_console);
    CU_ADD_TEST(s, logs_are_kept);
    CU_ADD_TEST(s, screed_dies_and_the_cell_goes_on);
    CU_ADD_TEST(s, the_cell_dies_and_comes_again);
    CU_ADD_TEST(s, both_die);
    CU_ADD_TEST(s, many_at_once_are_answered_in_order);
    CU_ADD_TEST(s, a_kill_need_not_wait_for_a_stop);
    CU_ADD_TEST(s, changes_stay);
}
