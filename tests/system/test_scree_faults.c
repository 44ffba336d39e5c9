/* SPDX-License-Identifier: MIT */
/*
 * What a user gets wrong, and what a host refuses: each ends with an error
 * that says what to do, and with nothing half made. One cell, of a small
 * network, for the whole suite; a few tests have one of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/scree.h"
#include "tests/system/suites.h"

static struct user u;
static long long frames;

static int start(void)
{
    if (!scree_up(&u, "--memory 128M --cidr 10.1.2.0/28"))
        return 1;
    CHECK(user_ok(&u, "scree run --rm life"));
    CHECK(user_ok(&u, "scree image rm --unused"));
    frames = scree_cell_value(&u, "frames_available");
    return 0;
}

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

/* A run that must be refused, and leaves nothing. */
static void refused(const char *text, const char *words)
{
    CHECK(user_refused(&u, 125, text, "scree run -d --name no %s", words));
    CHECK(user_refused(&u, 3, "no domain", "scree inspect no"));
}

/* ---------------------------------------------------------------- images */

static void test_no_such_image(void)
{
    refused("nowhere.elf", "nowhere.elf");
    refused("sha256:", "sha256:00");
    refused("regular file", "/tmp");
}

static void test_not_an_elf(void)
{
    CHECK(user_ok(&u, "echo 'just text' >$D/text; : >$D/empty;"
                      "head -c 100 $S/guests/hello.elf >$D/short.elf"));
    refused("ELF", "$D/text");
    refused("ELF", "$D/empty");
    refused("short.elf", "$D/short.elf");
}

static void test_foreign_programs(void)
{
    refused("position independent", "/bin/true");
    CHECK(user_ok(&u, "cp $S/guests/hello.elf $D/arm.elf;"
                      "printf '\\267' | dd of=$D/arm.elf bs=1 seek=18 "
                      "conv=notrunc status=none"));
    refused("x86-64", "$D/arm.elf");
    refused("scree.elf", "$S/hypervisor/scree.elf");
}

static void test_too_large(void)
{
    refused("memory", "-m 64G hello");
    refused("memory", "-m 120M hello");
    refused("needs", "-m 4K web");
    CHECK(user_refused(&u, 2, "lots", "scree run -d -m lots hello"));
    CHECK(user_ok(&u, "mkdir $D/huge; truncate -s 300M $D/huge/file"));
    refused("huge", "--files $D/huge web");
    CHECK(user_ok(&u, "rm -r $D/huge"));
    refused("nothere", "--files $D/nothere web");
}

/* ------------------------------------------------------ names, addresses */

static void test_names(void)
{
    CHECK(user_ok(&u, "scree run -d --name taken hello"));
    CHECK(user_refused(&u, 125, "taken", "scree run -d --name taken hello"));
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(user_ok(&u, "scree rm --force taken"));
    CHECK(user_run(&u, 10, "scree run -d --name 'Not Good' hello") > 0);
    CHECK(user_says(&u, "a-z"));
    CHECK(user_run(&u, 10,
                   "scree run -d --name "
                   "a-name-that-is-far-too-long-for-anybody hello") > 0);
    CHECK(user_run(&u, 10, "scree run -d --name ../up hello") > 0);
    CHECK(user_ok(&u, "ls -A $D"));
    CHECK(!user_says(&u, "up.log"));
}

static void test_addresses(void)
{
    CHECK(user_ok(&u, "scree run -d --name one --ip 10.1.2.5 hello"));
    refused("one", "--ip 10.1.2.5 hello");
    refused("10.1.2.0/28", "--ip 10.9.9.9 hello");
    refused("10.1.2", "--ip 10.1.2.0 hello");
    refused("10.1.2", "--ip 10.1.2.15 hello");
    refused("gateway", "--ip 10.1.2.1 hello");
    CHECK(user_run(&u, 10, "scree run -d --name no --ip 10.1.2 hello") > 0);
    CHECK(user_ok(&u, "scree rm --force one"));
}

/* 16 addresses, less those of network, broadcast, gateway and QEMU. */
static void test_addresses_run_out(void)
{
    CHECK(user_run(&u, 60,
                   "for i in $(seq 20); do scree run -d --name n-$i hello || "
                   "exit; done") == 125);
    CHECK(user_says(&u, "n-12"));
    CHECK(user_says(&u, "no address"));
    CHECK(user_ok(&u, "scree rm --force n-3 n-4"));
    CHECK(user_ok(&u, "scree run -d --name n-3 hello"));
    CHECK(user_ok(&u, "scree rm --force 'n-*'"));
}

/* -------------------------------------------------------------- ports */

static void test_ports(void)
{
    uint16_t port = net_free_port(false);
    char words[128];
    int fd;

    CHECK(user_ok(&u, "scree run -d --name one -p %u:80 --files $S/site web",
                  port));
    CHECK(scree_http(port, 5));
    snprintf(words, sizeof(words), "-p %u:80 hello", port);
    refused("one", words);
    CHECK(scree_http(port, 5));
    CHECK(user_ok(&u, "scree rm --force one"));
    for (unsigned i = 0; i < 20; i++) {
        fd = tcp_connect(port, 500);
        if (fd < 0)
            break;
        close(fd);
        usleep(50000);
    }
    CHECK(fd < 0);
}

/* A socket that listens on a free port of the host. */
static int listener(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 1) == 0 &&
          getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* Somebody else's. */
static void test_foreign_port(void)
{
    char words[128];
    uint16_t port;
    int fd = listener(&port);

    snprintf(words, sizeof(words), "-p %u:80 hello", port);
    refused("in use", words);
    close(fd);
}

static void test_port_syntax(void)
{
    static const char *const bad[] = {
        "80",       "0:80",   "x:80", "80:x",      "8080:80/sctp",
        "70000:80", "8080:0", ":",    "8080:80:80"};

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (!CHECK(user_run(&u, 10, "scree run -d --name no -p %s hello",
                            bad[i]) > 0))
            printf(" [%s]", bad[i]);
    CHECK(user_refused(&u, 3, "no domain", "scree inspect no"));
}

/* --------------------------------------------------------- the cell gone */

static void test_no_cell(void)
{
    CHECK(user_refused(&u, 4, "scree up", "scree ls --cell nobody"));
    CHECK(user_refused(&u, 4, "scree up", "SCREE_HOME=$D/void scree ls"));
    CHECK(user_refused(&u, 4, "scree up", "SCREE_HOME=$D/void scree stop web"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/void scree cells"));
    CHECK(user_run(&u, 10, "scree ls --cell ../t") > 0);
    CHECK(user_run(&u, 10, "scree up --name ../x") > 0);
    CHECK(user_run(&u, 10, "scree up --name X_Y") > 0);
}

static void test_bad_up(void)
{
    static const char *const bad[] = {
        "--memory lots",      "--memory 1",      "--cpus 0",
        "--cpus many",        "--cidr 10.0.0.0", "--cidr 10.0.0.1/8",
        "--cidr 10.0.0.0/33", "--net pigeon",    "--accel warp",
        "--net tap:",         "--colour red",
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (!CHECK(user_run(&u, 10, "scree up --name bad %s", bad[i]) > 0))
            printf(" [%s]", bad[i]);
    CHECK(user_ok(&u, "scree cells"));
    CHECK(!user_says(&u, "bad"));
}

/* Two cells: who does not say which is told so. */
static void test_two_cells(void)
{
    CHECK(user_run(&u, 30, "scree up --name second --memory 64M") == 0);
    CHECK(user_ok(&u, "scree cells"));
    CHECK(user_says(&u, "second"));
    CHECK(user_run(&u, 10, "scree ls") > 0);
    CHECK(user_says(&u, "--cell"));
    CHECK(user_ok(&u, "scree ls --cell second"));
    CHECK(user_ok(&u, "SCREE_CELL=second scree run -d --name x hello"));
    CHECK(user_ok(&u, "scree ls --cell t --json"));
    CHECK(!user_match(&u, JSON("name", "x"), NULL, 0));
    CHECK(user_ok(&u, "scree down --rm --cell second"));
    CHECK(user_ok(&u, "scree ls"));
}

/* Whoever comes first starts it, and all have it. */
static void test_up_at_once(void)
{
    CHECK(user_run(&u, 40,
                   "for i in 1 2 3 4; do scree up --name crowd --memory 64M "
                   "& pids=\"$pids $!\"; done; "
                   "for p in $pids; do wait $p || exit 1; done") == 0);
    CHECK(user_ok(&u, "scree ls --cell crowd"));
    CHECK(user_ok(&u, "scree down --rm --cell crowd"));
    CHECK(user_ok(&u, "ls $D/home"));
    CHECK(!strcmp(u.text, "t\n"));
}

/* A cell whose screed has died can be ended all the same. */
static void test_down_without_screed(void)
{
    CHECK(user_run(&u, 30, "scree up --name lone --memory 64M") == 0);
    CHECK(user_run(&u, 30,
                   "qemu=$(cat $D/home/lone/qemu.pid);"
                   "kill -9 $(cat $D/home/lone/screed.pid); sleep 0.3;"
                   "scree down --rm --cell lone || exit 1;"
                   "for i in $(seq 50); do kill -0 $qemu || exit 0; "
                   "sleep 0.1; done 2>/dev/null; kill $qemu; exit 2") == 0);
}

/* The cell that `run` starts when there is none. */
static void test_run_starts_a_cell(void)
{
    CHECK(user_run(&u, 30,
                   "SCREE_HOME=$D/other scree run --rm life -- code=5") == 5);
    CHECK(user_ok(&u, "SCREE_HOME=$D/other scree cells"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/other scree down"));
}

/* ---------------------------------------------------------- host refuses */

static void test_unwritable_home(void)
{
    CHECK(user_ok(&u, "echo text >$D/file"));
    CHECK(user_run(&u, 10, "SCREE_HOME=$D/file/x scree up") > 0);
    CHECK(user_says(&u, "SCREE_HOME"));
    if (geteuid() == 0) {
        CHECK(user_ok(&u, "mkdir -m 755 $D/closed"));
        CHECK(user_run(&u, 10,
                       "chmod 711 $D; SCREE_HOME=$D/closed/x setpriv "
                       "--reuid=65534 --regid=65534 --clear-groups scree up; "
                       "status=$?; chmod 700 $D; exit $status") > 0);
        CHECK(user_says(&u, "SCREE_HOME") || user_says(&u, "closed"));
    }
}

static void test_long_home(void)
{
    CHECK(user_run(&u, 10,
                   "SCREE_HOME=$D/$(printf 'x%%.0s' $(seq 120)) scree up") > 0);
    CHECK(user_says(&u, "too long"));
    CHECK(user_says(&u, "SCREE_HOME"));
}

static void test_no_library(void)
{
    CHECK(user_run(&u, 10, "SCREE_LIB=$D/nothing SCREE_HOME=$D/h2 scree up") >
          0);
    CHECK(user_says(&u, "SCREE_LIB") || user_says(&u, "scree.elf"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/h2 scree cells"));
}

/* Logs lie on a file system of 64 KiB: the domains go on, and so do screed
 * and the last lines. */
static void test_log_disk_full(void)
{
    if (geteuid() != 0) {
        printf(" [skipped: not root]");
        return;
    }
    if (user_run(&u, 5, "unshare -m mount -t tmpfs tmpfs $D")) {
        printf(" [skipped: nothing can be mounted]");
        return;
    }
    CHECK(user_ok(&u, "mkdir -p -m 700 $D/small/t/logs"));
    CHECK(user_run(&u, 30,
                   "SCREE_HOME=$D/small unshare -m sh -c 'mount -t tmpfs -o "
                   "size=64k tmpfs $D/small/t/logs && scree up --name t "
                   "--memory 64M'") == 0);
    CHECK(user_ok(&u, "SCREE_HOME=$D/small scree run -d --name loud life -- "
                      "say=20000 ticks=200"));
    CHECK(user_until(&u, 30, JSON("phase", "ready"),
                     "SCREE_HOME=$D/small scree inspect loud --json"));
    CHECK(user_until(&u, 30, "life: tick",
                     "SCREE_HOME=$D/small timeout 3 scree logs -f --tail 5 "
                     "loud"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/small scree run --rm life"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/small scree ls"));
    CHECK(user_ok(&u, "SCREE_HOME=$D/small scree down"));
}

/* A guest that prints without end: its log is bounded. */
static void test_logs_are_bounded(void)
{
    CHECK(user_ok(&u, "scree run -d --name loud life -- say=60000 ticks=500"));
    CHECK(scree_logged(&u, "loud", "life: tick", 60));
    CHECK(user_ok(&u, "du -sk $D/home/t/logs"));
    CHECK(atol(u.text) < 20 * 1024);
    CHECK(user_ok(&u, "scree rm --force loud"));
}

/* ------------------------------------------------------------------ end */

static void test_nothing_left(void)
{
    CHECK(user_ok(&u, "scree ls --json"));
    CHECK(!user_match(&u, JSON("name", ".*"), NULL, 0));
    CHECK(user_ok(&u, "scree image rm --unused"));
    CHECK(scree_frames_back(&u, frames));
    CHECK(user_ok(&u, "ls $D/home"));
    CHECK(!strcmp(u.text, "t\n"));
}

void suite_scree_faults(void)
{
    CU_pSuite s = CU_add_suite("scree_faults", start, stop);

    CU_add_test(s, "no such image", test_no_such_image);
    CU_add_test(s, "not an ELF file", test_not_an_elf);
    CU_add_test(s, "foreign programs", test_foreign_programs);
    CU_add_test(s, "too large", test_too_large);
    CU_add_test(s, "names", test_names);
    CU_add_test(s, "addresses", test_addresses);
    CU_add_test(s, "no address is left", test_addresses_run_out);
    CU_add_test(s, "a port that another domain has", test_ports);
    CU_add_test(s, "a port that another program has", test_foreign_port);
    CU_add_test(s, "ports that are none", test_port_syntax);
    CU_add_test(s, "no cell", test_no_cell);
    CU_add_test(s, "up with bad options", test_bad_up);
    CU_add_test(s, "two cells", test_two_cells);
    CU_add_test(s, "up, by four at once", test_up_at_once);
    CU_add_test(s, "down, when screed has died", test_down_without_screed);
    CU_add_test(s, "run starts a cell", test_run_starts_a_cell);
    CU_add_test(s, "a home that cannot be written", test_unwritable_home);
    CU_add_test(s, "a home whose path is too long", test_long_home);
    CU_add_test(s, "no hypervisor to start", test_no_library);
    CU_add_test(s, "the disk of logs is full", test_log_disk_full);
    CU_add_test(s, "logs are bounded", test_logs_are_bounded);
    CU_add_test(s, "nothing is left of all that", test_nothing_left);
}
