#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "value.h"

#include "bundle.h"
#include "conf.h"
#include "conf_secret.h"
#include "descriptors.h"
#include "file.h"
#include "frame.h"
#include "keyfile.h"
#include "keyring.h"
#include "privilege.h"

#include "reader.h"

enum {
	SOURCE_MAX = 64 * 1024 * 1024,
	STORED_MAX = 1024 * 1024 * 1024,
	NAME_LEN_MAX = 200,
};

struct reader {
	const struct loader_args *args;
	int fd;				/* to the supervisor */
	struct arena *arena;
	struct conf conf;
	const struct value *tree;
	struct bundle_writer *bundle, *secret;
	char *running;
	int checker;			/* socket */
	int conf_fd;			/* where the checker finds the tree */
	pid_t checker_pid;
	size_t stored;			/* octets of lists */
};

/* One message, with the two bundles or without. */
static void
tell(int to, char what, const char *text, const int *fds)
{
	char control[CMSG_SPACE(2 * sizeof *fds)] = "";
	struct iovec part[2] = {
		{ &what, 1 }, { (void *)(uintptr_t)text, strlen(text) },
	};
	struct msghdr m = { .msg_iov = part, .msg_iovlen = 2 };
	struct cmsghdr *c;

	if (fds) {
		m.msg_control = control;
		m.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof *fds);
		memcpy(CMSG_DATA(c), fds, 2 * sizeof *fds);
	}
	while (sendmsg(to, &m, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* It is waited for here: nobody else would. */
static void
end_checker(const struct reader *r)
{
	if (r->checker_pid <= 0)
		return;
	kill(r->checker_pid, SIGKILL);
	while (waitpid(r->checker_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void give_up(const struct reader *, char what, const char *text)
    __attribute__((noreturn));
static void fail(const struct reader *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));
static void broken(const struct reader *, const char *call)
    __attribute__((noreturn));

static void
give_up(const struct reader *r, char what, const char *text)
{
	end_checker(r);
	tell(r->fd, what, text, NULL);
	_exit(1);
}

static void
fail(const struct reader *r, const char *fmt, ...)
{
	char text[CONF_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	give_up(r, READER_FAILED, text);
}

/* A call to the system failed, with errno. */
static void
broken(const struct reader *r, const char *call)
{
	char text[CONF_ERROR_MAX];

	snprintf(text, sizeof text, "loader: %s: %s", call, strerror(errno));
	give_up(r, READER_BROKEN, text);
}

/* What was inherited from the supervisor is of no use here. */
static void
shed(const struct reader *r)
{
	int keep[] = { r->fd, log_fd() }, i;
	sigset_t none;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	descriptors_keep(keep, 2);
}

static void
keep_secret(void *arg, const char *ref, const char *p, size_t len)
{
	struct reader *r = arg;

	bundle_add(r->secret, BUNDLE_SECRET, ref, "", p, len);
}

/* For the bundle, and for the checker, which waits for it. */
static void
publish(struct reader *r, const struct value *tree)
{
	struct buf b;

	buf_init(&b);
	value_encode(tree, &b);
	bundle_add(r->bundle, BUNDLE_CONF, "conf", r->args->path, b.p, b.len);
	if (file_write(r->conf_fd, b.p, b.len) < 0)
		broken(r, "write");
	buf_clear(&b);
	close(r->conf_fd);
}

static void
evaluate(struct reader *r)
{
	const struct loader_args *a = r->args;
	char error[CONF_ERROR_MAX];
	struct value *tree;
	uid_t uid;
	gid_t gid;

	r->tree = tree = conf_evaluate(a->path, a->override, a->overrides,
	    r->arena, error);
	if (!tree)
		fail(r, "%s", error);
	conf_secret_take(tree, r->arena, keep_secret, r);
	if (conf_read(tree, a->path, r->arena, &r->conf, error) < 0)
		fail(r, "%s", error);
	if (privilege_ids(r->conf.user, r->conf.group, &uid, &gid, error) < 0)
		fail(r, "%s: %s", a->path, error);
	if (keyfile_read(&r->conf, r->bundle, r->secret, error) < 0)
		fail(r, "%s", error);
	publish(r, tree);
}

static void
copy_system(struct reader *r, const char *name, const char *path)
{
	size_t len;
	char *p;

	if (!file_read(path, 1024 * 1024, r->arena, &p, &len))
		bundle_add(r->bundle, BUNDLE_SYSTEM, name, path, p, len);
}

/* "dnsbl", and for a module also "lunette.dns": no way out of the path. */
static bool
is_name(const char *p, bool dots)
{
	if (!isalnum((unsigned char)*p) && *p != '_')
		return false;
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-' &&
		    !(dots && *p == '.' && p[1] && p[1] != '.'))
			return false;
	return true;
}

static enum bundle_kind
bundle_kind(enum policy_file kind)
{
	switch (kind) {
	case POLICY_HOOK:
		return BUNDLE_HOOK;
	case POLICY_MODULE:
		return BUNDLE_MODULE;
	case POLICY_LIST:
		break;
	}
	return BUNDLE_LIST;
}

/* Try one directory: the name of the file; with its bytes if it is there.
 * False ends the search: a file that cannot be read is not passed over. */
static bool
try(struct reader *r, const char *dir, const char *name, const char **path,
    char **data, size_t *len)
{
	const char *error;
	char *slash, *file;

	file = arena_printf(r->arena, "%s/%s.lua", dir, name);
	for (slash = file + strlen(dir) + 1; slash < file + strlen(file) - 4;
	    slash++)
		if (*slash == '.')
			*slash = '/';
	*path = file;
	error = file_read(file, SOURCE_MAX, r->arena, data, len);
	if (!error)
		return false;
	*data = NULL;
	if (strcmp(error, strerror(ENOENT)) == 0)
		return true;
	*path = arena_printf(r->arena, "%s: %s", file, error);
	return false;
}

static void
answer(struct reader *r, const char *path, const char *data, size_t len)
{
	struct buf b;

	buf_init(&b);
	buf_append(&b, path, strlen(path) + 1);
	buf_append(&b, data, len);
	frame_send(r->checker, FRAME_FOUND, b.p, b.len);
	buf_clear(&b);
}

/* "open NAME": the file goes to the checker and into the bundle. */
static void
serve(struct reader *r, const struct buf *ask)
{
	enum policy_file kind = (enum policy_file)ask->p[0];
	const char *const *dir = kind == POLICY_HOOK ? r->conf.hook_path :
	    r->conf.lua_path;
	const char *name = ask->p + 1, *path = "", *tried = "";
	char *data = NULL;
	size_t len = 0;

	if (ask->len < 2 || strlen(name) > NAME_LEN_MAX ||
	    kind > POLICY_MODULE || !is_name(name, kind == POLICY_MODULE)) {
		frame_send(r->checker, FRAME_MISSING, "not a name", 10);
		return;
	}
	for (; *dir; dir++) {
		if (!try(r, *dir, name, &path, &data, &len))
			break;
		tried = arena_printf(r->arena, "%s%s%s", tried,
		    *tried ? ", " : "", path);
	}
	if (data) {
		bundle_add(r->bundle, bundle_kind(kind), name, path, data, len);
		answer(r, path, data, len);
		return;
	}
	if (*dir)
		tried = path;
	frame_send(r->checker, FRAME_MISSING, tried, strlen(tried));
}

/* A compiled list goes into the bundle; there is an end to what one check may
 * put there. */
static void
keep_list(struct reader *r, const struct buf *list)
{
	size_t name = strlen(list->p) + 1;

	if (name > list->len)
		fail(r, "%s: the check sent nonsense", r->args->path);
	r->stored += list->len;
	if (r->stored > STORED_MAX)
		fail(r, "%s: the lists of hooks are too large", r->args->path);
	bundle_add(r->bundle, BUNDLE_LIST, list->p, "", list->p + name,
	    list->len - name);
}

/* The checker is gone without a word. */
static void
checker_died(struct reader *r)
{
	const char *path = r->args->path, *hook = r->running;
	int status = 0;
	pid_t pid = waitpid(r->checker_pid, &status, 0);

	r->checker_pid = 0;
	if (pid > 0 && WIFSIGNALED(status))
		fail(r, "%s: the check was killed by SIG%s%s%s", path,
		    sigabbrev_np(WTERMSIG(status)), *hook ? " in hook " : "",
		    hook);
	fail(r, "%s: the check ended with status %d%s%s", path,
	    WEXITSTATUS(status), *hook ? " in hook " : "", hook);
}

static void
start_checker(struct reader *r)
{
	int pair[2];

	r->conf_fd = memfd_create("lunette-check", MFD_CLOEXEC);
	if (r->conf_fd < 0)
		broken(r, "memfd");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		broken(r, "socketpair");
	r->checker_pid = fork();
	if (r->checker_pid < 0)
		broken(r, "fork");
	if (r->checker_pid == 0) {
		struct checker_args a = {
			r->args->path, pair[1], r->conf_fd, r->running,
		};

		close(pair[0]);
		close(r->fd);
		checker_run(&a);
	}
	close(pair[1]);
	r->checker = pair[0];
}

static void
converse(struct reader *r)
{
	struct buf b;

	buf_init(&b);
	for (;;) {
		switch (frame_receive(r->checker, &b)) {
		case FRAME_ASK:
			serve(r, &b);
			continue;
		case FRAME_STORE:
			keep_list(r, &b);
			continue;
		case FRAME_DONE:
			bundle_add(r->bundle, BUNDLE_META, "check", "", b.p,
			    b.len);
			buf_clear(&b);
			return;
		case FRAME_FAILED:
			fail(r, "%s", b.p);
		default:
			checker_died(r);
		}
	}
}

/* What workers will make of the bundles has to work; it is tried on these and
 * not on the files, which may be others by then. */
static void
check_keys(struct reader *r, const int fds[2])
{
	struct keyring k = { bundle_open(fds[0]), bundle_open(fds[1]) };
	char error[CONF_ERROR_MAX];

	if (!k.open || !k.secret)
		broken(r, "bundle");
	if (keyring_check(&k, &r->conf, error) < 0)
		fail(r, "%s", error);
}

static void
send_bundles(struct reader *r)
{
	int fds[2];

	fds[0] = bundle_seal(r->bundle, "lunette-generation");
	fds[1] = bundle_seal(r->secret, "lunette-secrets");
	if (fds[0] < 0 || fds[1] < 0)
		broken(r, "memfd");
	check_keys(r, fds);
	tell(r->fd, READER_MADE, "", fds);
}

void
reader_run(const struct loader_args *args, int fd, char *running)
{
	struct reader r = { .args = args, .fd = fd, .running = running };

	shed(&r);
	start_checker(&r);
	r.arena = arena_new();
	r.bundle = bundle_writer_new();
	r.secret = bundle_writer_new();
	evaluate(&r);
	copy_system(&r, "resolv.conf", "/etc/resolv.conf");
	copy_system(&r, "hosts", "/etc/hosts");
	frame_send(r.checker, FRAME_CONF, "", 0);
	converse(&r);
	end_checker(&r);
	send_bundles(&r);
	_exit(0);
}
