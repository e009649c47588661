/* SPDX-License-Identifier: Apache-2.0 */
/* The "print fmt" of a tracepoint: a text with conversions and, for each, a C
 * expression over the fields, with the kernel's helpers __print_flags and so on. */
#include "file/event_value.h"

#define MOST_DEPTH 100u          /* of parentheses */
#define MOST_NODES 100000u

typedef struct parser {
	ptm_event_format *format;
	const char *at, *end;
	uint32_t depth;
	ptm_status status;
	bool failed;             /* not understood */
	bool fails_in_perf;      /* a function that perf 6.1 does not know */
} parser;

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static char peek(parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
	return p->at < p->end ? *p->at : 0;
}

static char peek_second(const parser *p)
{
	return p->end - p->at > 1 ? p->at[1] : 0;
}

static bool accept(parser *p, char c)
{
	if (peek(p) != c)
		return false;
	p->at++;
	return true;
}

static void expect(parser *p, char c)
{
	if (!accept(p, c))
		p->failed = true;
}

static ptm_event_span take_word(parser *p)
{
	(void)peek(p);
	ptm_event_span word = { p->at, 0 };
	while (p->at < p->end && is_word(*p->at))
		p->at++;
	word.length = (uint32_t)(p->at - word.at);
	return word;
}

/* A text without its quotes; what is escaped in it stays so. Of texts side by side only one is taken. */
static ptm_event_span take_text(parser *p)
{
	expect(p, '"');
	ptm_event_span text = { p->at, 0 };
	while (p->at < p->end && *p->at != '"')
		p->at += *p->at == '\\' && p->end - p->at > 1 ? 2 : 1;
	text.length = (uint32_t)(p->at - text.at);
	expect(p, '"');
	return text;
}

static uint32_t add(parser *p, ptm_event_node node)
{
	if (p->status != PTM_OK || p->failed)
		return 0;
	if (p->format->nodes.length >= MOST_NODES) {
		p->failed = true;
		return 0;
	}
	p->status = ptm_array_push(&p->format->nodes, node);
	return p->status == PTM_OK ? p->format->nodes.length - 1 : 0;
}

static uint32_t parse_choice(parser *p);

static uint32_t find_field(parser *p, ptm_event_span name)
{
	for (uint32_t row = 0; row < p->format->fields.length; row++) {
		ptm_event_span other = p->format->fields.at[row].name;
		if (other.length == name.length && !memcmp(other.at, name.at, name.length))
			return row;
	}
	p->failed = true;
	return 0;
}

static uint32_t parse_field(parser *p)
{
	expect(p, '-');
	expect(p, '>');
	uint32_t field = find_field(p, take_word(p));
	if (peek(p) != '[')
		return add(p, (ptm_event_node){ .kind = PTM_NODE_FIELD, .field = field });
	p->at++;
	uint32_t index = parse_choice(p);
	expect(p, ']');
	return add(p, (ptm_event_node){ .kind = PTM_NODE_INDEX, .field = field, .left = index });
}

static uint32_t parse_number(parser *p)
{
	ptm_event_span word = take_word(p);
	uint64_t value = 0, base = word.length && *word.at == '0' ? 8 : 10;
	uint32_t i = 0;

	if (word.length > 2 && base == 8 && (word.at[1] | 32) == 'x') {
		base = 16;
		i = 2;
	}
	for (; i < word.length; i++) {
		char c = word.at[i] | 32;
		uint64_t digit = c >= '0' && c <= '9' ? (uint64_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10) : 99;
		if (digit >= base)
			break;           /* L, UL, … */
		value = value * base + digit;
	}
	return add(p, (ptm_event_node){ .kind = PTM_NODE_NUMBER, .value = value });
}

/* What an expression without fields is worth. */
static int64_t constant(parser *p, uint32_t row, uint32_t depth)
{
	if (!row || depth > 2 * MOST_DEPTH) {
		p->failed = true;
		return 0;
	}
	ptm_event_node node = p->format->nodes.at[row];
	if (node.kind == PTM_NODE_NUMBER)
		return (int64_t)node.value;
	if (node.kind == PTM_NODE_CAST)  /* perf ignores them there */
		return constant(p, node.left, depth + 1);
	if (node.kind != PTM_NODE_UNARY && node.kind != PTM_NODE_BINARY) {
		p->failed = true;
		return 0;
	}
	uint64_t left = (uint64_t)constant(p, node.left, depth + 1);
	uint64_t right = node.kind == PTM_NODE_BINARY ? (uint64_t)constant(p, node.right, depth + 1) : 0;
	if (node.kind == PTM_NODE_UNARY)
		return node.operation == '-' ? (int64_t)(0 - left) : node.operation == '~' ? (int64_t)~left : !left;
	switch (node.operation) {
	case '|': return (int64_t)(left | right);
	case '&': return (int64_t)(left & right);
	case '^': return (int64_t)(left ^ right);
	case '+': return (int64_t)(left + right);
	case '-': return (int64_t)(left - right);
	case '*': return (int64_t)(left * right);
	case PTM_SHIFT_LEFT: return (int64_t)(right < 64 ? left << right : 0);
	case PTM_SHIFT_RIGHT: return right < 64 ? (int64_t)left >> right : 0;
	default:
		p->failed = true;
		return 0;
	}
}

/* Names of numbers that kernels left in their formats and perf knows; -1: none. */
static int64_t named_value(ptm_event_span name)
{
	static const struct { const char *name; int64_t value; } names[] = {
		{ "HI_SOFTIRQ", 0 }, { "TIMER_SOFTIRQ", 1 }, { "NET_TX_SOFTIRQ", 2 }, { "NET_RX_SOFTIRQ", 3 }, { "BLOCK_SOFTIRQ", 4 },
		{ "IRQ_POLL_SOFTIRQ", 5 }, { "TASKLET_SOFTIRQ", 6 }, { "SCHED_SOFTIRQ", 7 }, { "HRTIMER_SOFTIRQ", 8 }, { "RCU_SOFTIRQ", 9 },
		{ "HRTIMER_NORESTART", 0 }, { "HRTIMER_RESTART", 1 },
	};
	for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
		if (ptm_event_is(name, names[i].name))
			return names[i].value;
	return -1;
}

static void parse_entry(parser *p)
{
	ptm_event_entry entry = { 0 };
	char c = peek(p);
	const char *start = p->at;

	if (is_word(c) && !(c >= '0' && c <= '9'))
		entry.value = named_value(take_word(p));
	if (peek(p) != ',') {
		p->at = start;
		entry.value = constant(p, parse_choice(p), 0);
	}
	expect(p, ',');
	if (peek(p) == '"') {
		entry.text = take_text(p);
	} else {                         /* the NULL at a list's end */
		(void)parse_choice(p);
		entry.text = (ptm_event_span){ "0", 1 };
	}
	expect(p, '}');
	if (p->status == PTM_OK && !p->failed)
		p->status = ptm_array_push(&p->format->entries, entry);
}

/* __print_flags(value, "|", { 1, "A" }, …), __print_symbolic(value, { 1, "A" }, …) */
static uint32_t parse_entries(parser *p, bool has_delimiter)
{
	ptm_event_node node = { .kind = has_delimiter ? PTM_NODE_FLAGS : PTM_NODE_SYMBOLS };

	node.left = parse_choice(p);
	if (has_delimiter) {
		expect(p, ',');
		node.text = take_text(p);
	}
	node.entries = p->format->entries.length;
	while (!p->failed && p->status == PTM_OK && accept(p, ',')) {
		expect(p, '{');
		parse_entry(p);
	}
	expect(p, ')');
	node.count = p->format->entries.length - node.entries;
	return add(p, node);
}

static uint32_t parse_helper(parser *p, ptm_event_node_kind kind, uint8_t operation)
{
	ptm_event_node node = { .kind = (uint8_t)kind, .operation = operation };

	if (kind == PTM_NODE_STRING || kind == PTM_NODE_DYNAMIC || kind == PTM_NODE_LENGTH) {
		node.field = find_field(p, take_word(p));
		if (!p->failed && !p->format->fields.at[node.field].is_array)
			p->failed = true;
	} else {
		node.left = parse_choice(p);
		expect(p, ',');
		node.right = parse_choice(p);
		if (kind == PTM_NODE_ARRAY) {
			expect(p, ',');
			node.other = parse_choice(p);
		}
	}
	expect(p, ')');
	return add(p, node);
}

static uint32_t parse_call(parser *p, ptm_event_span name)
{
	static const struct { const char *name; ptm_event_node_kind kind; uint8_t operation; } helpers[] = {
		{ "__get_str", PTM_NODE_STRING, 0 }, { "__get_rel_str", PTM_NODE_STRING, 0 },
		{ "__get_dynamic_array", PTM_NODE_DYNAMIC, 0 }, { "__get_rel_dynamic_array", PTM_NODE_DYNAMIC, 0 },
		{ "__get_dynamic_array_len", PTM_NODE_LENGTH, 0 }, { "__get_rel_dynamic_array_len", PTM_NODE_LENGTH, 0 },
		{ "__print_hex", PTM_NODE_HEX, ' ' }, { "__print_hex_str", PTM_NODE_HEX, '_' }, { "__print_array", PTM_NODE_ARRAY, 0 },
	};
	static const char *const later[] = { "__get_bitmask", "__get_rel_bitmask", "__get_cpumask", "sizeof" };

	if (ptm_event_is(name, "__builtin_expect")) { /* worth its first operand */
		uint32_t value = parse_choice(p);
		expect(p, ',');
		(void)parse_choice(p);
		expect(p, ')');
		return value;
	}
	if (ptm_event_is(name, "__print_flags"))
		return parse_entries(p, true);
	if (ptm_event_is(name, "__print_symbolic"))
		return parse_entries(p, false);
	for (uint32_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
		if (ptm_event_is(name, helpers[i].name))
			return parse_helper(p, helpers[i].kind, helpers[i].operation);
	p->fails_in_perf = true;
	for (uint32_t i = 0; i < sizeof later / sizeof *later; i++)
		p->fails_in_perf &= !ptm_event_is(name, later[i]);
	p->failed = true;
	return 0;
}

/* ------------------------------------------------------------------ casts */

/* Bytes of a type and whether it has a sign; perf leaves values of others as they are. */
static void size_type(ptm_event_span type, ptm_event_node *node)
{
	static const struct { const char *name; uint8_t size; bool is_signed; } types[] = {
		{ "u8", 1, false }, { "u16", 2, false }, { "u32", 4, false }, { "s8", 1, true }, { "s16", 2, true }, { "s32", 4, true },
		{ "char", 1, true }, { "short", 2, true }, { "int", 4, true }, { "unsigned char", 1, false }, { "unsigned short", 2, false },
		{ "unsigned int", 4, false }, { "signed char", 1, true }, { "signed short", 2, true }, { "signed int", 4, true },
	};
	for (uint32_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!ptm_event_is(type, types[i].name))
			continue;
		node->size = types[i].size;
		node->is_signed = types[i].is_signed;
	}
}

/* Whether what is in parentheses from here on is a type, which is then taken with the closing one. */
static bool accept_type(parser *p, ptm_event_node *node)
{
	const char *start = p->at;
	uint32_t words = 0;
	char c;

	(void)peek(p);
	const char *first = p->at, *last = p->at;
	while ((c = peek(p)) == '*' || (is_word(c) && !(c >= '0' && c <= '9'))) {
		if (c == '*') {
			p->at++;
		} else {
			ptm_event_span word = take_word(p);
			if (ptm_event_is(word, "REC"))
				break;
			words++;
		}
		last = p->at;
	}
	if (words && c == ')') {
		p->at++;
		c = peek(p);
		if (is_word(c) || c == '(' || c == '~' || c == '!' || c == '"' || (words > 1 && (c == '-' || c == '&'))) {
			size_type((ptm_event_span){ first, (uint32_t)(last - first) }, node);
			return true;
		}
	}
	p->at = start;
	return false;
}

/* ------------------------------------------------------------- expressions */

static uint32_t parse_unary(parser *p);

static uint32_t parse_parenthesis(parser *p)
{
	ptm_event_node cast = { .kind = PTM_NODE_CAST };

	p->at++;
	if (accept_type(p, &cast)) {
		cast.left = parse_unary(p);
		return add(p, cast);
	}
	uint32_t inner = parse_choice(p);
	expect(p, ')');
	return inner;
}

static uint32_t parse_primary(parser *p)
{
	char c = peek(p);

	if (c == '(')
		return parse_parenthesis(p);
	if (c == '"')
		return add(p, (ptm_event_node){ .kind = PTM_NODE_TEXT, .text = take_text(p) });
	if (c >= '0' && c <= '9')
		return parse_number(p);
	if (!is_word(c)) {
		p->failed = true;
		return 0;
	}
	ptm_event_span word = take_word(p);
	if (ptm_event_is(word, "REC"))
		return parse_field(p);
	if (accept(p, '('))
		return parse_call(p, word);
	return add(p, (ptm_event_node){ .kind = PTM_NODE_NUMBER }); /* a name: perf takes it for 0 */
}

static uint32_t parse_unary(parser *p)
{
	char c = peek(p);
	uint32_t made = 0;

	if (p->failed || p->status != PTM_OK || p->depth >= MOST_DEPTH) {
		p->failed = true;
		return 0;
	}
	p->depth++;
	if (c == '-' || c == '~' || c == '!') {
		p->at++;
		uint32_t left = parse_unary(p);
		made = add(p, (ptm_event_node){ .kind = PTM_NODE_UNARY, .operation = (uint8_t)c, .left = left });
	} else {
		made = parse_primary(p);
	}
	p->depth--;
	return made;
}

/* The rank of what stands for an operator. */
static uint32_t rank_of(uint8_t operation)
{
	switch (operation) {
	case '*': case '/': case '%': return 10;
	case '+': case '-': return 9;
	case PTM_SHIFT_LEFT: case PTM_SHIFT_RIGHT: return 8;
	case '<': case '>': case PTM_AT_MOST: case PTM_AT_LEAST: return 7;
	case PTM_EQUAL: case PTM_NOT_EQUAL: return 6;
	case '&': return 5;
	case '^': return 4;
	case '|': return 3;
	default: return operation == PTM_BOTH ? 2 : 1;
	}
}

/* The operator here: its rank (1 binds least; 0: none), its length and what stands for it. */
static uint32_t peek_operator(parser *p, uint32_t *length, uint8_t *operation)
{
	char c = peek(p), next = peek_second(p);

	*length = next == '=' || (next == c && strchr("|&<>", c) && c) ? 2 : 1;
	*operation = (uint8_t)c;
	if (*length == 1)
		return c && strchr("*/%+-^|&<>", c) ? rank_of(*operation) : 0;
	switch (c) {
	case '|': *operation = PTM_EITHER; break;
	case '&': *operation = PTM_BOTH; break;
	case '<': *operation = next == c ? PTM_SHIFT_LEFT : PTM_AT_MOST; break;
	case '>': *operation = next == c ? PTM_SHIFT_RIGHT : PTM_AT_LEAST; break;
	case '=': *operation = PTM_EQUAL; break;
	case '!': *operation = PTM_NOT_EQUAL; break;
	default: return 0;
	}
	return rank_of(*operation);
}

/* perf forgets parentheses on the right of an operator that binds more than what is in them: a & (b | c) is to it
 * (a & b) | c, and so it prints flags that no record has. So do we, for the same lines. */
static uint32_t add_binary(parser *p, uint8_t operation, uint32_t left, uint32_t right)
{
	ptm_event_node inner = p->failed ? (ptm_event_node){ 0 } : p->format->nodes.at[right];

	if (inner.kind == PTM_NODE_BINARY && rank_of(inner.operation) < rank_of(operation)) {
		left = add(p, (ptm_event_node){ .kind = PTM_NODE_BINARY, .operation = operation, .left = left, .right = inner.left });
		operation = inner.operation;
		right = inner.right;
	}
	return add(p, (ptm_event_node){ .kind = PTM_NODE_BINARY, .operation = operation, .left = left, .right = right });
}

/* Operators of a rank bind from the right, as perf has it. */
static uint32_t parse_binary(parser *p, uint32_t least)
{
	uint32_t left = parse_unary(p), length, rank;
	uint8_t operation;

	while (!p->failed && (rank = peek_operator(p, &length, &operation)) && rank >= least) {
		p->at += length;
		p->depth++;
		uint32_t right = parse_binary(p, rank);
		p->depth--;
		left = add_binary(p, operation, left, right);
	}
	return left;
}

static uint32_t parse_choice(parser *p)
{
	if (p->depth >= MOST_DEPTH) {
		p->failed = true;
		return 0;
	}
	p->depth++;
	uint32_t row = parse_binary(p, 1);
	if (!p->failed && accept(p, '?')) {
		ptm_event_node node = { .kind = PTM_NODE_CHOICE, .left = row };
		node.right = parse_choice(p);
		expect(p, ':');
		node.other = parse_choice(p);
		row = add(p, node);
	}
	p->depth--;
	return row;
}

ptm_status ptm_event_expression_parse(ptm_event_format *format, ptm_event_span text)
{
	parser p = { .format = format, .at = text.at, .end = text.at + text.length };

	PTM_TRY(ptm_array_push(&format->nodes, (ptm_event_node){ 0 }));
	format->print = take_text(&p);
	while (!p.failed && p.status == PTM_OK && accept(&p, ',')) {
		uint32_t argument = parse_choice(&p);
		if (!p.failed && p.status == PTM_OK)
			p.status = ptm_array_push(&format->arguments, argument);
	}
	bool whole = !p.failed && peek(&p) == 0;
	format->sense = whole ? PTM_EVENT_UNDERSTOOD : p.fails_in_perf ? PTM_EVENT_FIELDS : PTM_EVENT_UNKNOWN;
	return p.status;
}
