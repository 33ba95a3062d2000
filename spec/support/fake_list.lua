-- lunette.ip and lunette.list for specs of hooks: plain, slow, and independent of the
-- library, so that a hook is tried against what the manual says.

local bit = require "bit"

local fake_list = {}
local ip, list = {}, {}
fake_list.ip, fake_list.list = ip, list

-- An address as a list of octets, 4 or 16; nil if it is none.
local function octets4(text)
  local found = { text:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  if #found ~= 4 then return end
  for i, part in ipairs(found) do
    if #part > 3 or tonumber(part) > 255 then return end
    found[i] = tonumber(part)
  end
  return found
end

local function groups(text)
  local out = {}
  if text == "" then return out end
  for group in (text .. ":"):gmatch "([^:]*):" do
    if not group:find "^%x%x?%x?%x?$" then return end
    out[#out + 1] = tonumber(group, 16)
  end
  return out
end

local function octets6(text)
  local head, tail = text:match "^(.-)::(.*)$"
  local left, right = groups(head or text), groups(tail or "")
  if not left or not right then return end
  local missing = 8 - #left - #right
  if (head and missing < 1) or (not head and missing ~= 0) then return end
  local out = {}
  local function put(group)
    out[#out + 1], out[#out + 2] = bit.rshift(group, 8), bit.band(group, 255)
  end
  for _, group in ipairs(left) do put(group) end
  for _ = 1, missing do put(0) end
  for _, group in ipairs(right) do put(group) end
  return out
end

local function octets(text)
  return octets4(text) or text:find ":" and octets6(text) or nil
end

local function shown(address)
  if #address == 4 then return table.concat(address, ".") end
  local out = {}
  for i = 1, 15, 2 do out[#out + 1] = ("%x"):format(address[i] * 256 + address[i + 1]) end
  return (table.concat(out, ":"):gsub("%f[%x]0:[0:]*0%f[^%x]", ":", 1):gsub(":::+", "::"))
end

function ip.parse(text)
  local address = octets(text)
  return address and shown(address) or false
end

function ip.literal(text)
  local inside = text:match "^%[(.*)%]$"
  if not inside then return false end
  local six = inside:match "^[Ii][Pp][Vv]6:(.*)$"
  local address = six and octets6(six) or not six and octets4(inside)
  return address and shown(address) or false
end

function ip.inside(text, cidr)
  local net, bits = cidr:match "^(.-)/(%d+)$"
  local address, base = octets(text), octets(net or cidr)
  if not base then error("not a network: " .. cidr, 2) end
  if not address or #address ~= #base then return false end
  bits = tonumber(bits) or #base * 8
  for i = 1, #base do
    local mask = bit.band(bit.lshift(255, 8 - math.max(0, math.min(8, bits - (i - 1) * 8))), 255)
    if bit.band(address[i], mask) ~= bit.band(base[i], mask) then return false end
  end
  return true
end

-- The entries of a list and their values, given as a list, or as a text with an entry,
-- perhaps a value, and perhaps a comment on each line.
local function entries(source)
  if type(source) == "table" then return source, {} end
  local out, values = {}, {}
  for line in source:gmatch "[^\n]+" do
    local entry, value = line:gsub("#.*", ""):match "(%S+)%s*(.-)%s*$"
    if entry then
      out[#out + 1] = entry
      values[#out] = value ~= "" and value or nil
    end
  end
  return out, values
end

local function new(source, matches)
  local all, values = entries(source)
  local self = {}
  function self.find(_, x)
    if x == nil then return false end
    for i, entry in ipairs(all) do
      if matches(x:lower(), entry:lower()) then return values[i] or true, entry end
    end
    return false
  end
  function self.has(_, x) return self.find(self, x) ~= false end
  return self
end

local function domain_matches(x, entry)
  if entry:sub(1, 1) == "." then return #x > #entry and x:sub(-#entry) == entry end
  return x == entry
end

local function address_matches(x, entry)
  if x == entry then return true end
  local domain = x:match "@([^@]*)$"
  if not domain then return false end
  return entry:sub(1, 1) == "@" and domain_matches(domain, entry:sub(2))
end

function list.cidrs(source) return new(source, ip.inside) end
function list.domains(source) return new(source, domain_matches) end
function list.addresses(source) return new(source, address_matches) end

return fake_list
