/* SPDX-License-Identifier: MIT */
/*
 * HTTP, UDP and streams from outside, scree beside Linux: the same bytes, the
 * same QEMU, one CPU, the same network device. Everything happens in a network
 * namespace of our own, on its loopback (variants user, linux-user) and on a
 * tap device (tap, linux-tap). Both machines run one after the other in each
 * repeat, so that a pair shares the weather.
 */
#include "tools/bench/bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUEST       "10.0.0.2"
#define USER_HTTP   18080
#define USER_UDP    18007
#define STREAM_FILE "stream.bin"
#define UDP_ROUNDS  500

struct target {
    const char *variant;
    const char *address;
    int http, udp;
    bool tap, linux_kernel;
};

static const struct target targets[] = {
    {"user", "127.0.0.1", USER_HTTP, USER_UDP, false, false},
    {"linux-user", "127.0.0.1", USER_HTTP, USER_UDP, false, true},
    {"tap", GUEST, 80, 7, true, false},
    {"linux-tap", GUEST, 80, 7, true, true},
};

/* A namespace with loopback and tap0, gone when we are. */
static int own_network(void)
{
    if (unshare(CLONE_NEWNET) != 0) {
        perror("bench: a network namespace (needs root)");
        return -1;
    }
    if (system("ip link set lo up && ip tuntap add dev tap0 mode tap && "
               "ip address add 10.0.0.1/24 dev tap0 && "
               "ip link set tap0 up") != 0) {
        fprintf(stderr, "bench: cannot make tap0 (is iproute2 there?)\n");
        return -1;
    }
    return 0;
}

static int boot(struct qemu *q, const struct options *o, const struct target *t)
{
    qemu_init(q, "512M");
    qemu_arg(q, "-kernel");
    if (t->linux_kernel) {
        qemu_arg(q, "%s/bench/linux/vmlinuz", o->build);
        qemu_arg(q, "-initrd");
        qemu_arg(q, "%s/bench/linux/initrd", o->build);
        qemu_arg(q, "-append");
        qemu_arg(q, "console=ttyS0 quiet");
    } else {
        qemu_arg(q, "%s/hypervisor/scree.elf", o->build);
        qemu_arg(q, "-initrd");
        qemu_arg(q, "%s/cells/bench-net.bundle", o->build);
    }
    qemu_arg(q, "-netdev");
    if (t->tap)
        qemu_arg(q, "tap,id=n,ifname=tap0,script=no,downscript=no");
    else
        qemu_arg(q,
                 "user,id=n,net=10.0.0.0/24,host=10.0.0.1,"
                 "hostfwd=tcp:127.0.0.1:%d-" GUEST ":80,"
                 "hostfwd=udp:127.0.0.1:%d-%s:7",
                 USER_HTTP, USER_UDP, t->linux_kernel ? GUEST : "10.0.0.3");
    qemu_arg(q, "-device");
    qemu_arg(q, "virtio-net-pci,netdev=n,disable-legacy=on");
    return qemu_start(q);
}

/* Polls until HTTP answers. */
static int wait_http(const struct target *t, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    char command[256];

    snprintf(command, sizeof(command),
             "curl -s -m 2 -o /dev/null http://%s:%d/", t->address, t->http);
    while (now_ns() < end) {
        if (system(command) == 0)
            return 0;
        usleep(200000);
    }
    fprintf(stderr, "bench: %s: no HTTP answer\n", t->variant);
    return -1;
}

/* The number after `key` in a command's output, or -1. */
static double number_from(const char *command, const char *key)
{
    FILE *f = popen(command, "r");
    char line[512];
    double value = -1;

    while (f && fgets(line, sizeof(line), f)) {
        const char *at = strstr(line, key);

        if (at)
            value = strtod(at + strlen(key), NULL);
    }
    if (f)
        pclose(f);
    return value;
}

static int http(struct report *r, const struct options *o,
                const struct target *t)
{
    static const struct {
        const char *id, *header;
        int connections;
    } loads[] = {
        {"http-new-1", "-H 'Connection: close'", 1},
        {"http-new-16", "-H 'Connection: close'", 16},
        {"http-keep-1", "", 1},
        {"http-keep-16", "", 16},
    };
    char command[512];

    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        double rate;

        snprintf(command, sizeof(command),
                 "wrk -t1 -c%d -d%.0fs %s http://%s:%d/", loads[i].connections,
                 o->seconds, loads[i].header, t->address, t->http);
        rate = number_from(command, "Requests/sec:");
        if (rate <= 0) {
            fprintf(stderr, "bench: %s: no answers to %s\n", t->variant,
                    command);
            return -1;
        }
        report_command(r, command);
        report_add(r, loads[i].id, t->variant, "per_s", rate);
    }
    return 0;
}

static int udp(struct report *r, const struct target *t, const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)t->udp)};
    struct timeval wait = {.tv_sec = 1};
    char bytes[64] = "scree";
    int s = socket(AF_INET, SOCK_DGRAM, 0), lost = 0;

    inet_pton(AF_INET, address, &to.sin_addr);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) != 0) {
        perror("bench: udp");
        return -1;
    }
    report_command(r, "64 bytes to the echo service and back");
    for (int i = 0; i < UDP_ROUNDS && lost < 10; i++) {
        uint64_t start = now_ns();

        if (send(s, bytes, sizeof(bytes), 0) != sizeof(bytes) ||
            recv(s, bytes, sizeof(bytes), 0) != sizeof(bytes))
            lost++;
        else if (i >= UDP_ROUNDS / 10)
            report_add(r, "udp-rtt", t->variant, "us",
                       (double)(now_ns() - start) / 1e3);
    }
    close(s);
    return lost < 10 ? 0 : -1;
}

static int stream(struct report *r, const struct target *t)
{
    char command[512];
    double rate;

    snprintf(command, sizeof(command),
             "curl -s -m 60 -o /dev/null -w 'speed %%{speed_download}\\n' "
             "http://%s:%d/" STREAM_FILE,
             t->address, t->http);
    rate = number_from(command, "speed ");
    if (rate <= 0)
        return -1;
    report_command(r, command);
    report_add(r, "tcp-stream", t->variant, "per_s", rate);
    return 0;
}

static int measure(struct report *r, const struct options *o,
                   const struct target *t)
{
    struct qemu q;
    const char *echo = t->tap && !t->linux_kernel ? "10.0.0.3" : t->address;
    int rc = -1;

    if (boot(&q, o, t) == 0 && wait_http(t, 60) == 0 && http(r, o, t) == 0 &&
        udp(r, t, echo) == 0 && stream(r, t) == 0)
        rc = 0;
    else
        fprintf(stderr, "bench: %s failed; the machine said:\n%s\n", t->variant,
                q.log ? q.log : "");
    qemu_stop(&q);
    return rc;
}

int bench_net(struct report *r, const struct options *o)
{
    if (own_network() != 0)
        return -1;
    for (int n = 0; n < o->repeats; n++)
        for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
            if (measure(r, o, &targets[i]) != 0)
                return -1;
    return 0;
}
