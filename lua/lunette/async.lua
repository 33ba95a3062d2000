-- lunette.async: several things at once, under the deadline of the hook.
--
-- map(list, fn) gives results and errors, with the indices of the list;
-- all(f, ...) the same for functions; race(f, ...) the first answer that is not
-- nil, and ends the others, or nil and the last error.  An error that is raised
-- in one of them is raised here.

local _, raw = ...

local async = {}

-- fn(1) to fn(n) at once; an error of one is raised where the caller stands.
local function join(n, fn)
	local failure = raw.join(n, fn)

	if failure then
		error(failure, 0)
	end
end

function async.map(list, fn)
	local results, errors = {}, {}

	join(#list, function(i)
		results[i], errors[i] = fn(list[i])
		if results[i] ~= nil then
			errors[i] = nil
		end
	end)
	return results, errors
end

local function call(f)
	return f()
end

function async.all(...)
	return async.map({ ... }, call)
end

function async.race(...)
	local functions = { ... }
	local winner, failure

	join(#functions, function(i)
		local value, err = functions[i]()

		if winner == nil then
			winner, failure = value, err
		end
		return value ~= nil
	end)
	if winner == nil then
		return nil, failure
	end
	return winner
end

return async
