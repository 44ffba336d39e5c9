/* SPDX-License-Identifier: MIT */
/*
 * Lets Debian's xenstored run where there is no Xen, to be compared with:
 *
 *     LD_PRELOAD=noxen.so NOXEN=DIR XENSTORED_PATH=SOCKET xenstored -N
 *
 * Domains are files: DIR/N is domain N's ring page (4096 zeroes at first); a
 * byte N written to the pipe DIR/kick is its event. A domain is introduced as
 * ever, by XS_INTRODUCE on the socket. Every domain is said to exist.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

static int kick = -1;

static int open_file(const char *name, int flags)
{
    static int (*real)(const char *, int, ...);
    char path[4096];

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    snprintf(path, sizeof(path), "%s/%s", getenv("NOXEN"), name);
    return real(path, flags);
}

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list list;
    int mode;

    if (!strcmp(path, "/proc/xen/xsd_port") ||
        !strcmp(path, "/dev/xen/xsd_port"))
        return open_file("port", flags);
    if (!strcmp(path, "/proc/xen/xsd_kva") || !strcmp(path, "/dev/xen/xsd_kva"))
        return open_file("0", O_RDWR);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    va_start(list, flags);
    mode = va_arg(list, int);
    va_end(list);
    return real(path, flags, mode);
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger;
    (void)flags;
    kick = open_file("kick", O_RDWR);
    return (xenevtchn_handle *)&kick;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd,
                                   unsigned flags)
{
    (void)fd;
    return xenevtchn_open(logger, flags);
}

int xenevtchn_fd(xenevtchn_handle *e)
{
    (void)e;
    return kick;
}

int xenevtchn_notify(xenevtchn_handle *e, evtchn_port_t port)
{
    (void)e;
    (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *e,
                                                     uint32_t domid,
                                                     evtchn_port_t port)
{
    (void)e;
    (void)port;
    return (int)domid + 1;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *e,
                                              unsigned virq)
{
    (void)e;
    (void)virq;
    return 250;
}

int xenevtchn_unbind(xenevtchn_handle *e, evtchn_port_t port)
{
    (void)e;
    (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *e)
{
    unsigned char domid;

    (void)e;
    return read(kick, &domid, 1) == 1 ? domid + 1 : -1;
}

int xenevtchn_unmask(xenevtchn_handle *e, evtchn_port_t port)
{
    (void)e;
    (void)port;
    return 0;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned flags)
{
    (void)logger;
    (void)flags;
    return (xengnttab_handle *)&kick;
}

int xengnttab_set_max_grants(xengnttab_handle *g, uint32_t n)
{
    (void)g;
    (void)n;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *g, uint32_t domid, uint32_t ref,
                              int prot)
{
    char name[16];
    int fd;
    void *page;

    (void)g;
    (void)ref;
    snprintf(name, sizeof(name), "%u", domid);
    fd = open_file(name, O_RDWR);
    if (fd < 0)
        return NULL;
    page = mmap(NULL, 4096, prot, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *g, void *page, uint32_t count)
{
    (void)g;
    return munmap(page, (size_t)count * 4096);
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *other, unsigned flags)
{
    (void)logger;
    (void)other;
    (void)flags;
    return (xc_interface *)&kick;
}

int xc_interface_close(xc_interface *xc)
{
    (void)xc;
    return 0;
}

int xc_domain_getinfo(xc_interface *xc, uint32_t first, unsigned max,
                      xc_dominfo_t *info)
{
    (void)xc;
    (void)max;
    memset(info, 0, sizeof(*info));
    info->domid = first;
    info->running = 1;
    return 1;
}
