/* SPDX-License-Identifier: MIT */
/*
 * Lists of nodes, watches and the like: a head pointer, and in each member a
 * `next` (NULL in the last) and a `prev` (in the first: the last). Adding at
 * the end, removing and finding the last are one step.
 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#define LIST_APPEND(head, member, next, prev)                                  \
    do {                                                                       \
        (member)->next = NULL;                                                 \
        if (head) {                                                            \
            (member)->prev = (head)->prev;                                     \
            (head)->prev->next = (member);                                     \
            (head)->prev = (member);                                           \
        } else {                                                               \
            (member)->prev = (member);                                         \
            (head) = (member);                                                 \
        }                                                                      \
    } while (0)

#define LIST_REMOVE(head, member, next, prev)                                  \
    do {                                                                       \
        if ((head) == (member))                                                \
            (head) = (member)->next;                                           \
        else                                                                   \
            (member)->prev->next = (member)->next;                             \
        if ((member)->next)                                                    \
            (member)->next->prev = (member)->prev;                             \
        else if (head)                                                         \
            (head)->prev = (member)->prev;                                     \
        (member)->next = (member)->prev = NULL;                                \
    } while (0)

#endif
