/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's run queues: see sched.h.
 *
 * The queue's heap is ordered by virtual time. A waker takes its CPU's lock,
 * and a blocker decides under it, so "pending was set" and "blocked" cannot
 * miss each other: the waker sets the event first and looks at the state then,
 * the blocker sets the state first and looks at the event then, both with
 * sequentially consistent accesses.
 */
#include "core/sched.h"

#include "core/cell.h"
#include "core/changes.h"
#include "core/domain.h"

#define WEIGHT_ONE 256

static uint64_t scaled(const struct vcpu *v, uint64_t ns)
{
    return ns * WEIGHT_ONE / v->sched.weight;
}

static enum vcpu_state state_of(const struct vcpu *v)
{
    return (enum vcpu_state)atomic_load(&v->sched.state);
}

/* Changes the state and books the time spent in the old one. */
static inline void enter(struct vcpu *v, enum vcpu_state state, uint64_t now)
{
    struct sched_node *s = &v->sched;

    if (now > s->since) /* else two CPUs looked at the clock */
        s->spent[state_of(v)] += now - s->since;
    s->since = now;
    atomic_store(&s->state, state);
}

void sched_init(struct vcpu *v, struct cpu *c, uint32_t weight)
{
    v->cpu = c;
    v->sched = (struct sched_node){
        .slot = HEAP_NONE,
        .weight = weight ? weight : 1,
        .since = machine_clock(),
    };
    atomic_init(&v->sched.state, VCPU_STOPPED);
}

/* v's run up to now. */
static void account(struct vcpu *v, uint64_t now)
{
    struct sched_node *s = &v->sched;
    uint64_t ran = now > s->started ? now - s->started : 0;

    s->run_ns += ran;
    s->vtime += scaled(v, ran);
    s->started = now;
}

/* Puts v into c's queue. c's lock is held. */
static void enqueue(struct cpu *c, struct vcpu *v, uint64_t now)
{
    enter(v, VCPU_RUNNABLE, now);
    ASSERT(heap_insert(&c->queue, v->sched.vtime, v, &v->sched.slot));
}

/* The queue's own virtual time follows whoever is furthest behind. */
static void advance(struct cpu *c)
{
    uint64_t least = heap_least(&c->queue);

    if (c->current)
        least = min_u64(least, c->current->sched.vtime);
    if (least != UINT64_MAX)
        c->vtime = max_u64(c->vtime, least);
}

/* Should somebody in the queue run instead of v now? */
static bool preempts(const struct cpu *c, const struct vcpu *v)
{
    /* at the end of v's slice it is enough to be no further ahead */
    uint64_t lead = c->now >= c->slice_end ? 0 : SCHED_PREEMPT_NS + 1;

    return c->queue.count && heap_least(&c->queue) + lead <= v->sched.vtime;
}

/* Makes the first of the queue RUNNING and c->current, if there is one. */
static void start_first(struct cpu *c)
{
    const struct heap_entry *top = heap_top(&c->queue);
    struct vcpu *v;

    c->current = NULL;
    if (!top)
        return;
    v = top->item;
    heap_remove(&c->queue, &v->sched.slot);
    enter(v, VCPU_RUNNING, c->now);
    v->sched.started = c->now;
    c->current = v;
    c->slice_end = c->now + SCHED_SLICE_NS;
}

struct vcpu *sched_pick(struct cpu *c)
{
    struct vcpu *v = c->current;
    bool able;

    atomic_store(&c->resched, false);
    lock_take(&c->lock);
    if (v)
        account(v, c->now);
    able = v && state_of(v) == VCPU_RUNNING;
    if (!able || preempts(c, v)) {
        start_first(c);
        if (able) /* last: a queue of one stays one */
            enqueue(c, v, c->now);
    } else if (c->now >= c->slice_end) {
        c->slice_end = c->now + SCHED_SLICE_NS;
    }
    advance(c);
    if (c->current && c->queue.count)
        timer_program(c, c->slice_end);
    lock_release(&c->lock);
    return c->current;
}

void sched_give_way(struct cpu *c)
{
    struct vcpu *v = c->current;
    const struct heap_entry *top;

    c->now = machine_clock();
    lock_take(&c->lock);
    top = heap_top(&c->queue);
    if (v && top && state_of(v) == VCPU_RUNNING) {
        account(v, c->now);
        c->current = NULL;
        /* behind the first of the others, whatever the shares say */
        v->sched.vtime = max_u64(v->sched.vtime, top->key + 1);
        enqueue(c, v, c->now);
    }
    lock_release(&c->lock);
}

/* Whoever sleeps has come up. Once in a life. */
static __attribute__((noinline)) void first_sleep(struct vcpu *v)
{
    atomic_store(&v->ready, true);
    change_mark(v->domain, SCREE_HAPPENED_STATE);
}

bool sched_block(struct cpu *c, struct vcpu *v, bool unless_pending)
{
    bool blocked = false;

    c->now = machine_clock();
    lock_take(&c->lock);
    if (state_of(v) == VCPU_RUNNING) {
        account(v, c->now);
        enter(v, VCPU_BLOCKED, c->now);
        blocked = !unless_pending || !vcpu_pending(v);
        if (blocked)
            c->current = NULL;
        else
            enter(v, VCPU_RUNNING, c->now);
    }
    lock_release(&c->lock);
    if (__builtin_expect(blocked && !v->ready, 0))
        first_sleep(v);
    return blocked;
}

/* Tells c that its queue has changed. */
static void notify(struct cpu *c)
{
    bool told = atomic_exchange(&c->resched, true);

    if (c->id != machine_cpu() && (!told || atomic_load(&c->idle)))
        machine_kick(c->id);
}

/* v came into c's queue. Must c look at it before it goes on? Not when this is
 * c and the one that runs keeps its turn: then its slice begins to count when
 * v is the first to wait. */
static bool matters(struct cpu *c, const struct vcpu *v, uint64_t now)
{
    const struct vcpu *current = c->current;

    if (c->id != machine_cpu() || !current)
        return true;
    if (c->queue.count == 1) {
        c->slice_end = now + SCHED_SLICE_NS;
        timer_program(c, c->slice_end);
    }
    return v->sched.vtime + SCHED_PREEMPT_NS <
           current->sched.vtime + scaled(current, now - current->sched.started);
}

/* Blocked v joins the queue; c's lock is held. Tells whether c must look. */
static bool wake(struct cpu *c, struct vcpu *v)
{
    uint64_t now = machine_clock();
    uint64_t floor = scaled(v, SCHED_SLICE_NS);

    floor = c->vtime > floor ? c->vtime - floor : 0;
    v->sched.vtime = max_u64(v->sched.vtime, floor);
    v->sched.wakeups++;
    enqueue(c, v, now);
    return matters(c, v, now);
}

/* Apart, so that a wake-up of one who is awake costs a look. */
static __attribute__((noinline)) void wake_blocked(struct vcpu *v)
{
    struct cpu *c = v->cpu;
    bool look;

    lock_take(&c->lock);
    look = state_of(v) == VCPU_BLOCKED && wake(c, v);
    lock_release(&c->lock);
    if (look)
        notify(c);
}

void sched_wake(struct vcpu *v)
{
    if (state_of(v) == VCPU_BLOCKED)
        wake_blocked(v);
}

void sched_poke(struct vcpu *v)
{
    if (v->cpu->id != machine_cpu() && state_of(v) == VCPU_RUNNING)
        machine_kick(v->cpu->id);
}

void sched_stop(struct vcpu *v)
{
    struct cpu *c = v->cpu;

    lock_take(&c->lock);
    if (v->sched.slot != HEAP_NONE)
        heap_remove(&c->queue, &v->sched.slot);
    enter(v, VCPU_STOPPED, machine_clock());
    lock_release(&c->lock);
    notify(c);
}

void sched_start(struct vcpu *v)
{
    struct cpu *c = v->cpu;

    lock_take(&c->lock);
    if (state_of(v) == VCPU_STOPPED &&
        domain_state(v->domain) == DOMAIN_RUNNING) {
        v->sched.vtime = max_u64(v->sched.vtime, c->vtime);
        enqueue(c, v, machine_clock());
    }
    lock_release(&c->lock);
    notify(c);
}

void sched_set_weight(struct vcpu *v, uint32_t weight)
{
    struct cpu *c = v->cpu;

    lock_take(&c->lock);
    v->sched.weight = weight;
    lock_release(&c->lock);
}

struct sched_use sched_use(struct vcpu *v)
{
    const struct sched_node *s = &v->sched;
    struct cpu *c = v->cpu;
    uint64_t now = machine_clock();
    struct sched_use use;

    lock_take(&c->lock);
    use = (struct sched_use){s->run_ns, s->wakeups, s->weight};
    if (c->current == v && now > s->started)
        use.run_ns += now - s->started;
    lock_release(&c->lock);
    return use;
}
