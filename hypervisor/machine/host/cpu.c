/* SPDX-License-Identifier: MIT */
/*
 * CPUs and time of the host machine. A CPU is a thread's number: one thread
 * can play all CPUs in turn (host_cpu_set), or each is a thread of its own.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "machine/host/private.h"

static _Thread_local unsigned this_cpu;

unsigned machine_cpu(void)
{
    return this_cpu;
}

void host_cpu_set(unsigned cpu)
{
    ASSERT(cpu < MACHINE_CPUS);
    this_cpu = cpu;
}

struct host_cpu *host_cpu(void)
{
    return &host.cpus[this_cpu];
}

static uint64_t real_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void host_cpus_start(void)
{
    pthread_condattr_t attributes;

    this_cpu = 0;
    host.clock_start = real_clock();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    for (unsigned i = 0; i < MACHINE_CPUS; i++) {
        host.cpus[i].deadline = UINT64_MAX;
        pthread_mutex_init(&host.cpus[i].mutex, NULL);
        pthread_cond_init(&host.cpus[i].wake, &attributes);
    }
    pthread_condattr_destroy(&attributes);
}

void host_cpus_stop(void)
{
    for (unsigned i = 0; i < MACHINE_CPUS; i++) {
        ASSERT(!host.cpus[i].started);
        pthread_mutex_destroy(&host.cpus[i].mutex);
        pthread_cond_destroy(&host.cpus[i].wake);
    }
}

/* -------------------------------------------------------------- threads */

static void *cpu_thread(void *argument)
{
    this_cpu = (unsigned)(uintptr_t)argument;
    cpu_main(this_cpu);
}

void machine_start_cpus(void)
{
    for (unsigned i = 1; i < host.info.cpus; i++) {
        ASSERT(!host.cpus[i].started);
        host.cpus[i].started = true;
        if (pthread_create(&host.cpus[i].thread, NULL, cpu_thread,
                           (void *)(uintptr_t)i))
            abort();
    }
}

void host_end_if_asked(void)
{
    if (host.ending && host_cpu()->started)
        pthread_exit(NULL);
}

void host_join_cpus(void)
{
    host.ending = true;
    for (unsigned i = 1; i < MACHINE_CPUS; i++) {
        if (!host.cpus[i].started)
            continue;
        machine_kick(i);
        pthread_join(host.cpus[i].thread, NULL);
        host.cpus[i].started = false;
        host.cpus[i].loaded = NULL;
    }
    host.ending = false;
}

void machine_kick(unsigned cpu)
{
    struct host_cpu *c = &host.cpus[cpu];

    ASSERT(cpu < MACHINE_CPUS);
    c->kicks++;
    pthread_mutex_lock(&c->mutex);
    c->interrupt = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mutex);
}

void machine_relax(void)
{
    sched_yield();
}

/* ----------------------------------------------------------------- time */

uint64_t machine_clock(void)
{
    if (host.real_time)
        return real_clock() - host.clock_start;
    return atomic_fetch_add(&host.clock, host.clock_step);
}

static uint64_t clock_now(void)
{
    return host.real_time ? machine_clock() : host.clock;
}

void machine_deadline(uint64_t ns)
{
    host_cpu()->deadline = ns;
}

bool host_interrupt_taken(void)
{
    struct host_cpu *c = host_cpu();

    if (atomic_exchange(&c->interrupt, false))
        return true;
    if (c->deadline == UINT64_MAX || clock_now() < c->deadline)
        return false;
    c->deadline = UINT64_MAX;
    return true;
}

static void sleep_until_interrupt(struct host_cpu *c)
{
    uint64_t until = c->deadline;
    struct timespec t;

    if (until > UINT64_MAX / 2)
        until = UINT64_MAX / 2;
    until += host.clock_start;
    t.tv_sec = (time_t)(until / 1000000000u);
    t.tv_nsec = (long)(until % 1000000000u);
    pthread_mutex_lock(&c->mutex);
    while (!c->interrupt &&
           pthread_cond_timedwait(&c->wake, &c->mutex, &t) == 0)
        ;
    pthread_mutex_unlock(&c->mutex);
}

void machine_idle(void)
{
    struct host_cpu *c = host_cpu();

    host_load_space(NULL);
    host_end_if_asked();
    if (host_interrupt_taken())
        return;
    if (host.real_time) {
        sleep_until_interrupt(c);
        host_end_if_asked();
        (void)host_interrupt_taken();
        return;
    }
    if (host.idle_hook)
        host.idle_hook(host.idle_argument);
    if (host_interrupt_taken() || c->deadline == UINT64_MAX)
        return;
    host.clock = c->deadline;
    (void)host_interrupt_taken();
}

void machine_domain_switch(void)
{
    host.switches++;
}

/* -------------------------------------------------- for the tests' hands */

void host_clock_set(uint64_t ns)
{
    host.clock = ns;
}

void host_clock_advance(uint64_t ns)
{
    host.clock += ns;
}

void host_clock_step(uint64_t ns)
{
    host.clock_step = ns;
}

uint64_t host_deadline_of(unsigned cpu)
{
    return host.cpus[cpu].deadline;
}

uint64_t host_kicks_of(unsigned cpu)
{
    return host.cpus[cpu].kicks;
}

uint64_t host_flushes(void)
{
    return host.flushes;
}

uint64_t host_domain_switches(void)
{
    return host.switches;
}

void host_on_idle(void (*hook)(void *argument), void *argument)
{
    host.idle_hook = hook;
    host.idle_argument = argument;
}
