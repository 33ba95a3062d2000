-- The filter of contrib/ against lines that the program writes now.
local program = os.getenv "LUNETTE" or (os.getenv "OUT" or "build") .. "/lunette"

local function write(path, text)
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
end

-- failregex as Python's re sees it once fail2ban has taken out the time.
local matcher = [[
import re, sys
text = open("contrib/lunette.fail2ban.conf").read()
text = text[text.index("failregex ="):text.index("ignoreregex")]
rules = [re.compile(r.strip().replace("<ADDR>", r"(?P<ip>[0-9a-f.:]+?)"))
         for r in text.replace("failregex =", "").splitlines() if r.strip()]
for line in sys.stdin:
    line = re.sub(r"^ts=\S+", "", line.rstrip("\n"))
    for i, r in enumerate(rules):
        m = r.search(line)
        if m:
            print(i + 1, m.group("ip"))
]]

describe("contrib/lunette.fail2ban.conf", function()
  local dir

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir) == 0)
    write(dir .. "/match.py", matcher)
    write(dir .. "/lunette.lua", [[
      hostname, relay, user = "mx.test", "discard:", "nobody"
      limits = { errors = 3 }
      hooks = { { "rcpt_domains", domains = { "x.test" } } }
    ]])
  end)
  after_each(function() os.execute("rm -rf " .. dir) end)

  local function matches(client, input)
    write(dir .. "/in", input)
    local session = ("%s session -c %s/lunette.lua --client %s <%s/in"):format(program, dir, client, dir)
    local f = assert(io.popen(("%s 2>&1 >/dev/null | python3 %s/match.py"):format(session, dir)))
    local text = f:read "*a"
    f:close()
    return text
  end

  it("finds a refused recipient", function()
    assert.equal("1 192.0.2.7\n", matches("192.0.2.7",
      "EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<q@y.test>\r\nQUIT\r\n"))
  end)

  it("finds a client that speaks HTTP", function()
    assert.equal("2 2001:db8::7\n", matches("2001:db8::7", "GET / HTTP/1.0\r\n\r\n"))
  end)

  it("finds a session that ended in errors", function()
    assert.truthy(matches("192.0.2.8", "A\r\nB\r\nC\r\nD\r\nE\r\n"):find("3 192.0.2.8", 1, true))
  end)

  it("finds nothing in a good session", function()
    assert.equal("", matches("192.0.2.9",
      "EHLO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<q@x.test>\r\nQUIT\r\n"))
  end)
end)
