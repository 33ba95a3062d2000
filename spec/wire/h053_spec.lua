local row = require "spec.support.row"

row { 53, "A domain in its two forms, U-labels and A-labels",
  answer = "One domain for every list and hook, compared as A-labels in lower case" }

local at = row.serve {
  config = [[ hooks = { "sees", { "rcpt_domains", domains = { "b\195\188cher.test",
    "xn--caf-dma.test" } } } ]],
  hooks = { sees = [[
    return { rcpt = function(session, rcpt) session:log("info", "domain %s", rcpt.domain) end }
  ]] },
}

for name, list in pairs {
  ["listed as U-label"] = { "xn--bcher-kva.test", "b\195\188cher.test", "B\195\156CHER.test",
    "XN--BCHER-KVA.TEST" },
  ["listed as A-label"] = { "xn--caf-dma.test", "caf\195\169.test", "CAF\195\137.TEST" },
} do
  row.case(name, function(c)
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", 250)
    for _, domain in ipairs(list) do
      c:cmd(("RCPT TO:<u@%s>"):format(domain), 250)
    end
    c:cmd("RCPT TO:<u@xn--bchr-kva.test>", "550 5%.7%.1")
    local seen = {}
    for domain in at.server:read(c.from):gmatch "domain (%S-)\"" do
      seen[domain] = true
    end
    assert.truthy(seen[list[1]])
    assert.is_nil(seen[list[2]])
  end)
end

row.case("that is no domain is refused", function(c)
  c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", 250)
  for _, domain in ipairs { "\226\128\139.test", "a\226\128\174b.test", "xn--\255.test",
    "-\195\188.test" } do
    c:cmd(("RCPT TO:<u@%s>"):format(domain), "5%d%d 5%.")
  end
end)
