#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "session.h"
#include "acceptor.h"
#include "admission.h"
#include "notice.h"
#include "roster.h"

#include "door.h"

enum {
	REFUSALS_LOGGED = 20,		/* a second, one by one */
	/* Percent of the sessions taken: when stress begins, and when it has
	 * gone.  A worker of few sessions looks at those of all workers. */
	STRESS_ON = 80, STRESS_OFF = 70,
	FEW = 10,
};

struct door {
	struct door_conf conf;
	const struct conf *settings;
	struct scoreboard_slot *slot;
	struct acceptor *acceptor;
	struct admission admission;
	struct roster roster;
	uint64_t served;
	unsigned accept;		/* enum notice_accept */
	bool spent;
	struct {
		int64_t since;
		unsigned logged, left_out;
	} refusals;
};

static struct door *self;

static void
log_left_out(struct door *d)
{
	struct log_line l;

	if (d->refusals.left_out > 0) {
		log_begin(&l, LOG_INFO, "connect");
		log_str(&l, "result", "refused");
		log_int(&l, "count", d->refusals.left_out);
		log_end(&l);
	}
	d->refusals.left_out = 0;
	d->refusals.logged = 0;
}

static void
log_refusal(struct door *d, const struct session_conf *sc,
    const struct addr *client, enum admission_result why)
{
	char text[ADDR_TEXT_MAX];
	struct log_line l;

	if (cidr_list_has(&sc->quiet_clients, client))
		return;
	if (d->refusals.logged >= REFUSALS_LOGGED) {
		d->refusals.left_out++;
		return;
	}
	d->refusals.logged++;
	log_begin(&l, LOG_INFO, "connect");
	log_str(&l, "client", addr_text(client, text));
	log_str(&l, "listener", sc->listener);
	log_str(&l, "result", "refused");
	log_str(&l, "limit", admission_name(why));
	log_end(&l);
}

/* How we are doing with so many sessions here. */
static void
note_stress(struct door *d, size_t ours)
{
	unsigned capacity = d->conf.release->capacity;
	uint64_t taken = ours;

	if (capacity < FEW) {
		capacity = d->conf.release->total;
		taken = scoreboard_sessions(d->conf.board);
	}
	d->conf.env->stress = taken * 100 >= (uint64_t)capacity *
	    (d->conf.env->stress ? STRESS_OFF : STRESS_ON);
}

/* Best effort: the line, our half closed, what the client has sent already
 * read, for unread input would turn the close into a reset. */
static void
send_away(int fd, const char *line)
{
	char drop[4096];

	(void)send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	(void)recv(fd, drop, sizeof drop, MSG_DONTWAIT);
	close(fd);
}

static bool
has_room(const struct door *d)
{
	return d->roster.count < d->conf.release->capacity && !d->spent;
}

/* All sessions of all workers are taken, ours among them. */
static bool
is_all_taken(const struct door *d)
{
	return !d->spent && scoreboard_sessions(d->conf.board) >=
	    d->conf.release->total;
}

static void
update(struct door *d)
{
	bool on = d->accept != NOTICE_PAUSE && (has_room(d) ?
	    d->accept == NOTICE_TAKE : is_all_taken(d));

	acceptor_switch(d->acceptor, on);
}

static bool
on_go_on(void *arg)
{
	struct door *d = arg;

	if (has_room(d))
		return true;
	update(d);
	return is_all_taken(d);
}

static void
note_room(struct door *d)
{
	update(d);
	d->conf.room(d->conf.arg, has_room(d));
}

/* Has the client left before anyone looked at it? */
static bool
has_left(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void
begin(struct door *d, const struct session_conf *sc, int fd,
    const struct addr *client, const struct admission_ticket *ticket)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr server;
	struct session *s;

	memset(&server, 0, sizeof server);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		addr_set((struct sockaddr *)&ss, len, &server);
	note_stress(d, d->roster.count + 1);
	s = session_new(d->conf.env, sc, fd, client, &server);
	s->owner = arena_memdup(s->arena, ticket, sizeof *ticket);
	roster_add(&d->roster, s);
	atomic_fetch_add(&d->slot->stats.accepted, 1);
	atomic_store(&d->slot->served, ++d->served);
	if (d->settings->workers.lifetime > 0 && !d->spent &&
	    d->served >= d->settings->workers.lifetime) {
		d->spent = true;
		d->conf.spent(d->conf.arg);
	}
	if (d->spent || d->roster.count == d->conf.release->capacity)
		note_room(d);
}

/* A proxy brings many clients: each is counted when it is known. */
static enum admission_result
admit(struct door *d, const struct session_conf *sc, const struct addr *client,
    struct admission_ticket *out)
{
	return sc->proxy ? admission_enter_proxy(&d->admission, out) :
	    admission_enter(&d->admission, client, out);
}

static void
on_accepted(void *arg, size_t listener, int fd, const struct addr *client)
{
	struct door *d = arg;
	const struct session_conf *sc =
	    &d->settings->listener[listener].session;
	struct admission_ticket ticket;
	enum admission_result result;

	if (has_left(fd)) {
		close(fd);
		return;
	}
	atomic_fetch_add(&d->slot->sessions, 1);
	result = has_room(d) ? admit(d, sc, client, &ticket) : ADMISSION_TOTAL;
	if (result == ADMISSION_OK) {
		begin(d, sc, fd, client, &ticket);
		return;
	}
	atomic_fetch_sub(&d->slot->sessions, 1);
	atomic_fetch_add(&d->slot->stats.refused, 1);
	log_refusal(d, sc, client, result);
	/* Who expects TLS cannot read a reply in the clear. */
	send_away(fd, sc->tls == SESSION_TLS_IMPLICIT ? "" :
	    admission_reply(result));
}

void
door_ended(struct session *s)
{
	struct door *d = self;
	bool was_full = d->roster.count == d->conf.release->capacity;

	roster_remove(&d->roster, s);
	admission_leave(&d->admission, s->owner);
	atomic_fetch_sub(&d->slot->sessions, 1);
	note_stress(d, d->roster.count);
	if (was_full)
		note_room(d);
	d->conf.ended(d->conf.arg);
}

const char *
door_readdress(struct session *s)
{
	struct admission_ticket *ticket = s->owner;
	enum admission_result result;
	struct door *d = self;

	if (admission_is(&d->admission, ticket, &s->client))
		return NULL;
	admission_leave(&d->admission, ticket);
	result = admission_enter(&d->admission, &s->client, ticket);
	if (result == ADMISSION_OK)
		return NULL;
	atomic_fetch_add(&d->slot->stats.refused, 1);
	log_refusal(d, s->conf, &s->client, result);
	return admission_reply(result);
}

bool
door_rate_admit(struct session *s, enum session_rate rate)
{
	if (admission_rate(&self->admission, rate, &s->client))
		return true;
	/* Of the others the session has more to say. */
	if (rate == SESSION_RATE_HANDSHAKES)
		log_refusal(self, s->conf, &s->client, ADMISSION_TLS_RATE);
	return false;
}

unsigned
door_connections(struct session *s)
{
	return admission_count(&self->admission, &s->client);
}

struct door *
door_new(const struct door_conf *conf)
{
	struct door *d = mem_alloc(sizeof *d);
	struct acceptor_owner owner = { on_go_on, on_accepted, d };

	assert(!self);
	d->conf = *conf;
	d->settings = &conf->release->gen->conf;
	d->slot = scoreboard_slot(conf->board, conf->slot);
	d->acceptor = acceptor_new(conf->loop, conf->release->listeners,
	    &owner);
	d->admission = (struct admission){
		.conf = &d->settings->admission,
		.board = conf->board,
		.slot = conf->slot,
		.total = conf->release->total,
		.rates = conf->release->rates,
		.load = admission_load,
	};
	self = d;
	return d;
}

void
door_accept(struct door *d, unsigned how)
{
	d->accept = how;
	update(d);
}

void
door_close(struct door *d)
{
	d->accept = NOTICE_PAUSE;
	acceptor_close(d->acceptor);
}

void
door_tick(struct door *d)
{
	int64_t now = clock_ms();

	/* What others took or gave back nobody tells us. */
	update(d);
	note_stress(d, d->roster.count);

	if (now - d->refusals.since < 1000)
		return;
	d->refusals.since = now;
	log_left_out(d);
}

struct roster *
door_roster(struct door *d)
{
	return &d->roster;
}

void
door_free(struct door *d)
{
	if (!d)
		return;
	log_left_out(d);
	acceptor_free(d->acceptor);
	mem_free(d);
	self = NULL;
}
