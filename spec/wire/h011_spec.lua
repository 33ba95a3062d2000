local row = require "spec.support.row"

row { 11, "More connections than one client may have",
  answer = "421 4.7.0 and close, before any hook is asked; where TLS comes first, close " ..
    "without a word" }

local at = row.serve {
  limits = "per_client = 2", config = [[ hooks = { "asked" } ]],
  hooks = { asked = [[
    local function asked(session) session:log("info", "asked") end
    return { pre_connection = asked, connect = asked }
  ]] },
}

row.case("is refused, and others are not", function(c, _, how)
  local second = at:dial(how.way)
  local from, n = at.server:here(), how.way == "implicit" and 2 or 1
  local third = at.server:dial(nil, n)
  if n == 1 then
    third:expect "421 4%.7%.0"
  end
  third:expect_closed()
  local _, asked = at.server:read(from):gsub(" asked", "")
  assert.equal(0, asked)
  local other = at.server:dial { source = "127.0.0.77" }
  other:expect(220)
  other:close()
  second:cmd("QUIT", 221)
  c:cmd("QUIT", 221)
  at.server:wait_count(2, "end", { reason = "quit" }, from)
end, { whole = true })
