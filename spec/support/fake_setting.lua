-- lunette.setting for specs of hooks: declare, check, fill in.

local list = require "spec.support.fake_list".list

local setting = {}
local fake_setting = { setting = setting }
local declared = {}		-- the metatable of a declaration

local units = { s = 1, m = 60, h = 3600, d = 86400, ms = 0.001 }

local function fail(where, what)
  error(("setting %s: %s"):format(where, what), 0)
end

local function declare(convert, default, optional)
  return setmetatable({ convert = convert, default = default, optional = optional }, declared)
end

local function plain(kind)
  local function convert(value, where)
    if type(value) ~= kind then fail(where, "must be a " .. kind) end
    return value
  end
  return function(default) return declare(convert, default) end
end

setting.string, setting.number, setting.boolean = plain "string", plain "number", plain "boolean"

function setting.any(default)
  return declare(function(value) return value end, default)
end

function setting.map(of, default)
  return declare(function(value, where)
    if type(value) ~= "table" then fail(where, "must be a table") end
    for _, item in pairs(value) do of.convert(item, where) end
    return value
  end, default)
end

function setting.duration(default)
  return declare(function(value, where)
    if type(value) == "number" then return value end
    local number, unit = tostring(value):match "^(%d+)(%a+)$"
    if not units[unit] then fail(where, "must be a duration") end
    return number * units[unit]
  end, default)
end

for _, kind in ipairs { "cidrs", "domains", "addresses" } do
  setting[kind] = function(default)
    return declare(function(value, where)
      if type(value) ~= "table" and type(value) ~= "string" then fail(where, "must be a list") end
      return list[kind](value)
    end, default)
  end
end

function setting.one_of(choices, default)
  return declare(function(value, where)
    for _, choice in ipairs(choices) do
      if value == choice then return value end
    end
    fail(where, "must be one of " .. table.concat(choices, ", "))
  end, default)
end

-- A declaration for a plain default, or for a table of them.
local function declaration(of)
  if getmetatable(of) == declared then return of end
  if type(of) == "table" then return setting.record(of) end
  return setting[type(of)](of)
end

function setting.record(fields, default)
  return declare(function(value, where)
    if type(value) ~= "table" then fail(where, "must be a table") end
    return fake_setting.fill(fields, value, where .. ".")
  end, default)
end

function setting.list(of, default)
  local each = declaration(of)
  return declare(function(value, where)
    if type(value) ~= "table" then fail(where, "must be a list") end
    local out = {}
    for i, item in ipairs(value) do out[i] = each.convert(item, ("%s[%d]"):format(where, i)) end
    return out
  end, default)
end

function setting.optional(of)
  return declare(declaration(of).convert, nil, true)
end

-- Settings as a hook sees them: given over declared. What was not declared raises, here
-- when it is given and later when it is read.
function fake_setting.fill(fields, given, where)
  local out, known = {}, {}
  for name in pairs(given) do
    if fields[name] == nil then fail((where or "") .. name, "is not known") end
  end
  for name, of in pairs(fields) do
    local each, value = declaration(of), given[name]
    known[name] = true
    if value == nil then value = each.default end
    if value ~= nil then
      out[name] = each.convert(value, (where or "") .. name)
    elseif not each.optional then
      fail((where or "") .. name, "is required")
    end
  end
  return setmetatable(out, { __index = function(_, name)
    if not known[name] then error("no such setting: " .. tostring(name), 2) end
  end })
end

return fake_setting
