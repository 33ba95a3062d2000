-- certificate: keys and certificates for a spec, made by openssl on the spot.
--
--   local mine = certificate.make(dir, "mx", { names = { "mx.test", "*.x.test" } })
--   ... tls = { cert = "%s", key = "%s" } ...  mine.cert, mine.key
--   client.dial(port, { tls = true, ca = mine.cert })
--
-- Files are DIR/NAME.cert and DIR/NAME.key.
local process = require "spec.support.process"

local certificate = {}

local kinds = {
  ec = { "ec", "-pkeyopt", "ec_paramgen_curve:P-256" },
  rsa = { "rsa:2048" },
}

local function openssl(...)
  local got = process.run { "openssl", ... }
  if got.code ~= 0 then
    error("openssl " .. table.concat({ ... }, " ") .. "\n" .. got.err, 3)
  end
  return got.out
end

-- o: names (the first is the subject too; default NAME.test), subject, kind
-- ("ec", "rsa"), days (negative: expired), password (the key is encrypted), ca
-- (what made the signer; default: signed by itself), is_ca.  Returns cert, key,
-- fingerprint (SHA-256, lower-case hex), names.
function certificate.make(dir, name, o)
  o = o or {}
  local path, names = dir .. "/" .. name, o.names or { name .. ".test" }
  local alt = {}
  for i, text in ipairs(names) do
    alt[i] = (text:match "^[%d.:]+$" and "IP:" or "DNS:") .. text
  end
  local argv = { "req", "-new", "-newkey", unpack(kinds[o.kind or "ec"]) }
  for _, word in ipairs {
    "-subj", o.subject or "/CN=" .. names[1], "-keyout", path .. ".key", "-out", path .. ".csr",
    "-addext", "subjectAltName=" .. table.concat(alt, ","),
    "-addext", "basicConstraints=CA:" .. (o.is_ca and "TRUE" or "FALSE"),
    o.password and "-passout" or "-nodes", o.password and "pass:" .. o.password,
  } do
    argv[#argv + 1] = word
  end
  openssl(unpack(argv))
  local sign = o.ca and { "-CA", o.ca.cert, "-CAkey", o.ca.key } or
    { "-signkey", path .. ".key", "-passin", "pass:" .. (o.password or "") }
  openssl("x509", "-req", "-in", path .. ".csr", "-out", path .. ".cert", "-days",
    tostring(o.days or 30), "-copy_extensions", "copy", unpack(sign))
  os.remove(path .. ".csr")
  return {
    cert = path .. ".cert", key = path .. ".key", names = names,
    fingerprint = certificate.fingerprint(path .. ".cert"),
  }
end

function certificate.fingerprint(path)
  local text = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256")
  return text:match "=(%S+)":gsub(":", ""):lower()
end

return certificate
