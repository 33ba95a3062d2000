-- doc/hostile-input.md is what spec/rows makes of the specs, and it complains
-- when one is missing or is not what its name says.
local tree = require "spec.support.tree"

describe("doc/hostile-input.md", function()
	it("is made from the specs that are here", function()
		local out, status = tree.sh("cd " .. tree.root .. " && spec/rows | diff doc/hostile-input.md -")
		assert.equal("", out)
		assert.equal(0, status)
	end)

	it("has a row for each of the 120 numbers", function()
		local seen, f = {}, assert(io.open "doc/hostile-input.md")
		for line in f:lines() do
			local n = tonumber(line:match "^| (%d+) |")
			if n then
				assert.matches(("h%03d_spec.lua%%) |$"):format(n), line)
				seen[#seen + 1] = n
			end
		end
		f:close()
		assert.equal(120, #seen)
		for i, n in ipairs(seen) do
			assert.equal(i, n)
		end
	end)
end)

describe("spec/rows", function()
	-- What it says of a tree where one of the files is another.
	local function complaint(name, text)
		local t = tree.new()
		t:copy "spec/wire spec/support spec/rows"
		if text then
			t:write(name, text)
		else
			t:run("rm " .. name)
		end
		local out, status = t:run "spec/rows >/dev/null"
		t:remove()
		return out, status
	end

	local head = 'local row = require "spec.support.row"\n'
	for what, text in pairs {
		["another number"] = head .. 'row { 39, "x", answer = "y" }\n',
		["no answer"] = head .. 'row { 38, "x" }\n',
		["no head"] = head .. 'it("x", function() end)\n',
		["no Lua"] = "row { 38 ",
		["a way that is none"] = head .. 'row { 38, "x", answer = "y", over = "carrier pigeon" }\n',
		["no file"] = false,
	} do
		it("finds " .. what, function()
			local out, status = complaint("spec/wire/h038_spec.lua", text)
			assert.equal(1, status)
			assert.matches("^rows: [^\n]*h038_spec.lua[^\n]*\n$", out)
		end)
	end
end)
