-- The Makefile: layers, rebuilding, install.
local tree = require "spec.support.tree"

describe("make", function()
	local t

	local function make(args)
		return t:run("env -u MAKEFLAGS -u OUT -u PREFIX -u SYSCONFDIR -u CI make CFLAGS=-O0 " .. args)
	end

	local function compiled(args)
		local out, status = make(args)
		assert.equal(0, status, out)
		return select(2, out:gsub("  CC ", ""))
	end

	before_each(function()
		t = tree.new()
		t:copy "Makefile core spec/bench/bench.mk spec/fuzz/fuzz.mk"
	end)
	after_each(function() t:remove() end)

	local upward = {
		{ "base", "conn.h" }, { "base", "line.h" }, { "base", "session.h" },
		{ "io", "line.h" }, { "io", "session.h" }, { "io", "policy.h" },
		{ "smtp", "conn.h" }, { "smtp", "txn.h" },
		{ "session", "policy.h" }, { "session", "conf.h" },
		{ "policy", "conf.h" }, { "policy", "bundle.h" },
	}
	for _, u in ipairs(upward) do
		it("lets " .. u[1] .. " not include " .. u[2], function()
			t:write("core/" .. u[1] .. "/upward.c", ('#include "%s"\n'):format(u[2]))
			local out, status = make("build/core/" .. u[1] .. "/upward.o")
			assert.not_equal(0, status)
			assert.truthy(out:find("No such file", 1, true), out)
		end)
	end

	it("builds again what a header or a flag changes, and nothing else", function()
		local all = compiled "build/libbase.a"
		assert.is_true(all > 5)
		assert.equal(0, compiled "build/libbase.a")
		t:run "touch core/base/clock.h"
		local some = compiled "build/libbase.a"
		assert.is_true(some > 0 and some < all)
		assert.equal(all, compiled "build/libbase.a PREFIX=/usr")
		assert.equal(0, compiled "build/libbase.a PREFIX=/usr WERROR=1")
	end)
end)

describe("the tree", function()
	it("builds with clang, without a warning", function()
		local out, status = tree.sh("cd " .. tree.root .. " && env -u MAKEFLAGS -u SAN " ..
			"make -s CC=clang OUT=build/clang CFLAGS=-O0 WERROR=1 programs")
		assert.equal(0, status, out)
	end)
end)

describe("make install", function()
	local t, root

	local function make(args)
		return tree.sh(("cd %s && env -u MAKEFLAGS make -s DESTDIR=%s %s"):format(
			tree.root, t.dir, args))
	end

	setup(function()
		t = tree.new()
		root = (os.getenv "PREFIX" or "/usr/local"):gsub("^/", "")
	end)
	teardown(function() t:remove() end)

	it("puts everything in its place", function()
		local out, status = make "install"
		assert.equal(0, status, out)
		local want = { "bin/lunette", "share/lunette/hooks/rcpt_domains.lua",
			"share/man/man8/lunette.8", "share/doc/lunette/LICENSE",
			"share/doc/lunette/contrib/postfix.md", "share/doc/lunette/SECURITY.md",
			"share/doc/lunette/doc/hooks.md", "share/lunette/lua/lunette/verdict.lua",
			"etc/lunette/lunette.lua", "etc/lunette/smarthost.lua" }
		for _, f in ipairs(want) do
			assert.truthy(t:read(root .. "/" .. f), f)
		end
		out = t:run("find . -type f -perm /022; find . -type d -not -perm 755 -mindepth 1")
		assert.equal("", out)
	end)

	it("installs every Lua file and every hook", function()
		local function names(dir)
			return (tree.sh("cd " .. dir .. " && find . -name '*.lua' | sort"))
		end
		local share = t.dir .. "/" .. root .. "/share/lunette"
		assert.equal(names(tree.root .. "/lua"), names(share .. "/lua"))
		assert.equal(names(tree.root .. "/hooks"), names(share .. "/hooks"))
	end)

	it("installs a program that runs", function()
		local out, status = t:run("./" .. root .. "/bin/lunette --version")
		assert.equal(0, status, out)
		assert.truthy(out:find "^lunette %d+%.%d+%.%d+\n", out)
	end)

	it("leaves a configuration alone that is there", function()
		t:write(root .. "/etc/lunette/lunette.lua", "-- mine\n")
		assert.equal(0, select(2, make "install"))
		assert.equal("-- mine\n", t:read(root .. "/etc/lunette/lunette.lua"))
	end)

	it("takes all back but the configuration", function()
		assert.equal(0, select(2, make "uninstall"))
		assert.equal("", t:run("find . -type f -not -path '*/etc/lunette/*'"))
		assert.equal("-- mine\n", t:read(root .. "/etc/lunette/lunette.lua"))
	end)
end)
