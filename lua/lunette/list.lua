-- lunette.list: sets and maps that are looked up in C.
--
-- list.domains(source), list.cidrs(source), list.addresses(source) and
-- list.map(source) take a list, a table of keys with values, or a text with
-- one entry a line (# begins a comment).  list:has(x) is true or false;
-- list:find(x) gives the value (true if it has none) and the entry, or false.

local _, raw = ...

return {
	domains = raw.domains,
	cidrs = raw.cidrs,
	addresses = raw.addresses,
	map = raw.map,
}
