/* SPDX-License-Identifier: MIT */
/*
 * See history.h. Reserved pasts stand in s->spare, linked by `older`.
 */
#include "store/history.h"

#include "store/state.h"
#include "store/transaction.h"

bool history_reserve(struct store *s, uint64_t n)
{
    while (s->spares < n) {
        struct past *p = pool_alloc(&s->pool, sizeof(*p));

        if (!p) {
            history_trim(s);
            return false;
        }
        p->older = s->spare;
        s->spare = p;
        s->spares++;
    }
    return true;
}

void history_trim(struct store *s)
{
    while (s->spare) {
        struct past *p = s->spare;

        s->spare = p->older;
        pool_free(&s->pool, p, sizeof(*p));
    }
    s->spares = 0;
}

static uint64_t past_cost(const struct past *p)
{
    return pool_cost(sizeof(*p)) +
           pool_cost(sizeof(struct node) + p->node->length) +
           (p->content.size ? pool_cost(p->content.size) : 0);
}

void history_keep(struct store *s, struct node *n)
{
    struct transaction *t = s->transactions->all_prev;
    struct past *p = s->spare;

    s->spare = p->older;
    s->spares--;
    *p = (struct past){
        .older = n->past,
        .node = n,
        .content = n->content,
        .from = n->changed,
        .until = s->generation,
    };
    n->past = p;
    n->content = (struct content){0};
    LIST_APPEND(t->pasts, p, next, prev);
    s->history += past_cost(p);
}

static void past_free(struct store *s, struct past *p)
{
    struct node *n = p->node;
    struct past **at = &n->past;

    s->history -= past_cost(p);
    while (*at != p)
        at = &(*at)->older;
    *at = p->older;
    content_free(s, &p->content);
    pool_free(&s->pool, p, sizeof(*p));
    node_settle(s, n);
}

void history_end(struct store *s, struct transaction *t)
{
    struct transaction *older = t == s->transactions ? NULL : t->all_prev;

    while (t->pasts) {
        struct past *p = t->pasts;

        LIST_REMOVE(t->pasts, p, next, prev);
        if (older && older->snapshot >= p->from)
            LIST_APPEND(older->pasts, p, next, prev);
        else
            past_free(s, p);
    }
}

void history_bound(struct store *s)
{
    while (s->history > s->limits.history && s->transactions)
        transaction_give_up(s, s->transactions);
}
