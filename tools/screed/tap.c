/* SPDX-License-Identifier: MIT */
/*
 * The tap device of a cell; see qemu.h. It is opened here and handed to QEMU,
 * so that what is missing can be said exactly.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>

#include "tools/bundle/value.h"
#include "tools/screed/qemu.h"

/* Asked of the kernel: /sys may show those of another network namespace. */
static bool exists(const char *interface)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq r = {0};
    bool found;

    memcpy(r.ifr_name, interface, strnlen(interface, sizeof(r.ifr_name) - 1));
    found = fd >= 0 && !ioctl(fd, SIOCGIFINDEX, &r);
    if (fd >= 0)
        close(fd);
    return found;
}

static const char *user_name(void)
{
    const struct passwd *p = getpwuid(geteuid());

    return p ? p->pw_name : "root";
}

/* What makes a tap that works, to be typed as it is. */
static bool say_tap(const struct options *o, const char *reason,
                    struct error *e)
{
    const char *i = o->interface;
    uint32_t host = o->gateway ? o->gateway : o->network + 1;

    return error_set(
        e, "not-possible",
        "tap %s: %s. As root, make it:\n"
        "  ip tuntap add dev %s mode tap user %s\n"
        "  ip addr add %s/%u dev %s\n"
        "  ip link set %s up\n"
        "and so that domains reach the world:\n"
        "  sysctl -w net.ipv4.ip_forward=1\n"
        "  nft add table ip scree\n"
        "  nft 'add chain ip scree nat { type nat hook postrouting priority "
        "100; }'\n"
        "  nft add rule ip scree nat ip saddr %s/%u oifname != %s masquerade",
        i, reason, i, user_name(), address_text(host).text, o->prefix, i, i,
        address_text(o->network).text, o->prefix, i);
}

static bool say_bridge(const struct options *o, const char *reason,
                       struct error *e)
{
    const char *b = o->interface;
    uint32_t host = o->gateway ? o->gateway : o->network + 1;

    return error_set(
        e, "not-possible",
        "bridge %s: %s. As root, make it:\n"
        "  ip link add %s type bridge\n"
        "  ip addr add %s/%u dev %s\n"
        "  ip link set %s up\n"
        "  sysctl -w net.ipv4.ip_forward=1\n"
        "A bridge is joined by root only; as another user make a tap that is "
        "in it and use --net tap:NAME:\n"
        "  ip tuntap add dev scree0 mode tap user %s\n"
        "  ip link set scree0 master %s up",
        b, reason, b, address_text(host).text, o->prefix, b, b, user_name(), b);
}

static int open_device(struct ifreq *r)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    r->ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (fd >= 0 && ioctl(fd, TUNSETIFF, r)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int open_tap(const struct options *o, struct error *e)
{
    struct ifreq r = {0};
    int fd;

    if (!exists(o->interface)) {
        say_tap(o, "there is no such interface", e);
        return -1;
    }
    memcpy(r.ifr_name, o->interface, sizeof(r.ifr_name));
    fd = open_device(&r);
    if (fd < 0 && errno == EBUSY)
        error_set(e, "not-possible",
                  "tap %s: another program (another cell?) has it open; "
                  "use one of its own for this cell",
                  o->interface);
    else if (fd < 0)
        say_tap(o, errno == EPERM ? "it is not yours" : strerror(errno), e);
    return fd;
}

static bool join(const char *bridge, const char *tap)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq r = {0}, up = {0};
    bool good;

    memcpy(up.ifr_name, tap, strnlen(tap, sizeof(up.ifr_name) - 1));
    memcpy(r.ifr_name, bridge, strnlen(bridge, sizeof(r.ifr_name) - 1));
    good = !ioctl(fd, SIOCGIFINDEX, &up);
    r.ifr_ifindex = up.ifr_ifindex;
    good = good && !ioctl(fd, SIOCBRADDIF, &r);
    up.ifr_flags = 0;
    good = good && !ioctl(fd, SIOCGIFFLAGS, &up);
    up.ifr_flags |= IFF_UP;
    good = good && !ioctl(fd, SIOCSIFFLAGS, &up);
    close(fd);
    return good;
}

/* A tap that lives as long as QEMU, in the bridge. */
static int open_bridge(const struct options *o, struct error *e)
{
    struct ifreq r = {.ifr_name = "scree%d"};
    int fd;

    if (!exists(o->interface)) {
        say_bridge(o, "there is no such interface", e);
        return -1;
    }
    fd = open_device(&r);
    if (fd >= 0 && join(o->interface, r.ifr_name))
        return fd;
    say_bridge(o, errno == EPERM ? "you may not join it" : strerror(errno), e);
    if (fd >= 0)
        close(fd);
    return -1;
}

int qemu_open_tap(const struct options *o, struct error *e)
{
    return o->net == NET_TAP ? open_tap(o, e) : open_bridge(o, e);
}
