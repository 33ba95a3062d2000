-- lunette.base64: encode(data); decode(text), which raises on nonsense.

local _, raw = ...

return { encode = raw.encode, decode = raw.decode }
