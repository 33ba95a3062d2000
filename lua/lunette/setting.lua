-- lunette.setting: what a default alone cannot say of a setting.
--
-- Each function makes a declaration for the table `settings` of a hook.  Called
-- with a value, that is the default; without, the setting is required.  The
-- core reads the declarations and replaces them by values before `start`.

local _, raw = ...

local setting = {}

local function declare(kind, of, default)
	return setmetatable({ kind = kind, of = of, default = default }, raw.meta)
end

for _, kind in ipairs {
	"string", "number", "boolean", "duration", "size", "relay", "url",
	"cidrs", "domains", "addresses", "any",
} do
	setting[kind] = function(default)
		return declare(kind, nil, default)
	end
end

-- list(of [, default]); a plain table stands for a record of that shape.
function setting.list(of, default)
	return declare("list", of, default)
end

-- map(of [, default]): any names, each with a value of that kind.
function setting.map(of, default)
	return declare("map", of, default)
end

-- record { name = declaration or default, ... }
function setting.record(fields)
	return declare("record", fields)
end

-- one_of({ value, ... } [, default])
function setting.one_of(values, default)
	return declare("one_of", values, default)
end

-- optional(of): nil where nothing is configured.
function setting.optional(of)
	return declare("optional", of)
end

return setting
