local row = require "spec.support.row"

row { 48, "Quoted local parts",
  answer = "Read by the grammar: the domain is what follows the last `@` outside quotes; " ..
    "they go on in their shortest form" }

local at = row.serve {
  hop = {}, config = [[ hooks = { { "rcpt_domains", domains = { "x.test" } } } ]],
}

local good = {
  { '"a b"@x.test', '"a b"@x.test' }, { '"a@b"@x.test', '"a@b"@x.test' },
  { '"a\\"b"@x.test', '"a\\"b"@x.test' }, { '"a\\b"@x.test', "ab@x.test" },
  { '"ab"@x.test', "ab@x.test" },
  { '"a@evil.test"@x.test', '"a@evil.test"@x.test' }, { '"<>"@x.test', '"<>"@x.test' },
  { '"a>b"@x.test', '"a>b"@x.test' }, { '".a"@x.test', '".a"@x.test' },
  { '"a,b;c"@x.test', '"a,b;c"@x.test' },
}
for _, case in ipairs(good) do
  row.case("goes on: " .. case[1], function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd(("RCPT TO:<%s>"):format(case[1]), 250)
    local last
    for _, line in ipairs(at.hop:lines()) do
      last = line:match "^RCPT.*" or last
    end
    assert.equal(("RCPT TO:<%s>"):format(case[2]), last)
  end)
end

for _, bad in ipairs {
  '"a@x.test', '"a"b@x.test', 'a"b"@x.test', '"a""b"@x.test', '"a" @x.test', '"a\\"@x.test',
    '"@x.test',
  '"a"b"@x.test',
} do
  row.case("is refused: " .. bad, function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd(("RCPT TO:<%s>"):format(bad), "501 5%.")
  end)
end

row.case("does not hide another domain", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd('RCPT TO:<"a@x.test"@evil.test>', "550 5%.7%.1")
  c:cmd('RCPT TO:<"u@x.test> "@evil.test>', "550 5%.7%.1")
  local r = c:cmd('RCPT TO:<""@x.test>', "[25]%d%d [25]%.")
  assert.truthy(r.code == 250 or r.code == 501)
end)
