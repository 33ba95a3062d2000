#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "mem.h"
#include "offload.h"

#include "message.h"
#include "txn.h"

#include "maildir.h"

enum { CHUNK_SIZE = 256 * 1024, PATH_SIZE = 4096 };

struct maildir {
	struct offload *offload;
	struct offload_job *job;
	maildir_fn fn;
	void *arg;
	struct message_reader reader;
	bool carriage;		/* a CR whose LF may be in the next piece */
	/* From here on a thread may be at work, while job is not NULL. */
	char *path;
	char name[MAILDIR_NAME_MAX];
	struct buf content;	/* the next piece */
	bool last;
	int fd;
	int error;
};

/* "<seconds>.M<microseconds>P<pid>Q<count>.<host>": unique on this host. */
static void
make_name(struct maildir *m, const char *hostname)
{
	static unsigned count;
	struct timespec now;
	char *s;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(m->name, sizeof m->name, "%lld.M%06ldP%ldQ%u.%s",
	    (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(),
	    ++count, hostname);
	for (s = m->name; *s; s++) {
		if (*s == '/' || *s == ':')
			*s = '_';
	}
}

static void
file_path(const struct maildir *m, const char *dir, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s%s%s", m->path, dir,
	    *dir ? "/" : "", *dir ? m->name : "");
}

/* Make an entry of a directory last. */
static int
sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;

	if (fd < 0)
		return -1;
	status = fsync(fd);
	close(fd);
	return status;
}

/* Make a directory and those above it that are missing. */
static int
make_dir(const char *path)
{
	char above[PATH_SIZE];
	char *slash;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -1;
	snprintf(above, sizeof above, "%s", path);
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return -1;
	*slash = '\0';
	if (make_dir(above) < 0 || mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -1;
	return sync_dir(above);
}

static int
make_maildir(const struct maildir *m)
{
	static const char *const dirs[] = { "", "/tmp", "/new", "/cur" };
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
		snprintf(path, sizeof path, "%s%s", m->path, dirs[i]);
		if (make_dir(path) < 0)
			return -1;
	}
	return sync_dir(m->path);
}

static int
open_file(struct maildir *m)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char path[PATH_SIZE];

	file_path(m, "tmp", path);
	m->fd = open(path, flags, 0600);
	if (m->fd < 0 && errno == ENOENT && make_maildir(m) == 0)
		m->fd = open(path, flags, 0600);
	return m->fd < 0 ? -1 : 0;
}

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -1;
	}
	return 0;
}

/* Sync, close, move, sync: each of them may say that it has failed. */
static int
finish_file(struct maildir *m)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	int fd = m->fd, status = fsync(fd), error = errno;

	m->fd = -1;
	if (close(fd) < 0 && status == 0)
		return -1;
	if (status < 0) {
		errno = error;
		return -1;
	}
	file_path(m, "tmp", from);
	file_path(m, "new", to);
	if (rename(from, to) < 0)
		return -1;
	snprintf(to, sizeof to, "%s/new", m->path);
	return sync_dir(to);
}

static void
remove_file(struct maildir *m)
{
	char path[PATH_SIZE];

	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	file_path(m, "tmp", path);
	unlink(path);
}

/* In a thread: one piece, and after the last one all the rest. */
static void
work(void *arg)
{
	struct maildir *m = arg;

	if (!m->error && m->fd < 0 && open_file(m) < 0)
		m->error = errno;
	if (m->error) {
		remove_file(m);
		return;
	}
	if (write_all(m->fd, m->content.p, m->content.len) == 0 &&
	    (!m->last || finish_file(m) == 0))
		return;
	m->error = errno ? errno : EIO;
	remove_file(m);
}

static void
maildir_free(struct maildir *m)
{
	if (m->fd >= 0)
		remove_file(m);
	buf_clear(&m->content);
	mem_free(m->path);
	mem_free(m);
}

/* CRLF becomes LF. */
static void
put_lines(struct maildir *m, const char *p, size_t len)
{
	char *to = buf_reserve(&m->content, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (m->carriage && p[i] != '\n')
			to[n++] = '\r';
		m->carriage = p[i] == '\r';
		if (!m->carriage)
			to[n++] = p[i];
	}
	buf_commit(&m->content, n);
}

static void done(void *, bool);

/* Read the next piece and give it to a thread. */
static void
next_piece(struct maildir *m)
{
	struct buf piece;
	int more;

	buf_init(&piece);
	more = message_reader_next(&m->reader, &piece, CHUNK_SIZE);
	if (more < 0)
		m->error = errno ? errno : EIO;
	m->last = more == 0;
	put_lines(m, piece.p, piece.len);
	buf_clear(&piece);
	m->job = offload_start(m->offload, work, done, m);
}

static void
done(void *arg, bool cancelled)
{
	struct maildir *m = arg;

	m->job = NULL;
	buf_empty(&m->content);
	if (!cancelled && !m->error && !m->last) {
		next_piece(m);
		return;
	}
	if (!cancelled)
		m->fn(m->arg, m->error, m->name);
	maildir_free(m);
}

struct maildir *
maildir_start(const struct maildir_conf *conf, const struct txn *txn,
    const struct message *message, maildir_fn fn, void *arg)
{
	struct maildir *m = mem_alloc(sizeof *m);
	const struct txn_rcpt *r;

	m->offload = conf->offload;
	m->fn = fn;
	m->arg = arg;
	m->fd = -1;
	m->path = mem_strdup(conf->path);
	make_name(m, conf->hostname);
	buf_init(&m->content);
	buf_printf(&m->content, "Return-Path: <%s>\n", txn->sender.path.text);
	for (r = txn->rcpts; r; r = r->next) {
		if (r->state == TXN_RCPT_ACCEPTED)
			buf_printf(&m->content, "Delivered-To: %s\n",
			    r->path.text);
	}
	message_reader_init(&m->reader, message);
	next_piece(m);
	return m;
}

bool
maildir_committed(const struct maildir *m)
{
	return m->last;
}

void
maildir_cancel(struct maildir *m)
{
	if (m)
		offload_cancel(m->job);
}
