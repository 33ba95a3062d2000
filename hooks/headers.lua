-- headers: is the header of a message as RFC 5322 wants it?
--
-- Stage     headers: a refused message costs its header, not its body
-- Settings  required  fields that must be there; default From and Date
--           single    fields that may be there once; default those of RFC 5322 3.6
--           future    how far ahead Date may be; "0s": any; default "2d"
--           past      how old Date may be; "0s": any, which is the default; a message
--                     that was sent again (Resent-Date) may be of any age
--           and one per check, each "reject", "note" (record it, go on) or "off":
--             missing     a required field is not there        default reject
--             duplicate   a single field is there again        default reject
--             date        Date is out of bounds                default reject
--             date_syntax Date is not a date                   default note
--           score     what each failed check adds to the session's score; default 1
-- Exempt    trusted clients, and those that have logged in: let the server behind mend
--           what mail programs leave out
-- Failure   none: nothing is looked up

local clock, header = require "lunette.clock", require "lunette.header"
local setting, verdict = require "lunette.setting", require "lunette.verdict"

local function action(default)
  return setting.one_of({ "reject", "note", "off" }, default)
end

local headers = {
  settings = {
    required = setting.list(setting.string(), { "From", "Date" }),
    single   = setting.list(setting.string(), {
      "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID",
      "In-Reply-To", "References", "Subject",
    }),
    future   = setting.duration "2d",
    past     = setting.duration "0s",

    missing     = action "reject",
    duplicate   = action "reject",
    date        = action "reject",
    date_syntax = action "note",
    score       = 1,
  },
}
local settings = headers.settings

-- How often each field is there, by its name in lower case.
local function count_fields(message)
  local count = {}
  for name in message:headers() do
    name = name:lower()
    count[name] = (count[name] or 0) + 1
  end
  return count
end

-- The checks, in order: each says what is wrong, if something is.
local checks = {
  { "missing", function(message, count)
    for _, name in ipairs(settings.required) do
      if not count[name:lower()] then return "no " .. name .. " field" end
    end
  end },
  { "duplicate", function(message, count)
    for _, name in ipairs(settings.single) do
      if (count[name:lower()] or 0) > 1 then return "more than one " .. name .. " field" end
    end
  end },
  { "date_syntax", function(message, count)
    return count.date and not header.date(message:header "Date") and "Date is not a date"
  end },
  { "date", function(message, count)
    local sent = count.date and header.date(message:header "Date")
    if not sent then return end
    local age = clock.now() - sent
    if settings.future > 0 and -age > settings.future then return "Date is in the future" end
    if settings.past > 0 and age > settings.past and not count["resent-date"] then
      return "Date is too long ago"
    end
  end },
}

function headers.headers(session, message)
  if session.trusted or session.auth then return end
  local count = count_fields(message)
  for _, check in ipairs(checks) do
    local what, test = check[1], check[2]
    local wrong = settings[what] ~= "off" and test(message, count)
    if wrong then
      session:result("headers", "fail", wrong, settings.score)
      if settings[what] == "reject" then
        return verdict.reject("5.6.0", "%s (RFC 5322 3.6)", wrong)
      end
    end
  end
end

return headers
