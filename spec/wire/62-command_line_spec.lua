-- Wrong input to the program: one line that says where and what, and the right
-- exit code.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local fine = [[ relay = "discard:"; hooks = { "yes" } ]]

-- Words, exit code, what the line holds; then what the directory is made of.
local check = { "check", "-c", "$DIR/lunette.lua" }
local cases = {
  { { "--nonsense" }, 64, "nonsense" },
  { { "nonsense" }, 64, "nonsense" },
  { { "run", "extra" }, 64, "extra" },
  { { "check", "-c" }, 64, "%-c" },
  { { "run", "-c", "$DIR/lunette.lua", "-o", "nonsense" }, 64, "nonsense" },
  { { "ctl", "-c", "$DIR/lunette.lua" }, 64, "ctl" },
  { { "check", "-c", "$DIR/none.lua" }, 78, "none%.lua" },
  { { "check", "-c", "$DIR/hooks" }, 78, "hooks" },
  { check, 78, "lunette%.lua:2: .*relais.*relay", "\nrelais = 1" },
  { check, 78, "lunette%.lua:2: .*workers%.cout.*count",
    "\nworkers = { cout = 2 }; relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: .*hostname", "\nhostname = 5 relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: .*message_size",
    "\nlimits = { message_size = 'big' } relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: .*drain",
    "\ntimeouts = { drain = 'soon' } relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: ", "\nrelay = = 1" },
  { check, 78, "lunette%.lua:2: .*relay", "\nrelay = 'http://x'" },
  { check, 78, "lunette%.lua:%d+: .*relay", "hooks = { 'yes' }" },
  { check, 78, "lunette%.lua:2: .*listen", "\nlisten = '1.2.3:x' relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: .*count",
    "\nworkers = { count = 2, min = 1, max = 3 } relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: tls.cert: .*: No such file",
    "\ntls = { cert = 'x' } relay = 'discard:'" },
  { check, 78, "lunette%.lua:2: .*trusted",
    "\ntrusted = { '1.2.3.4/99' } relay = 'discard:'" },
  { check, 78, "nothere", "\nhooks = { 'nothere' } relay = 'discard:'" },
  { check, 78, 'hooks.2: .*"yes"', "\nhooks = { 'yes', 'yes' } relay = 'discard:'" },
  { check, 78, "bad%.lua:2: ", "\nhooks = { 'bad' } relay = 'discard:'",
    { bad = "return {}\nnonsense" } },
  { check, 78, "bad.*recpt.*rcpt", "\nhooks = { 'bad' } relay = 'discard:'",
    { bad = "return { recpt = function() end }" } },
  { check, 78, "bad%.lua:1: .*oops", "\nhooks = { 'bad' } relay = 'discard:'",
    { bad = "return { start = function() error 'oops' end }" } },
  { check, 78, "rcpt_domains.*domains",
    "\nhooks = { 'rcpt_domains' } relay = 'discard:'" },
  { check, 78, "missing%.txt",
    "\nhooks = { { 'rcpt_domains', domains = file 'missing.txt' } } relay = 'discard:'" },
  { { "check", "-c", "$DIR/lunette.lua", "-o", "limits.errors='x'" }, 78, "errors", fine },
  { { "check", "-c", "$DIR/lunette.lua", "-o", "limits.erors=1" }, 78, "erors", fine },
  { { "send", "--to", "127.0.0.1:1" }, 75, "127%.0%.0%.1:1" },
  { { "send", "--to" }, 64, "%-%-to" },
  { { "send", "--auth", "ann" }, 64, "LUNETTE_PASSWORD" },
}

describe("the program", function()
  teardown(sink.clean)

  for _, case in ipairs(cases) do
    it(table.concat(case[1], " ") .. ": " .. case[2] .. " " .. (case[4] or ""):gsub("\n", ""), function()
      local got = lunette.run(case[1], { config = case[4] or fine, hooks = case[5], input = "" })
      assert.equal(case[2], got.code, got.err)
      assert.matches("^lunette: [^\n]+\n$", got.err)
      assert.matches(case[3], got.err)
      assert.equal("", got.out)
    end)
  end

  for _, command in ipairs { "check", "explain", "session", "run" } do
    it(command .. " says 71 if it is the system that fails", function()
      local dir = lunette.directory { config = fine }
      local got = process.run { "sh", "-c", 'ulimit -n 4; exec "$0" "$@"', lunette.program, command,
        "-c", dir .. "/lunette.lua", input = "" }
      assert.equal(71, got.code, got.err)
      assert.matches("^lunette: loader: [^\n]+\n$", got.err)
      process.remove(dir)
    end)
  end

  it("cannot read what it may not", function()
    if process.is_root() then
      return  -- root may read anything
    end
    local dir = lunette.directory { config = fine }
    require "posix".chmod(dir .. "/lunette.lua", "---------")
    local got = process.run { lunette.program, "check", "-c", dir .. "/lunette.lua" }
    assert.equal(78, got.code)
    process.remove(dir)
  end)

  it("checks, and counts", function()
    local got = lunette.run({ "check", "-c", "$DIR/lunette.lua" }, { config = fine })
    assert.equal(0, got.code)
    assert.equal(("lunette: %s/lunette.lua: ok, 1 hooks, 1 listeners\n"):format(got.dir), got.out)
  end)

  it("explains the chain", function()
    local got = lunette.run({ "explain", "-c", "$DIR/lunette.lua" },
      { config = [[ relay = "discard:";
        hooks = { { "rcpt_domains", domains = { "x.test" } }, "yes", { "client_limit", max = 7 } } ]] })
    assert.equal(0, got.code)
    assert.matches("rcpt.-rcpt_domains.-yes", got.out)
    assert.matches("max = 7", got.out)
  end)

  it("tells its version and helps", function()
    assert.matches("^lunette %d+%.%d+", process.run { lunette.program, "--version" }.out)
    local got = process.run { lunette.program, "--help" }
    assert.equal(0, got.code)
    assert.matches("check", got.out)
  end)

  for reply, code in pairs { ["250 2.0.0 fine"] = 0, ["550 5.7.1 no"] = 69, ["450 4.7.1 later"] = 75 } do
    it(("sends: %s is %d"):format(reply, code), function()
      local hop = sink.start { dot = reply }
      local got = process.run {
        lunette.program, "send", "--to", "127.0.0.1:" .. hop.port,
        input = "From: a@b.test\nTo: b@x.test\nSubject: x\n\n.\nx\n",
      }
      assert.equal(code, got.code)
      assert.matches(reply:sub(1, 9):gsub("%.", "%%."), got.out)
      assert.matches("\r\n\r\n%.\r\nx\r\n$", hop:messages()[1].data)
    end)
  end

  it("sends by TLS, as somebody", function()
    local dir = process.directory()
    local hop = sink.start { tls = certificate.make(dir, "hop"),
      auth = { "ann", "sesame" } }
    local function send(password)
      return process.run { lunette.program, "send", "--to", "127.0.0.1:" .. hop.port, "--tls",
        "--auth", "ann", input = "Subject: x\n\nx\n", env = { LUNETTE_PASSWORD = password } }
    end
    local got = send "sesame"
    assert.equal(0, got.code, got.out .. got.err)
    assert.matches("\n220 [^\n]+\n%- TLSv1%.3 TLS_[%u%d_]+\n250", got.out)
    assert.matches("\n235 ", got.out)
    assert.equal(1, #hop:messages())
    got = send "wrong"
    assert.equal(69, got.code, got.err)
    assert.matches("\n535 ", got.out)
    assert.equal(1, #hop:messages())
    process.remove(dir)
  end)

  it("sends nothing in the clear that was to go by TLS", function()
    local hop = sink.start {}
    local got = process.run { lunette.program, "send", "--to", "127.0.0.1:" .. hop.port, "--tls",
      input = "Subject: x\n\nx\n" }
    assert.equal(69, got.code, got.err)
    assert.equal(0, #hop:messages())
  end)
end)
