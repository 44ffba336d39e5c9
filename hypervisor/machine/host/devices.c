/* SPDX-License-Identifier: MIT */
/*
 * Devices of the host machine: a console that remembers, and whatever fake
 * devices a test plugs in (struct host_devices).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/host/private.h"
#include "scree/xen.h"

static struct {
    pthread_mutex_t mutex;
    char *text; /* 0-terminated, or NULL */
    size_t size;
    const char *input;
} console = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void host_devices_start(void)
{
    host_console_clear();
    console.input = "";
}

void host_devices_stop(void)
{
    host_console_clear();
}

/* -------------------------------------------------------------- console */

void machine_console_write(const char *bytes, size_t n)
{
    pthread_mutex_lock(&console.mutex);
    console.text = realloc(console.text, console.size + n + 1);
    if (!console.text)
        abort();
    memcpy(console.text + console.size, bytes, n);
    console.size += n;
    console.text[console.size] = 0;
    pthread_mutex_unlock(&console.mutex);
}

int machine_console_read(void)
{
    if (!*console.input)
        return -1;
    return (unsigned char)*console.input++;
}

const char *host_console_text(void)
{
    return console.text ? console.text : "";
}

void host_console_clear(void)
{
    free(console.text);
    console.text = NULL;
    console.size = 0;
}

void host_console_type(const char *bytes)
{
    console.input = bytes;
}

/* -------------------------------------------------------------- devices */

void host_devices_set(const struct host_devices *devices)
{
    host.devices = *devices;
}

uint32_t machine_pci_read(uint32_t bdf, unsigned offset, unsigned width)
{
    const struct host_devices *d = &host.devices;

    if (!d->pci_read)
        return UINT32_MAX >> (32 - 8 * width);
    return d->pci_read(d->argument, bdf, offset, width);
}

void machine_pci_write(uint32_t bdf, unsigned offset, unsigned width,
                       uint32_t value)
{
    const struct host_devices *d = &host.devices;

    if (d->pci_write)
        d->pci_write(d->argument, bdf, offset, width, value);
}

volatile void *machine_device_map(maddr_t a, uint64_t size)
{
    const struct host_devices *d = &host.devices;

    return d->map ? d->map(d->argument, a, size) : NULL;
}

uint64_t machine_device_read(const volatile void *reg, unsigned width)
{
    const struct host_devices *d = &host.devices;

    if (d->read)
        return d->read(d->argument, reg, width);
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)reg;
    case 2:
        return *(const volatile uint16_t *)reg;
    case 4:
        return *(const volatile uint32_t *)reg;
    default:
        return *(const volatile uint64_t *)reg;
    }
}

void machine_device_write(volatile void *reg, unsigned width, uint64_t value)
{
    const struct host_devices *d = &host.devices;

    if (d->write) {
        d->write(d->argument, reg, width, value);
        return;
    }
    switch (width) {
    case 1:
        *(volatile uint8_t *)reg = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)reg = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)reg = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)reg = value;
    }
}

void machine_msi(unsigned cpu, uint64_t *address, uint32_t *data)
{
    *address = HOST_MSI_ADDRESS(cpu);
    *data = HOST_MSI_DATA;
}

int machine_irq_line(unsigned gsi, unsigned cpu)
{
    const struct host_devices *d = &host.devices;

    return d->irq_line ? d->irq_line(d->argument, gsi, cpu) : -XEN_EINVAL;
}
