-- library: load a file of lua/lunette in plain busted, its C functions made up.
--
-- library.load(name, raw [, others]): `raw` stands for what the core gives it, `others` for
-- the modules of lunette that it requires.

local library = {}

function library.load(name, raw, others)
  local chunk = assert(loadfile("lua/lunette/" .. name .. ".lua"))
  local env = setmetatable({
    require = function(module)
      return assert((others or {})[module], "the spec has no " .. module)
    end,
  }, { __index = _G })

  return setfenv(chunk, env)("lunette." .. name, raw)
end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- A base64 that is slow and plain.
library.base64 = {
  decode = function(text)
    local bits, out = {}, {}

    text = text:gsub("%s", "")
    if #text % 4 ~= 0 or text:find "[^%w+/=]" then
      error "this is no base64"
    end
    for c in text:gsub("=", ""):gmatch "." do
      local n = alphabet:find(c, 1, true) - 1

      for i = 5, 0, -1 do
        bits[#bits + 1] = math.floor(n / 2 ^ i) % 2
      end
    end
    for i = 1, #bits - 7, 8 do
      local n = 0

      for k = i, i + 7 do
        n = n * 2 + bits[k]
      end
      out[#out + 1] = string.char(n)
    end
    return table.concat(out)
  end,
}

return library
