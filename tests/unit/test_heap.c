/* SPDX-License-Identifier: MIT */
/* base/heap: order, removal and rekeying from anywhere, against a model. */
#include "base/heap.h"
#include "unit.h"

#define ITEMS 97

struct item {
    uint64_t key;
    uint32_t slot;
};

struct fixture {
    struct heap heap;
    struct heap_entry storage[ITEMS];
    struct item items[ITEMS];
};

static void prepare(struct fixture *x, uint32_t capacity)
{
    heap_init(&x->heap, x->storage, capacity);
    for (unsigned i = 0; i < ITEMS; i++)
        x->items[i] = (struct item){0, HEAP_NONE};
}

static bool insert(struct fixture *x, unsigned i, uint64_t key)
{
    x->items[i].key = key;
    return heap_insert(&x->heap, key, &x->items[i], &x->items[i].slot);
}

static void check_invariants(const struct fixture *x)
{
    uint32_t in = 0;

    for (unsigned i = 0; i < x->heap.count; i++) {
        const struct heap_entry *e = &x->storage[i];

        CU_ASSERT_EQUAL(*e->slot, i);
        CU_ASSERT_EQUAL(((struct item *)e->item)->key, e->key);
        if (i > 0)
            CU_ASSERT(x->storage[(i - 1) / 2].key <= e->key);
    }
    for (unsigned i = 0; i < ITEMS; i++)
        in += x->items[i].slot != HEAP_NONE;
    CU_ASSERT_EQUAL(in, x->heap.count);
}

static void empty_heap_has_no_top(void)
{
    struct fixture x;

    prepare(&x, ITEMS);
    CU_ASSERT_PTR_NULL(heap_top(&x.heap));
}

static void full_heap_refuses(void)
{
    struct fixture x;

    prepare(&x, 2);
    CU_ASSERT_TRUE(insert(&x, 0, 5));
    CU_ASSERT_TRUE(insert(&x, 1, 4));
    CU_ASSERT_FALSE(insert(&x, 2, 3));
    CU_ASSERT_EQUAL(x.items[2].slot, HEAP_NONE);
    CU_ASSERT_EQUAL(heap_top(&x.heap)->key, 4);
    check_invariants(&x);
}

static void comes_out_in_order(void)
{
    struct fixture x;
    uint64_t seed = 1, last = 0;

    prepare(&x, ITEMS);
    for (unsigned i = 0; i < ITEMS; i++)
        CU_ASSERT_TRUE(insert(&x, i, unit_random(&seed) % 50));
    for (unsigned i = 0; i < ITEMS; i++) {
        const struct heap_entry *top = heap_top(&x.heap);

        CU_ASSERT(top->key >= last);
        last = top->key;
        heap_remove(&x.heap, top->slot);
        check_invariants(&x);
    }
    CU_ASSERT_PTR_NULL(heap_top(&x.heap));
}

static void random_operations_keep_order(void)
{
    struct fixture x;
    uint64_t seed = 7;

    prepare(&x, ITEMS);
    for (unsigned n = 0; n < 5000; n++) {
        unsigned i = (unsigned)(unit_random(&seed) % ITEMS);
        uint64_t key = unit_random(&seed) % 1000;

        if (x.items[i].slot == HEAP_NONE) {
            CU_ASSERT_TRUE(insert(&x, i, key));
        } else if (key % 2) {
            heap_remove(&x.heap, &x.items[i].slot);
        } else {
            x.items[i].key = key;
            heap_update(&x.heap, &x.items[i].slot, key);
        }
        check_invariants(&x);
    }
}

void suite_heap(void)
{
    static const struct unit_test tests[] = {
        {"empty heap has no top", empty_heap_has_no_top},
        {"full heap refuses", full_heap_refuses},
        {"comes out in order", comes_out_in_order},
        {"random operations keep order", random_operations_keep_order},
    };

    UNIT_SUITE("heap", tests);
}
