-- lunette.ip: addresses of hosts, as text.
--
-- parse(t) and literal(t) give the address or false; inside(ip, cidr) and
-- private(ip) true or false; net(ip, bits) and reversed(ip) text.

local _, raw = ...

return {
	parse = raw.parse,
	inside = raw.inside,
	net = raw.net,
	reversed = raw.reversed,
	literal = raw.literal,
	private = raw.private,
}
