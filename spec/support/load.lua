-- load: clients that send without pause, each in a process of its own, and the
-- account of what they were told.
local socket = require "socket"
local client = require "spec.support.client"
local process = require "spec.support.process"

local load = {}

-- One session of up to three messages, each with a number of its own.  told
-- gets: accepted (numbers with 250), refused (4xx, 5xx), lost (no answer to
-- end-of-data), broken (the session ended before), failed (no connection),
-- sessions, and what check(c, told) adds.
local function session(name, port, told, o)
  local c, err = client.dial(port, { source = o.source })
  if not c then
    told.failed[#told.failed + 1] = err
    return false
  end
  local ok, why = pcall(function()
    c:hello()
    for _ = 1, o.messages or 3 do
      told.count = told.count + 1
      local number = ("%s-%d"):format(name, told.count)
      if o.check then
        o.check(c, told)
      end
      c:cmd("MAIL FROM:<a@b.test>", 250)
      c:cmd("RCPT TO:<b@example.org>", 250)
      c:cmd("DATA", 354)
      c:send("Subject: " .. number .. "\r\n\r\n" .. ("some line of text\r\n"):rep(20) .. ".\r\n")
      local r = c:reply()
      if not r then
        told.lost[#told.lost + 1] = number
        error "lost"
      elseif r.code == 250 then
        told.accepted[#told.accepted + 1] = number
      else
        told.refused[#told.refused + 1] = ("%s %d %s"):format(number, r.code, r.text)
      end
    end
    if o.check then
      o.check(c, told)
    end
    c:cmd("QUIT", 221)
  end)
  c:close()
  told.sessions = told.sessions + 1
  if not ok then
    told.broken[#told.broken + 1] = tostring(why)
  end
  return ok
end

-- n clients to a port.  o: messages a session, check, source.
function load.start(n, port, o)
  o = o or {}
  local tasks = {}
  for i = 1, n do
    tasks[i] = process.task("client " .. i, function(running)
      local told = {
        accepted = {}, refused = {}, lost = {}, broken = {}, failed = {}, sessions = 0, count = 0,
        seen = {},
      }
      while running() do
        if not session(tostring(i), port, told, o) then
          socket.select(nil, nil, 0.01)  -- do not spin on a closed door
        end
      end
      return told
    end)
  end
  return tasks
end

-- Stop them; one account for all.
function load.stop(tasks)
  local sum = {
    accepted = {}, refused = {}, lost = {}, broken = {}, failed = {}, sessions = 0, seen = {},
  }
  for _, task in ipairs(tasks) do
    local told = task:result()
    for key, value in pairs(told) do
      if type(value) == "table" then
        for k, v in pairs(value) do
          if type(k) == "number" then
            table.insert(sum[key], v)
          else
            sum[key][k] = (sum[key][k] or 0) + v
          end
        end
      elseif sum[key] then
        sum[key] = sum[key] + value
      end
    end
  end
  return sum
end

-- How often each number is there, of a list of texts.
function load.numbers(texts)
  local count = {}
  for _, text in ipairs(texts) do
    local number = text:match "Subject: (%d+%-%d+)"
    count[number] = (count[number] or 0) + 1
  end
  return count
end

return load
