/* SPDX-License-Identifier: MIT */
/*
 * core/frame against a model: long random sequences of every operation by
 * several owners and the cell; after each step the table must equal the model,
 * and audits itself.
 */
#include "core/frame.h"
#include "world.h"

#define SMALL  48 /* frames of RAM */
#define OWNERS 3

static const struct host_config small = {.frames = SMALL};

struct model {
    struct world w;
    struct quota quota[OWNERS];
    struct frame frame[HOST_FIRST_MFN_AFTER(SMALL)];
    uint64_t free, promised;
    uint64_t seed;
};

static uint64_t dice(struct model *m, uint64_t sides)
{
    return unit_random(&m->seed) % sides;
}

static void check_model(struct model *m)
{
    uint64_t drawn[OWNERS] = {0}, promised = 0;

    for (uint64_t i = 0; i < ARRAY_SIZE(m->frame); i++) {
        struct frame real = frame_info(m->w.frames, mfn(i));

        CU_ASSERT_EQUAL(real.type, m->frame[i].type);
        CU_ASSERT_EQUAL(real.refs, m->frame[i].refs);
        CU_ASSERT_EQUAL(real.owner, m->frame[i].owner);
        if (real.owner != OWNER_CELL)
            drawn[real.owner]++;
    }
    for (unsigned i = 0; i < OWNERS; i++) {
        CU_ASSERT_EQUAL(m->quota[i].drawn, drawn[i]);
        promised += m->quota[i].promised;
    }
    CU_ASSERT_EQUAL(promised, m->promised);
    CU_ASSERT_EQUAL(frames_free(m->w.frames), m->free);
    CU_ASSERT_EQUAL(frames_available(m->w.frames), m->free - promised);
    frames_audit(m->w.frames);
}

static void model_alloc(struct model *m, uint32_t owner, enum frame_type type)
{
    struct quota *q = &m->quota[owner];
    bool may = q->promised > 0;
    mfn_t n = frame_alloc(m->w.frames, q, owner, type);

    CU_ASSERT_EQUAL(mfn_valid(n), may);
    if (!may)
        return;
    CU_ASSERT_EQUAL(m->frame[n.n].type, FRAME_FREE);
    m->frame[n.n] = (struct frame){owner, 1, type};
    m->free--;
    m->promised--;
}

static void model_alloc_run(struct model *m, uint64_t n, enum frame_type type)
{
    mfn_t first = frame_alloc_run(m->w.frames, n, type);

    if (!mfn_valid(first))
        return;
    CU_ASSERT(m->free - m->promised >= n);
    for (uint64_t i = first.n; i < first.n + n; i++) {
        CU_ASSERT_EQUAL(m->frame[i].type, FRAME_FREE);
        m->frame[i] = (struct frame){OWNER_CELL, 1, type};
    }
    m->free -= n;
}

static void model_alloc_cell(struct model *m, enum frame_type type)
{
    mfn_t n = frame_alloc_cell(m->w.frames, type);

    CU_ASSERT_EQUAL(mfn_valid(n), m->free > m->promised);
    if (!mfn_valid(n))
        return;
    CU_ASSERT_EQUAL(m->frame[n.n].type, FRAME_FREE);
    m->frame[n.n] = (struct frame){OWNER_CELL, 1, type};
    m->free--;
}

static void model_get(struct model *m, mfn_t n, enum frame_type type)
{
    struct frame *x = &m->frame[n.n];
    bool may = x->type == type && x->refs > 0 &&
               (type == FRAME_WRITABLE || type == FRAME_SHARED);

    CU_ASSERT_EQUAL(frame_get(m->w.frames, n, type), may ? 0 : -XEN_EBUSY);
    x->refs += may;
}

static void model_put(struct model *m, mfn_t n)
{
    struct frame *x = &m->frame[n.n];
    struct quota *q = x->owner == OWNER_CELL ? NULL : &m->quota[x->owner];

    /* the table's own frames stay */
    if (x->refs == 0 || n.n < machine_info()->ram[0].first.n + 2)
        return;
    frame_put(m->w.frames, q, n);
    if (--x->refs > 0)
        return;
    m->promised += q != NULL;
    m->free++;
    *x = (struct frame){OWNER_CELL, 0, FRAME_FREE};
}

static void model_promise(struct model *m, struct quota *q, uint64_t n)
{
    bool may = n <= m->free - m->promised;

    CU_ASSERT_EQUAL(frame_promise(m->w.frames, q, n), may ? 0 : -XEN_ENOMEM);
    m->promised += may ? n : 0;
}

static void model_unpromise(struct model *m, struct quota *q)
{
    uint64_t n = dice(m, q->promised + 1);

    frame_unpromise(m->w.frames, q, n);
    m->promised -= n;
}

static void model_step(struct model *m)
{
    uint32_t owner = (uint32_t)dice(m, OWNERS);
    enum frame_type type = (enum frame_type)(1 + dice(m, FRAME_SHARED));
    mfn_t n = mfn(dice(m, ARRAY_SIZE(m->frame)));

    if (n.n < machine_info()->ram[0].first.n && dice(m, 8))
        n.n = machine_info()->ram[0].first.n + dice(m, SMALL);
    switch (dice(m, 10)) {
    case 0:
        model_promise(m, &m->quota[owner], dice(m, SMALL / 4));
        break;
    case 1:
        model_unpromise(m, &m->quota[owner]);
        break;
    case 2:
        model_alloc_cell(m, type);
        break;
    case 3:
        model_alloc_run(m, 1 + dice(m, 5), type);
        break;
    case 4:
    case 5:
        model_alloc(m, owner, type);
        break;
    case 6:
    case 7:
        model_get(m, n, (enum frame_type)dice(m, FRAME_SHARED + 2));
        break;
    default:
        model_put(m, n);
        break;
    }
}

static void random_sequences_follow_the_model(void)
{
    struct model m = {.seed = 11};

    world_start_frames(&m.w, &small);
    for (uint64_t i = 0; i < ARRAY_SIZE(m.frame); i++)
        m.frame[i] = frame_info(m.w.frames, mfn(i));
    m.free = frames_free(m.w.frames);
    for (unsigned i = 0; i < 10000; i++) {
        model_step(&m);
        check_model(&m);
    }
    for (uint64_t i = 0; i < ARRAY_SIZE(m.frame); i++) {
        for (uint32_t refs = m.frame[i].refs; refs > 0; refs--)
            model_put(&m, mfn(i));
    }
    for (unsigned i = 0; i < OWNERS; i++)
        frame_unpromise(m.w.frames, &m.quota[i], m.quota[i].promised);
    world_stop_frames(&m.w);
}

void suite_frame_model(void)
{
    static const struct unit_test tests[] = {
        {"random sequences follow the model",
         random_sequences_follow_the_model},
    };

    UNIT_SUITE("frame_model", tests);
}
