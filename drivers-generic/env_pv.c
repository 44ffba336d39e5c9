/* SPDX-License-Identifier: MIT */
/*
 * The environment under the hypervisor: info page, idle, event ports. The
 * guest polls: evtchn_upcall_mask stays 1 from the start of day, and pending
 * ports are taken out of the shared page after each wait.
 */
#include "env.h"

#include "scree/hypercall.h"

#define KNOWN_PORTS                                                            \
    (1ull << SCREE_PORT_NET | 1ull << SCREE_PORT_CONSOLE |                     \
     1ull << SCREE_PORT_STORE)

const struct scree_info *env_info(void)
{
    return (const struct scree_info *)SCREE_INFO_PAGE;
}

/* Takes the pending ports of one word; the word's selector is taken already. */
static uint64_t take_ports(struct shared_info *s, unsigned word)
{
    uint64_t ports = s->evtchn_pending[word] & ~s->evtchn_mask[word];

    __atomic_fetch_and(&s->evtchn_pending[word], ~ports, __ATOMIC_SEQ_CST);
    return ports;
}

/*
 * Clears in Xen's order, outermost first: an event that comes in between sets
 * evtchn_upcall_pending again and ends the next wait.
 */
static unsigned take_events(void)
{
    struct shared_info *s = (struct shared_info *)SCREE_SHARED_PAGE;
    struct vcpu_info *v = &s->vcpu_info[0];
    uint64_t words, ports = 0;
    unsigned wake = 0;

    __atomic_store_n(&v->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    if (words & 1)
        ports = take_ports(s, 0);
    for (words &= ~1ull; words; words &= words - 1) {
        if (take_ports(s, (unsigned)__builtin_ctzll(words)))
            wake |= ENV_WAKE_OTHER;
    }
    if (ports & 1ull << SCREE_PORT_NET)
        wake |= ENV_WAKE_NET;
    if (ports & 1ull << SCREE_PORT_CONSOLE)
        wake |= ENV_WAKE_SERIAL;
    if (ports & 1ull << SCREE_PORT_STORE)
        wake |= ENV_WAKE_STORE;
    if (ports & ~KNOWN_PORTS)
        wake |= ENV_WAKE_OTHER;
    return wake;
}

unsigned env_wait(uint64_t deadline)
{
    int64_t why = HYPERVISOR_scree_idle(deadline);
    unsigned wake = 0;

    if (why & SCREE_WAKE_TIMER)
        wake |= ENV_WAKE_TIMER;
    if (why & SCREE_WAKE_EVENT)
        wake |= take_events();
    return wake;
}

static _Noreturn void stop(uint32_t reason)
{
    struct sched_shutdown s = {.reason = reason};

    for (;;)
        HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

_Noreturn void env_stop(bool crashed)
{
    stop(crashed ? SHUTDOWN_crash : SHUTDOWN_poweroff);
}

_Noreturn void env_exit(uint8_t code, bool reboot)
{
    stop(SCREE_SHUTDOWN(reboot ? SHUTDOWN_reboot : SHUTDOWN_poweroff, code));
}

/* Its values are Xen's SHUTDOWN_* and one. */
unsigned env_asked_to_stop(void)
{
    return __atomic_load_n(&env_info()->shutdown, __ATOMIC_RELAXED);
}

int env_watchdog(uint32_t seconds)
{
    static uint32_t id;
    struct sched_watchdog w = {.id = id, .timeout = seconds};
    int64_t n = HYPERVISOR_sched_op(SCHEDOP_watchdog, &w);

    if (id == 0 && n > 0)
        id = (uint32_t)n;
    return n < 0 ? (int)n : 0;
}
