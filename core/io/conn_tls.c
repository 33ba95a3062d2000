#include <assert.h>
#include <errno.h>

#include "tls.h"

#include "conn_state.h"

/* The clear text that waits goes first: conn_write_out begins the handshake
 * when it has gone. */
static void
secure(struct conn *c, struct tls *tls)
{
	assert(!c->tls && !c->channel.tls);
	buf_empty(&c->input);
	c->tls = tls;
	c->securing = true;
	c->clear = c->output.len;
	turn_add(c->loop, &c->turn);
	conn_update(c);
}

void
conn_secure_server(struct conn *c, struct tls_server *server)
{
	if (!c->error)
		secure(c, tls_accept(server, c->channel.in, c->channel.out));
}

void
conn_secure_client(struct conn *c, struct tls_client *client)
{
	if (!c->error)
		secure(c, tls_connect(client, c->channel.in, c->channel.out));
}

void
conn_shake(struct conn *c)
{
	if (!c->channel.tls) {
		c->channel.tls = c->tls;
		c->tls = NULL;
	}
	if (tls_handshake(c->channel.tls) == 1) {
		c->securing = false;
		c->secured_untold = true;
		conn_tell_later(c);
	} else if (errno != EAGAIN) {
		conn_fail(c, errno);
	}
}

void
conn_tls_directions(const struct conn *c, bool *reads, bool *writes)
{
	const struct tls *tls = c->channel.tls;
	bool r = *reads || c->securing, w = *writes;

	*reads = (r && !tls_wants_write(tls)) || (w && tls_wants_read(tls));
	*writes = (w && !tls_wants_read(tls)) || (r && tls_wants_write(tls));
}

void
conn_tls_cut(struct conn *c)
{
	if (c->securing)
		c->output.len = c->channel.tls ? 0 : c->clear;
}

const struct tls_info *
conn_tls(const struct conn *c)
{
	return c->channel.tls && !c->securing ? tls_info(c->channel.tls) : NULL;
}
