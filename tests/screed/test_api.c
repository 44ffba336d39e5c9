/* SPDX-License-Identifier: MIT */
/* What may come over the API socket, and how it is borne. */
#define _GNU_SOURCE
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/screed/daemon.h"

#define LONG_LINE 70000

static void says(struct daemon *d, const char *line, const char *answer)
{
    char got[4096];
    int fd = daemon_connect(d, "api.sock");
    ssize_t n;

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(send(fd, line, strlen(line), MSG_NOSIGNAL) > 0);
    n = daemon_read(fd, got, sizeof(got) - 1, 5000);
    got[n > 0 ? n : 0] = '\0';
    CU_ASSERT(strstr(got, answer) != NULL);
    if (!strstr(got, answer))
        printf("%.60s: %s\n", line, got);
    close(fd);
}

static void bad_requests_are_named(void)
{
    static const char *const lines[][2] = {
        {"rubbish\n", "JSON object"},
        {"[1,2]\n", "JSON object"},
        {"{\"id\":1}\n", "\\\"op\\\" is missing"},
        {"{\"id\":\"x\",\"op\":\"ls\"}\n", "must be a number"},
        {"{\"id\":1,\"op\":\"fly\"}\n", "no op 'fly'"},
        {"{\"id\":1,\"op\":\"ls\",\"nmes\":[]}\n", "unknown field"},
        {"{\"id\":1,\"op\":\"ls\",\"names\":\"a\"}\n", "must be a list"},
        {"{\"id\":1,\"op\":\"ls\",\"names\":[1]}\n", "list of strings"},
        {"{\"id\":1,\"op\":\"run\"}\n", "must be an object"},
        {"{\"id\":1,\"op\":\"run\",\"domain\":{}}\n", "image\\\" is missing"},
        {"{\"id\":1,\"op\":\"run\",\"domain\":{\"image\":\"x\"}}\n", "sha256"},
        {"{\"id\":1,\"op\":\"kill\"}\n", "name\\\" is missing"},
        {"{\"id\":1,\"op\":\"kill\",\"name\":7}\n", "must be a string"},
        {"{\"id\":1,\"op\":\"kill\",\"name\":\"../x\"}\n", "no-such-domain"},
        {"{\"id\":1,\"op\":\"image-has\",\"digest\":\"sha256:\"}\n", "digest"},
        {"{\"id\":1,\"op\":\"logs\",\"tail\":-1}\n", "tail"},
        {"{\"id\":1,\"op\":\"logs\",\"since\":\"now\"}\n", "since"},
    };
    struct daemon d;

    daemon_begin(&d);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        says(&d, lines[i][0], lines[i][1]);
    daemon_end(&d);
}

static void bad_definitions_are_named(void)
{
    static const char *const more[][2] = {
        {"'name':'Web'", "bad-request"},
        {"'name':'a','memory':5000", "bad-request"},
        {"'memory':4096", "bad-request"},
        {"'weight':70000", "bad-request"},
        {"'weight':1.5", "bad-request"},
        {"'address':'10.0.0.300'", "bad-address"},
        {"'address':'11.0.0.1'", "bad-address"},
        {"'address':'10.0.0.0'", "bad-address"},
        {"'address':'10.0.0.1'", "bad-address"},
        {"'address':'10.255.255.255'", "bad-address"},
        {"'address':'none','forwards':[{'host':1,'guest':1}]", "bad-request"},
        {"'forwards':[{'host':0,'guest':1}]", "bad-request"},
        {"'forwards':[{'host':70000,'guest':1}]", "bad-request"},
        {"'forwards':[{'host':1,'guest':1,'protocol':'x'}]", "bad-request"},
        {"'forwards':[{'host':18998,'guest':1},{'host':18998,'guest':2}]",
         "bad-request"},
        {"'restart':'sometimes'", "bad-request"},
        {"'restart':'always','remove':true", "bad-request"},
        {"'on_crash':'dance'", "bad-request"},
        {"'labels':{'A':'b'}", "bad-request"},
        {"'labels':{'a':7}", "bad-request"},
        {"'labels':{'a':'1','a':'2'}", "bad-request"},
        {"'labels':['a']", "bad-request"},
        {"'colour':'red'", "bad-request"},
    };
    struct daemon d;

    daemon_begin(&d);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        CU_ASSERT(daemon_refused(&d, more[i][1],
                                 "{'op':'run','domain':{'image':'%s',%s}}",
                                 d.image, more[i][0]));
    CU_ASSERT(daemon_refused(&d, "no-such-image",
                             "{'op':'run','domain':{'image':'sha256:%064d'}}",
                             7));
    daemon_end(&d);
}

static void long_and_deep_lines_are_refused(void)
{
    struct daemon d;
    char *line = malloc(LONG_LINE + 1);

    daemon_begin(&d);
    memset(line, 'x', LONG_LINE);
    line[LONG_LINE] = '\0';
    says(&d, line, "at most 65536");
    line[LONG_LINE - 1] = '\n';
    says(&d, line, "at most 65536");
    memset(line, '[', 60000);
    line[60000] = '\n';
    line[60001] = '\0';
    says(&d, line, "bad-request");
    free(line);
    daemon_end(&d);
}

static void slow_and_broken_clients_harm_nobody(void)
{
    static const char part[] = "{\"id\":1,\"op\":\"l";
    int fds[50];
    struct daemon d;

    daemon_begin(&d);
    for (int i = 0; i < 50; i++) {
        fds[i] = daemon_connect(&d, "api.sock");
        CU_ASSERT(send(fds[i], part, sizeof(part) - 1, MSG_NOSIGNAL) > 0);
    }
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    for (int i = 0; i < 50; i++) {
        CU_ASSERT(send(fds[i], "s\"}\n", 4, MSG_NOSIGNAL) == 4);
        close(fds[i]); /* and does not wait for the answer */
    }
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    daemon_end(&d);
}

static void who_does_not_read_is_cut_off(void)
{
    static const char follow[] =
        "{\"id\":1,\"op\":\"logs\",\"names\":[\"*\"],\"follow\":true}\n";
    char bytes[65536];
    struct daemon d;
    int fd, closed = 0;

    daemon_begin(&d);
    fd = daemon_connect(&d, "api.sock");
    CU_ASSERT(send(fd, follow, sizeof(follow) - 1, MSG_NOSIGNAL) > 0);
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    CU_ASSERT(daemon_run(&d, "loud", "flood=60000", ""));
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    for (int i = 0; i < 1000 && !closed; i++)
        closed = daemon_read(fd, bytes, sizeof(bytes), 3000) == 0;
    CU_ASSERT(closed);
    close(fd);
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'loud','force':true}"));
    daemon_end(&d);
}

static unsigned files_in(struct daemon *d, const char *name)
{
    char path[256];
    struct dirent *entry;
    unsigned count = 0;
    DIR *dir;

    daemon_path(d, name, path);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

static void objects_must_be_what_they_say(void)
{
    char bytes[8192] = {0}, digest[80], line[256];
    struct daemon d;
    int fd, n;

    daemon_begin(&d);
    CU_ASSERT_EQUAL(files_in(&d, "objects"), 1);
    CU_ASSERT_FALSE(put_object(&d, bytes, sizeof(bytes), digest)); /* zeros */
    n = snprintf(line, sizeof(line),
                 "{\"op\":\"image-put\",\"digest\":\"%s\",\"size\":8192}\n",
                 d.image);
    fd = daemon_connect(&d, "api.sock");
    CU_ASSERT(send(fd, line, (size_t)n, MSG_NOSIGNAL) == n);
    CU_ASSERT(send(fd, bytes, 8192, MSG_NOSIGNAL) == 8192);
    CU_ASSERT(daemon_read(fd, line, sizeof(line), 5000) > 0);
    CU_ASSERT(strstr(line, "bad-request") != NULL);
    close(fd);
    fd = daemon_connect(&d, "api.sock"); /* dies in the middle */
    n = snprintf(line, sizeof(line),
                 "{\"op\":\"image-put\",\"digest\":\"%s\",\"size\":8192}\n",
                 d.image);
    CU_ASSERT(send(fd, line, (size_t)n, MSG_NOSIGNAL) == n);
    CU_ASSERT(send(fd, bytes, 100, MSG_NOSIGNAL) == 100);
    close(fd);
    CU_ASSERT(daemon_refused(&d, "bad-request",
                             "{'op':'image-put','digest':'%s','size':0}",
                             d.image));
    CU_ASSERT(daemon_ok(&d, "{'op':'image-ls'}"));
    CU_ASSERT_EQUAL(files_in(&d, "objects"), 1);
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    CU_ASSERT(daemon_refused(&d, "bad-state", "{'op':'image-rm','digest':'%s'}",
                             d.image));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'a','force':true}"));
    CU_ASSERT(daemon_ok(&d, "{'op':'image-rm','digest':'%s'}", d.image));
    CU_ASSERT_EQUAL(files_in(&d, "objects"), 0);
    daemon_end(&d);
}

static void ports_are_forwarded_once(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct daemon d;

    daemon_begin(&d);
    CU_ASSERT(!bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 1) &&
              !getsockname(fd, (struct sockaddr *)&a, &n));
    CU_ASSERT(daemon_refused(&d, "port-taken",
                             "{'op':'run','domain':{'image':'%s','forwards':[{"
                             "'host':%d,'guest':80}]}}",
                             d.image, ntohs(a.sin_port)));
    CU_ASSERT(strstr(d.error.text, "in use") != NULL);
    close(fd);
    /* the cell's QEMU refuses: nothing is left of it */
    CU_ASSERT(daemon_refused(&d, "port-taken",
                             "{'op':'run','domain':{'name':'x','image':'%s',"
                             "'forwards':[{'host':6666,'guest':80}]}}",
                             d.image));
    CU_ASSERT(daemon_is(&d, "x", "phase", NULL));
    CU_ASSERT(
        daemon_run(&d, "x", "", ",'forwards':[{'host':18997,'guest':80}]"));
    CU_ASSERT(daemon_ok(&d, "{'op':'rm','name':'x','force':true}"));
    CU_ASSERT(
        daemon_run(&d, "y", "", ",'forwards':[{'host':18997,'guest':80}]"));
    daemon_end(&d);
}

static void metrics_are_served(void)
{
    static const char get[] = "GET /metrics?per=domain HTTP/1.0\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char page[65536];
    size_t size = 0;
    struct daemon d;
    const char *url;
    cJSON *answer;
    ssize_t n;
    int fd;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "", ",'labels':{'tier':'x'}"));
    answer = daemon_ask(&d, "{'op':'cell'}");
    url = json_text(cJSON_GetObjectItem(answer, "cell"), "metrics", "");
    a.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    cJSON_Delete(answer);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
    CU_ASSERT(send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL) > 0);
    while (size < sizeof(page) - 1 &&
           (n = daemon_read(fd, page + size, sizeof(page) - 1 - size, 5000)) >
               0)
        size += (size_t)n;
    page[size] = '\0';
    close(fd);
    CU_ASSERT(strstr(page, "scree_cell_up 1\n") != NULL);
    CU_ASSERT(strstr(page, "scree_domain_up{domain=\"a\"} 1\n") != NULL);
    CU_ASSERT(strstr(page, "scree_label_domains{key=\"tier\",value=\"x\"} 1") !=
              NULL);
    daemon_end(&d);
}

static void console_takes_input(void)
{
    static const char lines[] = "{\"id\":5,\"op\":\"console\",\"name\":\"a\"}\n"
                                "{\"id\":5,\"in\":\"aGk=\"}\n";
    static const char kill[] = "{\"id\":6,\"op\":\"kill\",\"name\":\"a\"}\n";
    struct daemon d;
    cJSON *line = NULL;

    daemon_begin(&d);
    CU_ASSERT(daemon_run(&d, "a", "", ""));
    CU_ASSERT(client_send_bytes(&d.api, lines, sizeof(lines) - 1, &d.error));
    CU_ASSERT(client_receive(&d.api, 5000, &line, &d.error));
    CU_ASSERT_STRING_EQUAL(json_text(line, "out", ""), "PGhpPg=="); /* <hi> */
    cJSON_Delete(line);
    CU_ASSERT(client_send_bytes(&d.api, kill, sizeof(kill) - 1, &d.error));
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(client_receive(&d.api, 5000, &line, &d.error));
        CU_ASSERT(json_true(line, "ok"));
        cJSON_Delete(line);
    }
    daemon_end(&d);
}

void suite_api(void)
{
    CU_pSuite s = CU_add_suite("api", NULL, NULL);

    CU_ADD_TEST(s, bad_requests_are_named);
    CU_ADD_TEST(s, bad_definitions_are_named);
    CU_ADD_TEST(s, long_and_deep_lines_are_refused);
    CU_ADD_TEST(s, slow_and_broken_clients_harm_nobody);
    CU_ADD_TEST(s, who_does_not_read_is_cut_off);
    CU_ADD_TEST(s, objects_must_be_what_they_say);
    CU_ADD_TEST(s, ports_are_forwarded_once);
    CU_ADD_TEST(s, metrics_are_served);
    CU_ADD_TEST(s, console_takes_input);
}
