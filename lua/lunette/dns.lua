-- lunette.dns: questions to the DNS; each of them waits.
--
-- a, aaaa, txt, ptr(x) give a list of texts, mx(domain) a list of { host,
-- preference }; an empty list means none, nil and an error that we could not
-- find out.  fcrdns(ip) gives a confirmed name or false; bl(ip or domain, zone
-- [, codes]) gives { codes, zone } or false.

local _, raw = ...

local ip = require "lunette.ip"

local dns = {
	a = raw.a,
	aaaa = raw.aaaa,
	txt = raw.txt,
	ptr = raw.ptr,
	mx = raw.mx,
}

local NAMES_MAX = 10 -- of a client that claims more, the rest is not asked

-- A name of the address that leads back to it; false if there is none.
function dns.fcrdns(address)
	local names, err = raw.ptr(address)
	local ask = address:find(":", 1, true) and raw.aaaa or raw.a
	local failure

	if not names then
		return nil, err
	end
	for i = 1, math.min(#names, NAMES_MAX) do
		local found, why = ask(names[i])

		for _, a in ipairs(found or {}) do
			if ip.parse(a) == ip.parse(address) then
				return names[i]
			end
		end
		failure = failure or why
	end
	if failure then
		return nil, failure
	end
	return false
end

-- Does one part of a code fit "7", "[2..254]" or "*"?
local function part_fits(pattern, part)
	local low, high = pattern:match "^%[(%d+)%.%.(%d+)%]$"

	if low then
		return tonumber(part) >= tonumber(low) and tonumber(part) <= tonumber(high)
	end
	return pattern == "*" or tonumber(pattern) == tonumber(part)
end

-- "127.0.0.[2..254]" into its four parts; the dots of a range divide nothing.
local function split(pattern)
	local parts = {}

	for part in (pattern:gsub("%.%.", "\0") .. "."):gmatch "([^.]*)%." do
		local text = part:gsub("%z", "..")

		if not (text == "*" or text:match "^%d+$" or text:match "^%[%d+%.%.%d+%]$") then
			parts = {}
			break
		end
		parts[#parts + 1] = text
	end
	if #parts ~= 4 then
		error(("dns.bl: %q: a code like 127.0.0.2 or 127.0.0.[2..254] expected"):format(pattern), 4)
	end
	return parts
end

local function fits(code, patterns)
	local parts = { code:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }

	for _, pattern in ipairs(patterns) do
		local good = #parts == 4

		for i = 1, good and 4 or 0 do
			good = good and part_fits(pattern[i], parts[i])
		end
		if good then
			return true
		end
	end
	return false
end

local anything = { { "127", "*", "*", "*" } }

local function patterns_of(codes)
	local patterns = {}

	if codes == nil then
		return anything
	end
	for _, code in ipairs(type(codes) == "table" and codes or { codes }) do
		patterns[#patterns + 1] = split(code)
	end
	return patterns
end

-- RFC 5782: is the address, or the domain, on the list?
function dns.bl(subject, zone, codes)
	local patterns = patterns_of(codes)
	local address = ip.parse(subject)
	local name = (address and ip.reversed(address) or subject) .. "." .. zone
	local answers, err = raw.a(name)
	local hits = {}

	if not answers then
		return nil, err
	end
	for _, code in ipairs(answers) do
		if code:match "^127%.255%.255%." then
			return nil, raw.error("refused", false, ("%s refuses to answer us (%s)"):format(zone, code))
		end
		if fits(code, patterns) then
			hits[#hits + 1] = code
		end
	end
	if #hits == 0 then
		return false
	end
	return { codes = hits, zone = zone }
end

return dns
