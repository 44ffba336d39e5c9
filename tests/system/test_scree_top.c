/* SPDX-License-Identifier: MIT */
/*
 * What a terminal's user gets: scree top (under tmux), man pages, completion
 * of bash. One cell for the whole suite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/net.h"
#include "tests/system/scree.h"
#include "tests/system/suites.h"

/* A server of our own, in the user's directory. */
#define TMUX "TMUX_TMPDIR=$D tmux -L top -f /dev/null "
#define SHOW TMUX "capture-pane -p -t top"

static struct user u;
static uint16_t port;

static int start(void)
{
    if (!scree_up(&u, "--memory 256M"))
        return 1;
    port = net_free_port(false);
    CHECK(user_ok(&u,
                  "scree run -d --name quiet --weight 77 hello;"
                  "scree run -d --name busy -m 4M life -- ticks=2;"
                  "scree run -d --name web -p %u:80 --files $S/site web",
                  port));
    return 0;
}

static int stop(void)
{
    (void)user_run(&u, 5, TMUX "kill-server");
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

/* The line of the pane that a domain stands in, from 1; 0: none. */
static unsigned line_of(const char *name)
{
    char regex[64], *save, *line;
    unsigned n = 0, found = 0;
    char text[16384];

    snprintf(regex, sizeof(regex), "%s ", name);
    (void)user_run(&u, 5, SHOW);
    snprintf(text, sizeof(text), "%.16000s", u.text);
    for (line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        n++;
        if (!found && strstr(line, regex))
            found = n;
    }
    return found;
}

static bool above(const char *a, const char *b)
{
    unsigned x = 0, y = 0;

    for (unsigned i = 0; i < 40; i++) {
        x = line_of(a);
        y = line_of(b);
        if (x && y && x < y)
            return true;
        usleep(100000);
    }
    printf(" [%s in line %u, %s in %u]\n%s", a, x, b, y, u.text);
    return false;
}

static void type(const char *keys)
{
    CHECK(user_ok(&u, TMUX "send-keys -t top %s", keys));
}

/* ------------------------------------------------------------------ top */

static void test_top(void)
{
    CHECK(user_ok(&u, TMUX "new-session -d -s top -x 110 -y 30 "
                           "'scree top; echo status $?; stty -a; exec sh'"));
    CHECK(user_until(&u, 10, "busy", SHOW));
    CHECK(user_until(&u, 5, "quiet", SHOW));
    CHECK(user_match(&u, "web", NULL, 0));
    CHECK(user_match(&u, "CPU|cpu", NULL, 0));
    CHECK(user_match(&u, "MEM|mem", NULL, 0));
    CHECK(user_match(&u, "3 domains|domains:? *3|3 of", NULL, 0));
    /* it lives: the busy one has its share after a second or two */
    CHECK(user_until(&u, 10, "busy.* [0-9]*[1-9][0-9.]*%?", SHOW));
}

static void test_sorts(void)
{
    type("m");
    CHECK(above("busy", "quiet"));
    type("n");
    CHECK(above("busy", "quiet") && above("quiet", "web"));
    type("c");
    CHECK(above("busy", "quiet"));
}

static void test_follows(void)
{
    CHECK(user_ok(&u, "scree run -d --name newcomer hello"));
    CHECK(user_until(&u, 10, "newcomer", SHOW));
    CHECK(user_ok(&u, "scree rm --force newcomer"));
    for (unsigned i = 0; i < 50 && line_of("newcomer"); i++)
        usleep(100000);
    CHECK(!line_of("newcomer"));
}

static void test_resizes(void)
{
    static const char *const sizes[] = {"-x 40 -y 8", "-x 10 -y 3",
                                        "-x 200 -y 50"};

    for (unsigned i = 0; i < 3; i++) {
        CHECK(user_ok(&u, TMUX "resize-window -t top %s", sizes[i]));
        usleep(400000);
        CHECK(user_ok(&u, SHOW));
        CHECK(!user_says(&u, "status"));
    }
    CHECK(user_until(&u, 5, "busy", SHOW));
}

/* The terminal is as it was before. */
static void test_quits(void)
{
    type("q");
    CHECK(user_until(&u, 5, "status 0", SHOW));
    CHECK(user_until(&u, 5, "[^-]icanon", SHOW));
    CHECK(user_until(&u, 5, "[^-]echo ", SHOW));
    CHECK(user_ok(&u, TMUX "display-message -p -t top "
                           "'#{cursor_flag} #{alternate_on}'"));
    CHECK(!strcmp(u.text, "1 0\n"));
    type("'echo typed again' Enter");
    CHECK(user_until(&u, 5, "^typed again", SHOW));
}

static void test_ends_with_the_cell(void)
{
    type("'scree top --cell none; echo status $?' Enter");
    CHECK(user_until(&u, 5, "status [1-9]", SHOW));
    CHECK(user_ok(&u, TMUX "kill-server"));
    CHECK(user_run(&u, 10,
                   "timeout 5 scree top </dev/null | cat; "
                   "exit ${PIPESTATUS:-0}") >= 0);
    CHECK(!user_says(&u, "\x1b["));
}

/* ---------------------------------------------------------- man, bash */

static void test_man_pages(void)
{
    CHECK(user_ok(&u, "ls tools/*/man/*.[158]"));
    CHECK(user_says(&u, "scree.1"));
    CHECK(user_run(&u, 60,
                   "for page in tools/*/man/*.[158]; do "
                   "groff -man -Tutf8 -ww -Kutf8 $page 2>&1 >/dev/null; "
                   "test $(groff -man -Tutf8 -Kutf8 $page 2>/dev/null | "
                   "wc -l) -gt 15 || echo short: $page; done") == 0);
    CHECK(!strcmp(u.text, ""));
    if (u.size)
        printf(" [%s]", u.text);
}

/* What bash would offer after the words. */
static void complete(const char *words, unsigned last)
{
    (void)user_run(
        &u, 10,
        "bash --norc -c 'source tools/scree/completion/scree; "
        "COMP_WORDS=(%s); COMP_CWORD=%u; COMP_LINE=\"${COMP_WORDS[*]}\"; "
        "COMP_POINT=${#COMP_LINE}; "
        "f=$(complete -p scree | sed \"s/.*-F \\([^ ]*\\).*/\\1/\"); "
        "$f scree \"${COMP_WORDS[COMP_CWORD]}\"; "
        "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
        words, last);
}

static void test_completion(void)
{
    complete("scree re", 1);
    CHECK(user_match(&u, "^resume *$", NULL, 0));
    CHECK(!user_match(&u, "^stop *$", NULL, 0));
    complete("scree stop \"\"", 2);
    CHECK(user_match(&u, "^busy *$", NULL, 0));
    CHECK(user_match(&u, "^web *$", NULL, 0));
    complete("scree stop qu", 2);
    CHECK(user_match(&u, "^quiet *$", NULL, 0));
    CHECK(!user_match(&u, "^busy *$", NULL, 0));
    complete("scree run --res", 2);
    CHECK(user_match(&u, "^--restart", NULL, 0));
}

/* What needs a terminal. */
static void add_top(CU_pSuite s)
{
    CU_add_test(s, "top shows domains and totals", test_top);
    CU_add_test(s, "it sorts", test_sorts);
    CU_add_test(s, "it follows", test_follows);
    CU_add_test(s, "it bears any size", test_resizes);
    CU_add_test(s, "q quits and the terminal is sane", test_quits);
    CU_add_test(s, "it fails cleanly", test_ends_with_the_cell);
}

void suite_scree_top(void)
{
    CU_pSuite s = CU_add_suite("scree_top", start, stop);

    if (terminal_exists())
        add_top(s);
    CU_add_test(s, "man pages render", test_man_pages);
    CU_add_test(s, "bash completes commands and names", test_completion);
}
