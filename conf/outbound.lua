-- outbound.lua: the way out for the machines of a company.
--
--   your printers, web servers, people --> Lunette, port 25 --> your provider
--
-- Whoever is in `trusted` may send to anyone; nobody else may send at all.
-- Change the lines marked <-- and say `lunette check -c outbound.lua`.

hostname = "out.example.org"                                   -- <--

-- An address inside: this server must not be reached from the world.
listen = { "10.0.0.2:25" }                                     -- <--

-- People send from their mail programs with a password, on port 465 with TLS
-- from the first octet:
--   tls    = { cert = "/etc/lunette/tls/out.pem",
--              key  = "/etc/lunette/tls/out.key" }
--   listen = { "10.0.0.2:25",
--              { "10.0.0.2:465", tls = "implicit", auth = "required" } }

-- The provider's server takes everything that we accept.  One that wants a
-- password gets it over TLS, and nothing is ever sent without:
--   relay = { "smtp://smtp.provider.example:587", tls = "verify",
--             auth = { user = "company", password = env "RELAY_PASSWORD" } }
relay = { "smtp://smtp.provider.example:25", timeout = "30s" } -- <--

-- The provider need not be asked about each recipient: it is not its own
-- users that we write to.
check_recipients = "hooks"

-- Whose machines these are.
trusted = { "10.0.0.0/8", "192.168.0.0/16", "127.0.0.1" }      -- <--

hooks = {
  -- One machine that runs wild must not take all there is.
  { "client_limit", max = 10 },

  -- Machines that are not to send, although they are inside; and names that
  -- nobody here may use as a sender.
  { "access", deny_clients = {}, deny_senders = { "root@localhost" } },

  -- People with passwords: a file of lines user:hash, as `openssl passwd -6`
  -- makes them.
  --   { "auth_file", users = file "users" },

  -- The trusted, and people who have logged in, may send, and only from our own
  -- domains.
  { "relay_clients", senders = { "example.org" } },            -- <--
}

limits = {
  message_size = "25M",         -- what the provider takes
  recipients   = 100,
}

user = "lunette"

pid_file = "/run/lunette/lunette.pid"
control  = "/run/lunette/lunette.sock"
log      = { to = "syslog" }
