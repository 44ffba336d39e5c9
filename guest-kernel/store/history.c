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

static void give(struct store *s, struct transaction *t, struct past *p)
{
    LIST_APPEND(t->pasts, p, next, prev);
    t->connection->domain->history += past_cost(p);
    s->payer = t->connection;
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
    s->history += past_cost(p);
    give(s, t, p);
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
        t->connection->domain->history -= past_cost(p);
        if (older && older->snapshot >= p->from)
            give(s, older, p);
        else
            past_free(s, p);
    }
}

/* The oldest of c's that is open; NULL: none. */
static struct transaction *oldest_of(const struct store_connection *c)
{
    struct transaction *t = c->transactions;

    while (t && !t->root)
        t = t->next;
    return t;
}

/* Whoever was given history last may have too much; what he gives up goes to
 * whoever is older. */
static void bound_payers(struct store *s)
{
    struct store_connection *c;
    struct transaction *t;

    while ((c = s->payer)) {
        s->payer = NULL;
        while (!c->privileged && c->domain->history > s->limits.memory &&
               (t = oldest_of(c)))
            transaction_give_up(s, t);
    }
}

void history_bound(struct store *s)
{
    bound_payers(s);
    while (s->history > s->limits.history && s->transactions)
        transaction_give_up(s, s->transactions);
}
