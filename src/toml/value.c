// SPDX-License-Identifier: Apache-2.0
/* value.c - the values of a TOML text: strings, numbers, dates, arrays, inline tables
 *
 * Runs in:  the commands that read a policy file or an engine's configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "toml/internal.h"

/* --- strings ---------------------------------------------------------------------------------------------------------- */

/* A string in the making: never longer than its source. */
struct making {
	char *buf;
	size_t n;
};

static int hex_digits(struct toml_parser *p, unsigned int n, uint32_t *out)
{
	*out = 0;
	for (unsigned int i = 0; i < n; i++, p->at++) {
		char c = (char)(toml_more(p) ? *p->at : 0);
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return toml_fail(p, "\\%c wants %u hexadecimal digits", n == 4 ? 'u' : 'U', n);
		*out = *out << 4 | (uint32_t)digit;
	}
	return 0;
}

static int put_code(struct toml_parser *p, struct making *m, uint32_t c)
{
	static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return toml_fail(p, "\\u%04x is no character that a text can hold", (unsigned int)c);
	m->buf[m->n] = (char)(n == 1 ? c : heads[n] | c >> 6 * (n - 1));
	for (unsigned int i = 1; i < n; i++)
		m->buf[m->n + i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
	m->n += n;
	return 0;
}

/* Behind the backslash. */
static int escape(struct toml_parser *p, struct making *m)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = (char)(toml_more(p) ? *p->at : 0);
	const char *known = c ? strchr(from, c) : NULL;
	uint32_t code;

	if (known) {
		m->buf[m->n++] = to[known - from];
		p->at++;
		return 0;
	}
	if (c != 'u' && c != 'U')
		return toml_fail(p, "an unknown escape in a string; a backslash by itself is written \\\\, or the string in single quotes");
	p->at++;
	return hex_digits(p, c == 'u' ? 4 : 8, &code) < 0 ? -1 : put_code(p, m, code);
}

/* A backslash at the end of a line: what is white goes until the next thing that is not. False: it is none. */
static bool skip_folded(struct toml_parser *p)
{
	const char *at = p->at;
	unsigned int lines = 0;

	while (at < p->end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) {
		/* Blanks alone are no line's end. */
		lines += *at == '\n';
		at++;
	}
	if (!lines)
		return false;
	p->at = at;
	p->line += lines;
	return true;
}

static bool ends_here(const struct toml_parser *p, char quote, unsigned int quotes)
{
	for (unsigned int i = 0; i < quotes; i++)
		if (p->at + i >= p->end || p->at[i] != quote)
			return false;
	return true;
}

/* One character, or an escape, into @m. */
static int take_char(struct toml_parser *p, struct making *m, char quote, bool lines)
{
	unsigned char c = (unsigned char)*p->at;

	if (c == '\\' && quote == '"') {
		p->at++;
		return lines && skip_folded(p) ? 0 : escape(p, m);
	}
	if (c == '\r' && lines && p->at + 1 < p->end && p->at[1] == '\n')
		p->at++;
	c = (unsigned char)*p->at;
	if ((c < 0x20 && c != '\t' && !(c == '\n' && lines)) || c == 0x7f)
		return toml_fail(p, c == '\n' ? "the string does not end on its line" : "a control character in a string");
	p->line += c == '\n';
	m->buf[m->n++] = (char)c;
	p->at++;
	return 0;
}

/* Up to the closing quotes. Up to two more of them belong to the text. */
static const char *take_string(struct toml_parser *p, char quote, unsigned int quotes)
{
	struct making m = { p->room, 0 };

	while (toml_more(p)) {
		if (!ends_here(p, quote, quotes)) {
			if (take_char(p, &m, quote, quotes == 3) < 0)
				return NULL;
			continue;
		}
		for (int extra = 0; quotes == 3 && extra < 2 && p->at + 3 < p->end && p->at[3] == quote; extra++) {
			m.buf[m.n++] = quote;
			p->at++;
		}
		p->at += quotes;
		return toml_keep(p, m.buf, m.n);
	}
	toml_fail(p, "a string does not end");
	return NULL;
}

const char *toml_plain_string(struct toml_parser *p)
{
	char quote = *p->at++;

	return take_string(p, quote, 1);
}

static const char *any_string(struct toml_parser *p)
{
	char quote = *p->at;

	if (!ends_here(p, quote, 3))
		return toml_plain_string(p);
	p->at += 3;
	/* A line break right behind them is for the eye. */
	if (toml_is(p, '\r') && p->at + 1 < p->end && p->at[1] == '\n')
		p->at++;
	if (toml_is(p, '\n')) {
		p->at++;
		p->line++;
	}
	return take_string(p, quote, 3);
}

static struct toml_node *string_value(struct toml_parser *p)
{
	struct toml_node *n = toml_new(p, TOML_STRING);

	if (n)
		n->text = any_string(p);
	return n && n->text ? n : NULL;
}

/* --- numbers, dates, booleans ----------------------------------------------------------------------------------------- */

/* Digits of @set with single underscores between them; advances. False: not one digit, or an underscore where none may be. */
static bool digits(const char **s, const char *set)
{
	const char *from = *s;

	for (; **s && (strchr(set, **s) || **s == '_'); (*s)++)
		if (**s == '_' && (*s == from || (*s)[-1] == '_' || !(*s)[1] || !strchr(set, (*s)[1])))
			return false;
	return *s > from;
}

#define DECIMAL "0123456789"

static bool is_integer(const char *s, int *base, const char **from)
{
	static const struct {
		char letter;
		const char *set;
		int base;
	} bases[] = { { 'x', DECIMAL "abcdefABCDEF", 16 }, { 'o', "01234567", 8 }, { 'b', "01", 2 } };

	*from = s;
	*base = 10;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		if (s[0] != '0' || s[1] != bases[i].letter)
			continue;
		*base = bases[i].base;
		*from = s += 2;
		return digits(&s, bases[i].set) && !*s;
	}
	if (*s == '+' || *s == '-')
		s++;
	if (*s == '0' && s[1])
		return false;
	return digits(&s, DECIMAL) && !*s;
}

static bool is_float(const char *s)
{
	const char *begin;
	bool point = false, power = false;

	if (*s == '+' || *s == '-')
		s++;
	if (str_eq(s, "inf") || str_eq(s, "nan"))
		return true;
	begin = s;
	if (!digits(&s, DECIMAL) || (*begin == '0' && s - begin > 1))
		return false;
	if (*s == '.') {
		point = true;
		s++;
		if (!digits(&s, DECIMAL))
			return false;
	}
	if (*s == 'e' || *s == 'E') {
		power = true;
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (!digits(&s, DECIMAL))
			return false;
	}
	return (point || power) && !*s;
}

/* 1979-05-27, 07:32:00.5, 1979-05-27T07:32:00Z, … -07:00: by their form alone. */
static bool is_date(const char *s)
{
	static const char *const forms[] = { "dddd-dd-dd", "dd:dd:dd", "dddd-dd-ddTdd:dd:dd" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *f = forms[i], *t = s;

		for (; *f; f++, t++)
			if (*f == 'd' ? *t < '0' || *t > '9' : *f == 'T' ? !*t || !strchr("Tt ", *t) : *t != *f)
				break;
		if (*f)
			continue;
		if (i > 0 && *t == '.') {
			t++;
			if (!strspn(t, DECIMAL))
				return false;
			t += strspn(t, DECIMAL);
		}
		if (i == 2 && (*t == 'Z' || *t == 'z'))
			t++;
		else if (i == 2 && (*t == '+' || *t == '-') && strlen(t) == 6 && t[3] == ':')
			t += 6;
		if (!*t)
			return true;
	}
	return false;
}

static int take_integer(struct toml_parser *p, struct toml_node *n, int base, const char *from)
{
	autofree char *plain = xcalloc(strlen(from) + 1, 1);
	size_t len = 0;
	char *end;

	for (; *from; from++)
		if (*from != '_')
			plain[len++] = *from;
	errno = 0;
	n->number = strtoll(plain, &end, base);
	return errno || *end ? toml_fail(p, "the number %.60s is too large", n->text) : 0;
}

static struct toml_node *word_value(struct toml_parser *p)
{
	struct toml_node *n = toml_new(p, TOML_STRING);
	const char *from = p->at, *number;
	int base;

	while (toml_more(p) && !strchr(" \t\r\n,]}#", *p->at))
		p->at++;
	/* A date and its time may have a blank between them. */
	if (p->at - from == 10 && from[4] == '-' && p->at + 9 <= p->end && *p->at == ' ' && p->at[3] == ':')
		for (p->at++; toml_more(p) && !strchr(" \t\r\n,]}#", *p->at); p->at++)
			;
	if (!n)
		return NULL;
	n->text = toml_keep(p, from, (size_t)(p->at - from));
	if (str_eq(n->text, "true") || str_eq(n->text, "false")) {
		n->type = TOML_BOOL;
		n->truth = n->text[0] == 't';
	} else if (is_integer(n->text, &base, &number)) {
		n->type = TOML_INTEGER;
		if (take_integer(p, n, base, number) < 0)
			return NULL;
	} else if (is_float(n->text)) {
		n->type = TOML_FLOAT;
	} else if (is_date(n->text)) {
		n->type = TOML_DATE;
	} else if (!*n->text) {
		toml_fail(p, "a value is missing");
		return NULL;
	} else {
		toml_fail(p, "%.60s is no value; texts stand in quotes", n->text);
		return NULL;
	}
	return n;
}

/* --- arrays and inline tables ----------------------------------------------------------------------------------------- */

static struct toml_node *array_value(struct toml_parser *p)
{
	struct toml_node *array = toml_new(p, TOML_ARRAY);

	p->at++;
	while (array) {
		struct toml_node *m;

		if (toml_skip_lines(p) < 0)
			return NULL;
		if (toml_is(p, ']'))
			break;
		m = toml_value(p);
		if (!m || toml_skip_lines(p) < 0)
			return NULL;
		toml_append(array, m);
		if (toml_is(p, ','))
			p->at++;
		else if (!toml_is(p, ']')) {
			toml_fail(p, "\",\" or \"]\" is expected in an array");
			return NULL;
		}
	}
	p->at += array != NULL;
	return array;
}

/* Nothing can be added to what stands in it later. */
static void seal(struct toml_node *table)
{
	table->how = TOML_INLINE;
	for (struct toml_node *m = table->first; m; m = m->next)
		if (m->type == TOML_TABLE)
			seal(m);
}

static struct toml_node *inline_table(struct toml_parser *p)
{
	struct toml_node *table = toml_new(p, TOML_TABLE);

	if (!table)
		return NULL;
	table->how = TOML_DOTTED;
	p->at++;
	toml_skip_blanks(p);
	while (!toml_is(p, '}')) {
		if (toml_pair(p, table) < 0)
			return NULL;
		toml_skip_blanks(p);
		if (toml_is(p, '}'))
			break;
		if (!toml_is(p, ',')) {
			toml_fail(p, "\",\" or \"}\" is expected in an inline table, which is on one line");
			return NULL;
		}
		p->at++;
		toml_skip_blanks(p);
		if (toml_is(p, '}')) {
			toml_fail(p, "an inline table cannot end in a comma");
			return NULL;
		}
	}
	p->at++;
	seal(table);
	return table;
}

struct toml_node *toml_value(struct toml_parser *p)
{
	struct toml_node *n = NULL;

	if (p->depth >= TOML_DEPTH_MAX) {
		toml_fail(p, "values in more than %d others", TOML_DEPTH_MAX);
		return NULL;
	}
	p->depth++;
	if (toml_is(p, '"') || toml_is(p, '\''))
		n = string_value(p);
	else if (toml_is(p, '['))
		n = array_value(p);
	else if (toml_is(p, '{'))
		n = inline_table(p);
	else
		n = word_value(p);
	p->depth--;
	return n;
}
