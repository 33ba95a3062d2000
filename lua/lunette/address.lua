-- lunette.address: parse(t) gives { address, user, domain }, or false.

local _, raw = ...

return { parse = raw.parse }
