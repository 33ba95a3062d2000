-- helo_checks: does the name a client gives itself make sense?
--
-- Stage     helo
-- Settings  one per check, each "reject", "note" (record it, go on) or "off":
--             syntax       not a host name or address literal       default reject
--             own          our own name or address, or localhost    default reject
--             bare_ip      an address without its brackets          default reject
--             unqualified  a name without a domain                  default reject
--             literal      a literal that is not the client's own   default note
--             resolvable   a name without A, AAAA or MX in DNS      default off
--           own_names  further names that only we may use, as domains; default none
--           score      what each failed check adds to the session's score; default 1
-- Exempt    trusted clients, and those that have logged in
-- Failure   DNS does not answer: `resolvable = "reject"` gives 4.7.1, for now
--
-- A refusal is held until RCPT, and AUTH forgives it: mail programs give themselves names
-- of all kinds.

local dns, ip = require "lunette.dns", require "lunette.ip"
local setting, verdict = require "lunette.setting", require "lunette.verdict"

local function action(default)
  return setting.one_of({ "reject", "note", "off" }, default)
end

local helo_checks = {
  settings = {
    syntax      = action "reject",
    own         = action "reject",
    bare_ip     = action "reject",
    unqualified = action "reject",
    literal     = action "note",
    resolvable  = action "off",
    own_names   = setting.domains {},
    score       = 1,
  },
}
local settings = helo_checks.settings

local function is_literal(name)
  return name:sub(1, 1) == "["
end

local function is_label(label)
  return #label <= 63 and label:find "^[%w_]" and label:find "[%w_]$" and not label:find "[^%w_-]"
end

local function is_host(name)
  if #name > 255 or not name:find "^[^.]" or name:find "%.%." then return false end
  for label in name:gmatch "[^.]+" do
    if not is_label(label) then return false end
  end
  return not name:find "%.%d+%.?$"
end

-- True, false, or nil and an error.
local function resolves(name)
  local failed
  for _, question in ipairs { "a", "aaaa", "mx" } do
    local answer, err = dns[question](name)
    if answer and #answer > 0 then return true end
    if err and err.kind ~= "nxdomain" then failed = err end
  end
  if failed then return nil, failed end
  return false
end

-- The checks, in order. Each says what is wrong, if something is; an error as a second
-- value says that it could not be found out.
local checks = {
  { "bare_ip", function(session, name)
    return ip.parse(name) and "an IP address needs brackets"
  end },
  { "syntax", function(session, name)
    if ip.parse(name) then return end
    local valid
    if is_literal(name) then valid = ip.literal(name) else valid = is_host(name) end
    return not valid and "not a host name"
  end },
  { "own", function(session, name)
    if session.client.ip == session.server.ip then return end
    local host = name:lower():gsub("%.$", "")
    if host == session.server.name:lower() or host == "localhost"
      or host == "localhost.localdomain" or settings.own_names:has(host)
      or ip.literal(name) == session.server.ip then
      return "that is not you"
    end
  end },
  { "unqualified", function(session, name)
    return not is_literal(name) and not name:find(".", 1, true) and "not a full host name"
  end },
  { "literal", function(session, name)
    local address = ip.literal(name)
    return address and address ~= session.client.ip and "that is not your address"
  end },
  { "resolvable", function(session, name)
    if is_literal(name) then return end
    local found, err = resolves(name)
    if err then return "cannot look up this name now", err end
    return not found and "no such host in DNS"
  end },
}

function helo_checks.helo(session, name)
  if session.trusted or session.auth then return end
  for _, check in ipairs(checks) do
    local what, test = check[1], check[2]
    if settings[what] ~= "off" then
      local wrong, err = test(session, name)
      if err then
        session:result("helo_checks", "error", what .. ": " .. err.text)
      elseif wrong then
        session:result("helo_checks", "fail", what, settings.score)
      end
      if wrong and settings[what] == "reject" then
        if err then return verdict.defer("4.7.1", "HELO %s: %s", name, wrong):later() end
        return verdict.reject("5.7.1", "HELO %s: %s", name, wrong):later()
      end
    end
  end
end

return helo_checks
