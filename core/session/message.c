#include <string.h>

#include "buf.h"
#include "mem.h"

#include "edit.h"
#include "spool.h"

#include "message.h"

/*
 * Content is two runs: the header block with its empty line, which stays in
 * memory and does not move once it is complete, and the body in the spool.
 */
struct message {
	struct message_conf conf;
	enum message_status status;
	struct buf head;
	size_t scanned;		/* octets of head searched for the empty line */
	bool header_done;
	bool gap;		/* the empty line is ours to add */
	size_t block;		/* octets of head without the empty line */
	struct header header;
	struct spool body;
	struct edit edit;
	struct arena *arena;	/* texts of edits; NULL until there is one */
	const char *trace;
	size_t trace_len;
};

struct message *
message_new(const struct message_conf *conf)
{
	struct message *m = mem_alloc(sizeof *m);

	m->conf = *conf;
	buf_init(&m->head);
	spool_init(&m->body, conf->spool_dir, conf->memory_max);
	return m;
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	header_clear(&m->header);
	edit_clear(&m->edit);
	buf_clear(&m->head);
	spool_clear(&m->body);
	arena_free(m->arena);
	mem_free(m);
}

enum message_status
message_status(const struct message *m)
{
	return m->status;
}

uint64_t
message_size(const struct message *m)
{
	return m->head.len + spool_size(&m->body);
}

bool
message_header_done(const struct message *m)
{
	return m->header_done;
}

const struct header *
message_header(const struct message *m)
{
	return &m->header;
}

uint64_t
message_body_offset(const struct message *m)
{
	return m->head.len;
}

static void
finish_header(struct message *m, size_t block)
{
	m->header_done = true;
	m->block = block;
	if (header_parse(m->head.p, block, &m->header) != 0)
		m->status = MESSAGE_HEADER_LONG;
}

/* Length of the header with its empty line, or 0 if its end is not there.  A
 * CRLF right at the start is an empty header. */
static size_t
find_empty_line(struct message *m)
{
	const char *p = m->head.p;
	size_t i = m->scanned;

	for (; i < m->head.len; i++) {
		const char *lf = memchr(p + i, '\n', m->head.len - i);

		if (lf == NULL)
			break;
		i = (size_t)(lf - p);
		if (i == 1 || (i >= 3 && p[i - 2] == '\n'))
			return i + 1;
	}
	m->scanned = m->head.len;
	return 0;
}

static void
append_body(struct message *m, const char *p, size_t n)
{
	if (n > 0 && spool_append(&m->body, p, n) != 0)
		m->status = MESSAGE_NO_SPACE;
}

/*
 * A first line that begins with a blank would continue whatever header is put
 * above it, ours too: such content has no header and is all body.
 */
static bool
begins_as_body(const struct message *m, const char *p)
{
	return m->head.len == 0 && (*p == ' ' || *p == '\t');
}

enum message_status
message_append(struct message *m, const char *p, size_t n)
{
	size_t had = m->head.len, end;

	if (m->status != MESSAGE_OK || n == 0)
		return m->status;
	if (!m->header_done && begins_as_body(m, p)) {
		m->gap = true;
		finish_header(m, 0);
	}
	if (m->header_done) {
		append_body(m, p, n);
		return m->status;
	}
	buf_append(&m->head, p, n);
	end = find_empty_line(m);
	if (m->head.len > m->conf.header_max &&
	    (end == 0 || end > m->conf.header_max + 2)) {
		m->status = MESSAGE_HEADER_LONG;
	} else if (end > 0) {
		m->head.len = end;
		finish_header(m, end - 2);
		if (m->status == MESSAGE_OK)
			append_body(m, p + (end - had), n - (end - had));
	}
	return m->status;
}

void
message_end(struct message *m)
{
	char last = '\n';	/* no LF comes without its CR */
	uint64_t size = message_size(m);

	if (size > 0)
		message_read(m, size - 1, &last, 1);
	if (last != '\n')
		message_append(m, "\r\n", 2);
	if (!m->header_done)
		finish_header(m, m->status == MESSAGE_OK ? m->head.len : 0);
}

long
message_read(const struct message *m, uint64_t offset, char *out, size_t n)
{
	if (offset >= m->head.len)
		return spool_read(&m->body, offset - m->head.len, out, n);
	if (n > m->head.len - offset)
		n = (size_t)(m->head.len - offset);
	memcpy(out, m->head.p + offset, n);
	return (long)n;
}

/* Edits. */

bool
message_edited(const struct message *m)
{
	return m->edit.field != NULL;
}

static int
make_field(struct message *m, const char *name, const char *value, size_t len,
    struct edit_field *out)
{
	if (m->arena == NULL)
		m->arena = arena_new();
	return edit_make(m->arena, name, value, len, out);
}

int
message_add_header(struct message *m, const char *name, const char *value,
    size_t len, enum message_place place)
{
	struct edit_field f;

	if (make_field(m, name, value, len, &f) != 0)
		return -1;
	edit_begin(&m->edit, &m->header);
	if (place == MESSAGE_TOP) {
		edit_insert(&m->edit, 0, &f);
		m->edit.top++;
	} else {
		edit_insert(&m->edit, m->edit.count, &f);
	}
	return 0;
}

int
message_set_header(struct message *m, const char *name, const char *value,
    size_t len)
{
	struct edit *e = &m->edit;
	struct edit_field f;
	size_t i;

	if (make_field(m, name, value, len, &f) != 0)
		return -1;
	edit_begin(e, &m->header);
	for (i = 0; i < e->count && !edit_is(&e->field[i], name); i++)
		;
	if (i < e->count)
		edit_replace(e, i, &f);
	else
		edit_insert(e, e->count, &f);
	return 0;
}

static void
get_field(const struct message *m, size_t i, struct edit_field *out)
{
	if (message_edited(m))
		*out = m->edit.field[i];
	else
		edit_view(&m->header, i, out);
}

size_t
message_field_count(const struct message *m)
{
	return message_edited(m) ? m->edit.count : m->header.count;
}

void
message_field(const struct message *m, size_t i, const char **name,
    size_t *name_len, const char **value, size_t *value_len)
{
	struct edit_field f;
	const char *p, *end;

	get_field(m, i, &f);
	p = f.text + f.value;
	end = f.text + f.len;
	if (end - p >= 2)
		end -= 2;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*name = f.text;
	*name_len = f.name_len;
	*value = p;
	*value_len = (size_t)(end - p);
}

void
message_field_remove(struct message *m, size_t i)
{
	edit_begin(&m->edit, &m->header);
	edit_remove(&m->edit, i);
}

void
message_set_trace(struct message *m, const char *text)
{
	if (m->arena == NULL)
		m->arena = arena_new();
	m->trace = arena_strdup(m->arena, text);
	m->trace_len = strlen(text);
}

/* The way out. */

enum { READ_TOP, READ_TRACE, READ_FIELDS, READ_GAP, READ_BODY, READ_END };

void
message_reader_init(struct message_reader *r, const struct message *m)
{
	memset(r, 0, sizeof *r);
	r->m = m;
	r->part = READ_TOP;
}

/* Fields up to a number, or until out has max octets more. */
static bool
put_fields(struct message_reader *r, size_t stop, struct buf *out, size_t full)
{
	struct edit_field f;

	for (; r->index < stop && out->len < full; r->index++) {
		get_field(r->m, r->index, &f);
		buf_append(out, f.text, f.len);
	}
	return r->index == stop;
}

static int
put_body(struct message_reader *r, struct buf *out, size_t max)
{
	size_t n = max > 64 * 1024 ? 64 * 1024 : max;
	long got = spool_read(&r->m->body, r->offset, buf_reserve(out, n), n);

	if (got < 0)
		return -1;
	buf_commit(out, (size_t)got);
	r->offset += (uint64_t)got;
	return r->offset < spool_size(&r->m->body);
}

/* The empty line as it came, or one that has to be there. */
static size_t
gap_octets(const struct message *m)
{
	return m->gap ? 2 : m->head.len - m->block;
}

int
message_reader_next(struct message_reader *r, struct buf *out, size_t max)
{
	const struct message *m = r->m;
	size_t full = out->len + (max > 0 ? max : 1);
	int more;

	while (r->part != READ_END && out->len < full) {
		switch (r->part) {
		case READ_TOP:
			r->part += put_fields(r, m->edit.top, out, full);
			break;
		case READ_TRACE:
			buf_append(out, m->trace, m->trace_len);
			r->part++;
			break;
		case READ_FIELDS:
			r->part += put_fields(r, message_field_count(m), out,
			    full);
			break;
		case READ_GAP:
			buf_append(out, "\r\n", gap_octets(m));
			r->part++;
			break;
		case READ_BODY:
			more = put_body(r, out, full - out->len);
			if (more < 0)
				return -1;
			r->part += !more;
			break;
		}
	}
	return r->part != READ_END;
}

uint64_t
message_out_size(const struct message *m)
{
	uint64_t fields = message_edited(m) ? m->edit.octets : m->block;

	return fields + m->trace_len + gap_octets(m) + spool_size(&m->body);
}
