// SPDX-License-Identifier: Apache-2.0
/* piece.h - a part of a text that is not ours: compared, searched, cut and shown without a copy */
#ifndef POLICY_PIECE_H
#define POLICY_PIECE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/internal.h"

/* Some bytes of a list; not ended by a NUL. All pieces of one token share its whole and position, which errors name. */
struct piece {
	const char *s;
	size_t n;
};

bool piece_is(struct piece p, const char *s);
/* In whatever case. */
bool piece_is_word(struct piece p, const char *s);
/* Nothing but characters of @set; also true of an empty piece. */
bool piece_only(struct piece p, const char *set);
/* Where the first @c is; NULL. */
const char *piece_find(struct piece p, char c);
/* What begins at @at, and what ends before it. */
struct piece piece_from(struct piece p, const char *at);
struct piece piece_to(struct piece p, const char *at);
/* For messages: the piece as it may be printed, without quotes, short. Points into @buf. */
const char *piece_show(struct piece p, char buf[TEXT_QUOTED]);

#endif
