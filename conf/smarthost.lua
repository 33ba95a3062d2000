-- smarthost.lua: in front of the mail server of a domain.
--
--   the world --> Lunette, port 25 --> your server, 127.0.0.1:10025
--
-- Change the four lines marked <--, let your server listen on 10025 for this
-- machine alone (contrib/postfix.md shows how for Postfix), and say
-- `lunette check -c smarthost.lua`.

hostname = "mx.example.org"                                    -- <--
listen   = { "0.0.0.0:25", "[::]:25" }

-- A certificate makes these offer STARTTLS.  After a renewal: SIGHUP.
-- tls = { cert = "/etc/lunette/tls/mx.pem", key = "/etc/lunette/tls/mx.key" }

-- The server behind.  Each recipient is put to it before we answer, so that a
-- user it does not know is refused by us and never bounced.  With more than
-- one, the next is tried when one does not answer:
--   relay = { "smtp://10.0.0.5:25", "smtp://10.0.0.6:25" }
-- If it is to apply rules of its own to the real client, and lets us say who
-- that is (Postfix: smtpd_authorized_xclient_hosts):
--   relay = { "smtp://127.0.0.1:10025", xclient = true }
-- On another machine, over TLS, its certificate checked against a CA:
--   relay = { "smtp://mail.example.org", tls = "verify", ca = "ca.pem" }
relay = "smtp://127.0.0.1:10025"                               -- <--
check_recipients = "relay"

-- Whose mail we take.  A longer list is better kept in a file, one a line:
--   local ours = file "domains"
local ours = { "example.org" }                                 -- <--

-- Clients that may skip what strangers have to pass.  They may NOT relay
-- through here: for that, see outbound.lua.
trusted = { "127.0.0.0/8", "::1" }                             -- <--

-- The order counts: what costs nothing comes first, what asks DNS later, and
-- whoever accepts the recipient last.
hooks = {
  -- How many connections one client may have open.
  { "client_limit", max = 20 },

  -- Lists of your own; empty here.  A text such as file "bad_clients" works
  -- as well, one entry a line.
  { "access", deny_clients = {}, deny_senders = {} },

  -- A client that talks before our banner is a robot.
  { "early_talker", seconds = "2s" },

  -- Its name in DNS, for the log, for Received, and for the hooks that follow.
  "fcrdns",

  -- The name it gives itself.
  "helo_checks",

  -- Uncomment when you have a list that you may ask (most want to be asked by
  -- your own resolver, and some want to be paid):
  -- { "dnsbl", zones = { { zone = "bl.example.net" } } },

  -- The more a client does wrong, the longer it waits.
  "tarpit",

  -- From and Date there, and nothing there twice.
  "headers",

  -- The recipients we take mail for.  All others get 550 5.7.1.
  { "rcpt_domains", domains = ours },
}

limits = {
  message_size = "50M",
  per_client   = 50,            -- sessions; Lunette's own, before any hook
}

-- The account to become after the ports are open.
user = "lunette"

pid_file = "/run/lunette/lunette.pid"
control  = "/run/lunette/lunette.sock"
log      = { to = "syslog" }
