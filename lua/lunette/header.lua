-- lunette.header: what is inside the values of header fields.
--
-- decode(t) undoes RFC 2047; addresses(t) is a list of { address, name };
-- date(t) is seconds since the epoch, or false; parameters(t) the value and a
-- table of its parameters.

local base64 = require "lunette.base64"

local header = {}

-- Windows-1252 where it differs from Latin-1.
local windows = {
	[0x80] = 0x20AC, [0x82] = 0x201A, [0x83] = 0x0192, [0x84] = 0x201E, [0x85] = 0x2026,
	[0x86] = 0x2020, [0x87] = 0x2021, [0x88] = 0x02C6, [0x89] = 0x2030, [0x8A] = 0x0160,
	[0x8B] = 0x2039, [0x8C] = 0x0152, [0x8E] = 0x017D, [0x91] = 0x2018, [0x92] = 0x2019,
	[0x93] = 0x201C, [0x94] = 0x201D, [0x95] = 0x2022, [0x96] = 0x2013, [0x97] = 0x2014,
	[0x98] = 0x02DC, [0x99] = 0x2122, [0x9A] = 0x0161, [0x9B] = 0x203A, [0x9C] = 0x0153,
	[0x9E] = 0x017E, [0x9F] = 0x0178,
}

local function utf8(n)
	if n < 0x80 then
		return string.char(n)
	elseif n < 0x800 then
		return string.char(0xC0 + math.floor(n / 64), 0x80 + n % 64)
	end
	return string.char(0xE0 + math.floor(n / 4096), 0x80 + math.floor(n / 64) % 64, 0x80 + n % 64)
end

local function from_bytes(text, map)
	return (text:gsub("[\128-\255]", function(c)
		return utf8(map[c:byte()] or c:byte())
	end))
end

-- To UTF-8, or nil for a charset that we do not know.
local function convert(text, charset)
	charset = charset:lower():gsub("%*.*", "")
	if charset == "utf-8" or charset == "us-ascii" or charset == "utf8" then
		return text
	elseif charset == "iso-8859-1" or charset == "latin1" then
		return from_bytes(text, {})
	elseif charset == "iso-8859-15" then
		return from_bytes(text, { [0xA4] = 0x20AC })
	elseif charset == "windows-1252" or charset == "cp1252" then
		return from_bytes(text, windows)
	end
end

-- One encoded word; nil if it cannot be read.
local function decode_word(charset, encoding, text)
	if encoding:lower() == "b" then
		local ok, bytes = pcall(base64.decode, text .. ("="):rep(-#text % 4))

		return ok and convert(bytes, charset) or nil
	end
	return convert((text:gsub("_", " "):gsub("=(%x%x)", function(hex)
		return string.char(tonumber(hex, 16))
	end)), charset)
end

local word = "=%?([%w*_.:-]+)%?([bBqQ])%?([^?%s]*)%?="

-- RFC 2047; words that cannot be read stay as they are.  Blanks between two
-- encoded words vanish (section 6.2).
function header.decode(text)
	local out, at, after_word = {}, 1, false

	while true do
		local first, last, charset, encoding, body = text:find(word, at)

		if not first then
			break
		end
		local between = text:sub(at, first - 1)
		local decoded = decode_word(charset, encoding, body)

		if not (after_word and decoded and between:match "^%s*$") then
			out[#out + 1] = between
		end
		out[#out + 1] = decoded or text:sub(first, last)
		after_word, at = decoded ~= nil, last + 1
	end
	out[#out + 1] = text:sub(at)
	return table.concat(out)
end

-- Cut at any of the marks, outside quotes, comments and brackets.
local function divide(text, marks)
	local parts, part, at, depth, quoted = {}, {}, 1, 0, false

	while at <= #text do
		local c = text:sub(at, at)

		if c == "\\" and (quoted or depth > 0) then
			part[#part + 1] = text:sub(at, at + 1)
			at = at + 1
		elseif c == '"' and depth == 0 then
			quoted = not quoted
			part[#part + 1] = c
		elseif c == "(" and not quoted then
			depth = depth + 1
		elseif c == ")" and depth > 0 and not quoted then
			depth = depth - 1
		elseif depth == 0 and not quoted and marks:find(c, 1, true) then
			parts[#parts + 1] = table.concat(part)
			part = {}
		elseif depth == 0 then
			part[#part + 1] = c
		end
		at = at + 1
	end
	parts[#parts + 1] = table.concat(part)
	return parts
end

local function trim(text)
	return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

local function unquote(text)
	local inner = text:match '^"(.*)"$'

	return inner and (inner:gsub("\\(.)", "%1")) or text
end

-- RFC 5322 3.4: groups are opened, comments dropped.
function header.addresses(text)
	local list = {}

	for _, part in ipairs(divide(text, ",;")) do
		local name, address = part:match "^(.-)<([^<>]*)>%s*$"

		if not name then
			name, address = "", part
		end
		if not name:find '"' then
			name = name:gsub("^[^:]*:", "")
		end
		if not address:find '"' then
			address = address:gsub("^[^:@]*:", "")
		end
		address = trim(address)
		if address ~= "" then
			list[#list + 1] = { address = address, name = header.decode(unquote(trim(name))) }
		end
	end
	return list
end

local months = {
	jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6,
	jul = 7, aug = 8, sep = 9, oct = 10, nov = 11, dec = 12,
}
local zones = {
	ut = 0, utc = 0, gmt = 0, z = 0,
	est = -5, edt = -4, cst = -6, cdt = -5, mst = -7, mdt = -6, pst = -8, pdt = -7,
}

-- Days from 1970-01-01, by the calendar of Gregory.
local function days(year, month, day)
	if month <= 2 then
		year, month = year - 1, month + 12
	end
	return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
		+ math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function offset(zone)
	local sign, hours, minutes = zone:match "^([+-])(%d%d)(%d%d)$"

	if sign then
		return (sign == "-" and -1 or 1) * (hours * 3600 + minutes * 60)
	end
	return (zones[zone:lower()] or 0) * 3600
end

local function days_in(year, month)
	local next_year, next_month = year, month + 1

	if next_month == 13 then
		next_year, next_month = year + 1, 1
	end
	return days(next_year, next_month, 1) - days(year, month, 1)
end

-- RFC 5322 3.3 and 4.3; false for what is no date.
function header.date(text)
	text = trim(divide(text, "\0")[1]):gsub("^%a+%s*,%s*", "")
	local day, month, year, rest = text:match "^(%d%d?)%s+(%a%a%a)%a*%s+(%d%d%d?%d?)%s+(.*)$"

	if not day then
		return false
	end
	local hour, minute, tail = rest:match "^(%d%d?):(%d%d)(.*)$"
	local second, zone

	if not hour then
		return false
	end
	second, zone = tail:match "^:(%d%d)%s*(%S*)"
	if not second then
		second, zone = 0, tail:match "^%s*(%S*)"
	end
	day, month, year = tonumber(day), months[month:lower()], tonumber(year)
	hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
	if year < 50 then
		year = year + 2000
	elseif year < 1000 then
		year = year + 1900
	end
	if not month or day < 1 or day > days_in(year, month) or hour > 23 or minute > 59 or second > 60 then
		return false
	end
	return days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset(zone)
end

-- RFC 2045 5.1 and 2231: names in lower case, continuations joined.
function header.parameters(text)
	local parts = divide(text, ";")
	local value, found, pieces = trim(parts[1]), {}, {}

	for i = 2, #parts do
		local name, given = parts[i]:match "^%s*([^%s=]+)%s*=%s*(.-)%s*$"

		if name then
			local base, index, star = name:lower():match "^([^*]+)%*?(%d*)(%*?)$"
			local extended = base and (star == "*" or (index == "" and name:sub(-1) == "*"))

			given = unquote(given)
			if base then
				local list = pieces[base] or {}

				pieces[base] = list
				list[index == "" and 0 or tonumber(index)] = { text = given, extended = extended }
			end
		end
	end
	for name, list in pairs(pieces) do
		local out, charset = {}, nil
		local i = 0

		while list[i] do
			local piece = list[i].text

			if list[i].extended then
				if i == 0 then
					local set, rest = piece:match "^([^']*)'[^']*'(.*)$"

					charset, piece = set, rest or piece
				end
				piece = piece:gsub("%%(%x%x)", function(hex)
					return string.char(tonumber(hex, 16))
				end)
			end
			out[#out + 1] = piece
			i = i + 1
		end
		local joined = table.concat(out)

		found[name] = charset and charset ~= "" and convert(joined, charset) or header.decode(joined)
	end
	return value, found
end

return header
