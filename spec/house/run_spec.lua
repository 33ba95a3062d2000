-- The runner: nothing that went wrong is counted as passed.
local tree = require "spec.support.tree"

describe("spec/run", function()
	local t

	local function run(args)
		return t:run("env -u RESULTS -u MAKEFLAGS OUT=build " .. (args or ""))
	end

	before_each(function()
		t = tree.new()
		t:copy "spec/run"
		t:write("spec/unit/good_test.c", "")
		t:write("build/unit/good_test", "#!/bin/sh\necho '3 passed, 0 failed'\n")
		t:write("spec/hooks/good_spec.lua",
			"describe('x', function() it('a', function() end) end)")
		t:run "chmod +x build/unit/good_test"
	end)
	after_each(function() t:remove() end)

	local function program(text)
		t:write("build/unit/good_test", "#!/bin/sh\n" .. text .. "\n")
	end

	it("adds up", function()
		local out, status = run "spec/run unit hooks"
		assert.equal(0, status, out)
		assert.truthy(out:find "\n4 passed, 0 failed\n$", out)
	end)

	local bad = {
		{ "a failure", "echo 'FAIL why'; echo '2 passed, 1 failed'; exit 1", "2 passed, 1 failed" },
		{ "a failure with a good status", "echo '2 passed, 1 failed'", "2 passed, 1 failed" },
		{ "a bad status", "echo '2 passed, 0 failed'; exit 1", "2 passed, 1 failed" },
		{ "no count", "echo hello", "0 passed, 1 failed" },
		{ "a crash", "kill -SEGV $$", "0 passed, 1 failed" },
		{ "nothing in it", "echo '0 passed, 0 failed'", "0 passed, 1 failed" },
		{ "one that hangs", "echo '2 passed, 0 failed'; sleep 1000", "2 passed, 1 failed" },
		{ "a program that is not there", nil, "0 passed, 1 failed" },
	}
	for _, b in ipairs(bad) do
		it("sees " .. b[1], function()
			if b[2] then program(b[2]) else t:run "rm build/unit/good_test" end
			local out, status = run "SPEC_TIMEOUT=1 spec/run unit"
			assert.equal(1, status, out)
			assert.equal(b[3], out:match "([^\n]*)\n$", out)
		end)
	end

	it("takes away what a spec left behind, and says so", function()
		program "sleep 1000 & echo '2 passed, 0 failed'"
		local out, status = run "spec/run unit"
		assert.equal(0, status)
		assert.truthy(out:find "left behind: %s*%d+%s+sleep 1000\n2 passed, 0 failed\n$", out)
	end)

	it("shows a failure whole", function()
		program "echo 'FAIL why'; echo '2 passed, 1 failed'; exit 1"
		assert.truthy((run "spec/run unit"):find "FAIL why")
	end)

	it("sees failures and errors of busted, and a file that does not load", function()
		t:write("spec/hooks/a_spec.lua",
			"describe('x', function() it('a', function() assert.equal(1, 2) end)" ..
			" it('b', function() error 'x' end) pending 'c' end)")
		t:write("spec/hooks/b_spec.lua", "describe(")
		t:write("spec/hooks/c_spec.lua", "os.exit(0)")
		local out, status = run "spec/run hooks"
		assert.equal(1, status, out)
		assert.truthy(out:find "\n1 pending\n1 passed, 4 failed\n$", out)
	end)

	it("sees what a sanitizer reported", function()
		program "echo boom >$RESULTS/unit_good.san.42; echo '2 passed, 0 failed'"
		local out, status = run "spec/run unit"
		assert.equal(1, status)
		assert.truthy(out:find "boom" and out:find "2 passed, 1 failed\n$", out)
	end)

	it("refuses a suite that it does not know", function()
		local out, status = run "spec/run nonsense"
		assert.equal(64, status, out)
	end)
end)
