-- auth_file: log in with a name and password from a file, or with a certificate.
--
-- Stage     auth
-- Settings  users         who may log in: a text (file "users") with a line user:hash for
--                         each, or a table { user = hash }; default none. The hashes are
--                         those of crypt(3): $y$, $2b$, $6$ and so on; "!" or "*" in front
--                         locks a user out
--           realm         a domain that may stand behind a name: with "example.org",
--                         ann@example.org is ann; default none
--           lowercase     take names in any case, and make them small; default false
--           certificates  for EXTERNAL: { [fingerprint or subject] = user }; default none
-- Failure   the client gets a 4xx and tries again
--
-- Who fails gets no opinion, and so 535 unless another hook accepts. An unknown user costs
-- the same work as a wrong password: the time does not tell who exists.

local hash, setting = require "lunette.hash", require "lunette.setting"
local verdict = require "lunette.verdict"

local auth_file = {
  settings = {
    users        = setting.any {},
    realm        = "",
    lowercase    = false,
    certificates = setting.map(setting.string(), {}),
  },
}
local settings = auth_file.settings

local stored = {}               -- user: hash
local decoys = {}               -- hashes, for users that there are not
local owners = {}               -- fingerprint or subject: user

local kinds = {
  ["1"] = true, ["2a"] = true, ["2b"] = true, ["2y"] = true, ["5"] = true, ["6"] = true,
  ["7"] = true, y = true, gy = true, sha1 = true,
}

-- The name as we keep it: without our realm, small if they all are.
local function plain(name)
  if settings.lowercase then name = name:lower() end
  local user, domain = name:match "^(.+)@([^@]+)$"
  if user and domain:lower() == settings.realm:lower() then return user end
  return name
end

-- A mistake says where, and never what the password is.
local function add(where, user, text)
  if user == "" then error(where .. ": a name expected", 0) end
  user = plain(user)
  if stored[user] ~= nil then error(("%s: %s is there already"):format(where, user), 0) end
  stored[user] = false
  if text:find "^[!*]" then return end
  local kind = text:match "^%$([%w]+)%$[%w./$=,+-]+$"
  if not kinds[kind] or #text < 20 then
    error(("%s: %s: a hash of crypt(3) expected, not a password"):format(where, user), 0)
  end
  stored[user], decoys[#decoys + 1] = text, text
end

local function read_text(text)
  local n = 0
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    n = n + 1
    line = line:match "^%s*(.-)%s*$"
    if line ~= "" and line:sub(1, 1) ~= "#" then
      local user, rest = line:match "^([^:]*):([^:]*)"
      local where = ("users: line %d"):format(n)
      add(where, user or error(where .. ": user:hash expected", 0), rest)
    end
  end
end

local function read_table(users)
  for user, text in pairs(users) do
    if type(user) ~= "string" or type(text) ~= "string" then
      error("users: { user = hash } expected", 0)
    end
    add("users", user, text)
  end
end

-- A fingerprint however it is written; a subject as it is.
local function certificate(text)
  local digits = text:gsub(":", ""):lower()
  return #digits == 64 and digits:find "^%x+$" and digits or text
end

function auth_file.start()
  if type(settings.users) == "string" then
    read_text(settings.users)
  elseif type(settings.users) == "table" then
    read_table(settings.users)
  else
    error("users: a text or a table expected", 0)
  end
  for name, user in pairs(settings.certificates) do owners[certificate(name)] = user end
end

-- For one name always the same, so that asking twice does not tell either.
local function decoy(user)
  local sum = 0
  for i = 1, #user do sum = (sum * 31 + user:byte(i)) % 2147483647 end
  return decoys[sum % #decoys + 1]
end

local function may_be(authzid, user)
  return not authzid or authzid == "" or plain(authzid) == user
end

local function accept(session, login, user)
  if not may_be(login.authzid, user) then
    return session:result("auth_file", "fail", user .. " wants to be another")
  end
  login.user = user
  return verdict.accept()
end

local function external(session, login)
  local tls = session.tls
  if not (tls and tls.verified) then return end
  local user = owners[tls.fingerprint] or owners[tls.subject]
  if user then return accept(session, login, user) end
  session:result("auth_file", "fail", "unknown certificate " .. tostring(tls.subject))
end

function auth_file.auth(session, login)
  if login.mechanism == "EXTERNAL" then return external(session, login) end
  if #decoys == 0 or not login.password then return end

  local user = plain(login.user)
  local fits, err = hash.crypt(login.password, stored[user] or decoy(user))
  if err then return nil, err end
  if fits and stored[user] then return accept(session, login, user) end
  session:result("auth_file", "fail", (stored[user] and "wrong password for " or "no user ") .. user)
end

return auth_file
