/* SPDX-License-Identifier: MIT */
/*
 * A guest as it was written against ABI 1.0. It is built with the headers
 * beside it, never with newer ones, and has to run for ever: console, time,
 * timer, events by polling and by upcall, a fault, idle, memory, multicall and
 * the network device. Prints TAP.
 */
#include "scree/hypercall.h"
#include "scree/info.h"
#include "scree/note.h"
#include "scree/upcall.h"
#include "scree/vio.h"

SCREE_IMAGE(256 * 1024, 16 * 1024);

#define MS 1000000ull

void event_entry(void), fault_entry(void);
void on_event(struct scree_frame *f), on_fault(struct scree_frame *f);
void _start(void);

static const struct scree_info *const info = (const void *)SCREE_INFO_PAGE;
static struct shared_info *const shared = (void *)SCREE_SHARED_PAGE;
static volatile unsigned upcalls, faults;
static unsigned points, failed;
static uint8_t frame[64], received[SCREE_VIO_MTU];

static unsigned length(const char *text)
{
    unsigned n = 0;

    while (text[n])
        n++;
    return n;
}

static void print(const char *text)
{
    HYPERVISOR_console_io(CONSOLEIO_write, length(text), text);
}

static void print_number(unsigned n)
{
    char digit[2] = {(char)('0' + n % 10), '\0'};

    if (n >= 10)
        print_number(n / 10);
    print(digit);
}

static void check(int good, const char *what)
{
    failed += !good;
    print(good ? "ok " : "not ok ");
    print_number(++points);
    print(" - ");
    print(what);
    print("\n");
}

static uint64_t now(void)
{
    return (uint64_t)HYPERVISOR_scree_time();
}

static uint64_t take(void)
{
    struct vcpu_info *v = &shared->vcpu_info[0];

    __atomic_store_n(&v->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    return __atomic_exchange_n(&shared->evtchn_pending[0], 0, __ATOMIC_SEQ_CST);
}

void on_event(struct scree_frame *f)
{
    if (SCREE_FRAME_VECTOR(f->error) == SCREE_VECTOR_EVENT && take())
        upcalls++;
}

void on_fault(struct scree_frame *f)
{
    faults += SCREE_FRAME_VECTOR(f->error) == 6;
    f->rip += 2;
}

static void time_and_idle(void)
{
    uint64_t until = now() + 20 * MS;

    check(info->magic == SCREE_INFO_MAGIC && info->abi_major == 1, "info page");
    check(HYPERVISOR_scree_idle(until) == SCREE_WAKE_TIMER && now() >= until,
          "idle until a time");
    HYPERVISOR_set_timer_op(now() + 10 * MS);
    check(HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER) == SCREE_WAKE_EVENT &&
              take() == 1u << SCREE_PORT_TIMER,
          "idle until the timer's event");
}

static void upcalls_and_faults(void)
{
    struct callback_register event = {
        .type = CALLBACKTYPE_event,
        .address = (unsigned long)event_entry,
    };
    struct trap_info traps[2] = {
        {.vector = 6, .address = (unsigned long)fault_entry},
    };
    uint64_t end = now() + 5000 * MS;

    HYPERVISOR_callback_op(CALLBACKOP_register, &event);
    HYPERVISOR_set_timer_op(now() + 5 * MS);
    shared->vcpu_info[0].evtchn_upcall_mask = 0;
    while (upcalls == 0 && now() < end)
        ;
    shared->vcpu_info[0].evtchn_upcall_mask = 1;
    check(upcalls == 1, "an upcall, and back");
    HYPERVISOR_set_trap_table(traps);
    __asm__ volatile("ud2");
    check(faults == 1, "a fault, and back");
}

static void memory_and_multicall(void)
{
    struct multicall_entry calls[2] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
        {.op = __HYPERVISOR_scree_time},
    };
    volatile uint64_t *heap = (volatile uint64_t *)info->image_end;

    check(heap[7] == 0 && (heap[7] = 5) == 5, "the heap is zero and writable");
    check(HYPERVISOR_multicall(calls, 2) == 0 && calls[0].result == 0x40011,
          "multicall");
    check(scree_call(63, 0, 0, 0, 0, 0) == -XEN_ENOSYS, "an unknown call");
}

/* A frame to ourselves. */
static void make_frame(void)
{
    static const uint8_t ip[12] = {0x45, 0, 0, 50, 0, 0, 0, 0, 64, 253, 0, 0};

    for (unsigned i = 0; i < 6; i++)
        frame[i] = frame[6 + i] = info->mac[i];
    frame[12] = 8;
    for (unsigned i = 0; i < 12; i++)
        frame[14 + i] = ip[i];
    for (unsigned i = 0; i < 4; i++)
        frame[26 + i] = frame[30 + i] = (uint8_t)(info->ipv4 >> (24 - 8 * i));
    frame[63] = 0x5c;
}

static void network(void)
{
    volatile struct scree_vio_ring *r =
        (volatile struct scree_vio_ring *)(SCREE_VIO_PAGES +
                                           SCREE_VIO_NET * SCREE_PAGE_SIZE);

    if (!(info->features & SCREE_FEATURE_NET))
        return;
    check(HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0) ==
              SCREE_VIO_RING,
          "the network device");
    r->rx[0].address = (uint64_t)received;
    r->rx[0].length = sizeof(received);
    r->rx[0].id = 77;
    __atomic_store_n(&r->rx_produced, 1, __ATOMIC_RELEASE);
    make_frame();
    r->tx[0].address = (uint64_t)frame;
    r->tx[0].length = sizeof(frame);
    __atomic_store_n(&r->tx_produced, 1, __ATOMIC_RELEASE);
    check(HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET, 0) == 1,
          "a frame sent");
    check(__atomic_load_n(&r->done_produced, __ATOMIC_ACQUIRE) == 1 &&
              r->done[0].id == 77 && r->done[0].length == 64 &&
              received[63] == 0x5c,
          "and received");
}

__attribute__((force_align_arg_pointer)) void _start(void)
{
    struct sched_shutdown end = {.reason = SHUTDOWN_poweroff};

    time_and_idle();
    upcalls_and_faults();
    memory_and_multicall();
    network();
    print("1..");
    print_number(points);
    print("\n# end: ");
    print_number(points);
    print(" points, ");
    print_number(failed);
    print(" failed\n");
    HYPERVISOR_sched_op(SCHEDOP_shutdown, &end);
    for (;;)
        ;
}
