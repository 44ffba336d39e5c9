/* SPDX-License-Identifier: MIT */
/* See network.h. */
#include "tools/scree/network.h"

#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bundle/value.h"
#include "tools/lib/json.h"

#define DEFAULT_CIDR "10.0.0.0/8"

/* The interface's name, or NULL. */
static const char *interface(const char *net)
{
    const char *colon = strchr(net, ':');

    return colon ? colon + 1 : NULL;
}

bool network_is_good(const char *net)
{
    const char *name = interface(net);

    if (!strcmp(net, "user"))
        return true;
    if (strncmp(net, "tap:", 4) != 0 && strncmp(net, "bridge:", 7) != 0)
        return false;
    return *name && strlen(name) < IF_NAMESIZE &&
           strcspn(name, "/ ,\t") == strlen(name);
}

/* The number that /sys/class/net/IF/FILE holds, or -1. */
static long sys_number(const char *name, const char *file)
{
    char path[128];
    long n = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/sys/class/net/%.15s/%s", name, file);
    f = fopen(path, "re");
    if (!f)
        return -1;
    if (fscanf(f, "%ld", &n) != 1)
        n = -1;
    fclose(f);
    return n;
}

/* "10.0.0.1/8": the host's end of the wire. */
static void host_address(const cJSON *options, char *text, size_t size)
{
    const char *cidr = json_text(options, "cidr", DEFAULT_CIDR);
    const char *gateway = json_text(options, "gateway", NULL);
    uint32_t network = 0, prefix = 8, address = 0;

    value_network(cidr, &network, &prefix);
    if (!gateway || !value_address(gateway, &address))
        address = network + 1;
    snprintf(text, size, "%s/%u", address_text(address).text, prefix);
}

/* The commands that make a tap which this user may use. */
static bool refuse_tap(struct error *e, const char *name, const char *why,
                       const cJSON *options)
{
    const struct passwd *user = getpwuid(geteuid());
    char address[32];

    host_address(options, address, sizeof(address));
    return error_set(e, "not-possible",
                     "tap '%s' %s; as root:\n"
                     "    ip tuntap add dev %s mode tap user %s\n"
                     "    ip address add %s dev %s\n"
                     "    ip link set %s up",
                     name, why, name, user ? user->pw_name : "USER", address,
                     name, name);
}

static bool check_tap(const char *name, const cJSON *options, struct error *e)
{
    long owner = sys_number(name, "owner");

    if (!if_nametoindex(name))
        return refuse_tap(e, name, "is not there", options);
    if (sys_number(name, "tun_flags") < 0)
        return error_set(e, "not-possible",
                         "'%s' is an interface, but not a tap; choose another "
                         "name",
                         name);
    if (geteuid() && owner != (long)geteuid())
        return refuse_tap(
            e, name, "is not yours; remove it ('ip link del'), then", options);
    return true;
}

static bool check_bridge(const char *name, const cJSON *options,
                         struct error *e)
{
    char address[32], path[64];

    host_address(options, address, sizeof(address));
    snprintf(path, sizeof(path), "/sys/class/net/%.15s/bridge", name);
    if (!access(path, F_OK))
        return true;
    return error_set(e, "not-possible",
                     "there is no bridge '%s'; as root:\n"
                     "    ip link add %s type bridge\n"
                     "    ip address add %s dev %s\n"
                     "    ip link set %s up",
                     name, name, address, name, name);
}

bool network_check(const char *net, const cJSON *options, struct error *e)
{
    const char *name = interface(net);

    if (!name)
        return true;
    if (!strncmp(net, "tap:", 4))
        return check_tap(name, options, e);
    return check_bridge(name, options, e);
}
