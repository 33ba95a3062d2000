-- The tools of the house find what they are there to find.
local tree = require "spec.support.tree"

describe("spec/check", function()
	local function complaints(file, text)
		local t = tree.new()
		t:write(file, text)
		local out, status = t:run(tree.root .. "/spec/check " .. file)
		t:remove()
		return out, status
	end

	local cases = {
		{ "core/base/x.c", "int a; \n", "space at the end" },
		{ "core/base/x.c", "int a;", "no newline" },
		{ "core/base/x.c", "/*" .. ("x"):rep(90) .. " */\n", "95 columns" },
		{ "core/base/x.c", "int\t\t\t\t\t\t\t\t\t\ta;\n", "82 columns" },
		{ "core/base/x.c", "int a;\n\n\nint b;\n", "two blank lines" },
		{ "core/base/x.c", ("int a;\n"):rep(501), "more than 500 lines" },
		{ "core/base/x.c", "int a;\t// why\n", "// comment" },
		{ "core/base/x.c", "typedef struct x x;\n", "typedef" },
		{ "core/base/x.c", "static int f(void)\n{\n}\n", "return type" },
		{ "core/base/x.c", "int\nf(void)\n{\n" .. ("\ta();\n"):rep(61) .. "}\n",
			"61 lines in a function" },
		{ "core/base/x.c", "int\nf(void)\n{\n   a();\n}\n", "indent with tabs" },
		{ "core/base/x.c", "int *p = malloc(3);\n", "use mem_alloc" },
		{ "core/base/x.c", '#include "../io/conn.h"\n', "goes around the layers" },
		{ "core/smtp/x.c", "#include <time.h>\n", "not for the layer smtp" },
		{ "core/io/x.c", "#include <lua.h>\n", "not for the layer io" },
		{ "core/base/x.h", "int a;\n", "guard, X_H" },
		{ "lua/lunette/x.lua", "if x then\n  y()\nend\n", "indent with tabs" },
		{ "hooks/x.lua", "if x then\n\ty()\nend\n", "two spaces" },
		{ "doc/x.md", "a TO" .. "DO b\n", "TO" .. "DO" },
	}
	for _, c in ipairs(cases) do
		it("sees: " .. c[3], function()
			local out, status = complaints(c[1], c[2])
			assert.truthy(out:find(c[3], 1, true), out)
			assert.equal(1, status)
		end)
	end

	it("is content with what is right", function()
		local out, status = complaints("core/base/x.c", table.concat({
			'/* A comment with free(), "//" and malloc(). */',
			"typedef void (*fn)(void *);", "", "static const char *s =",
			'    "http://example.org malloc(";', "", "int",
			"f(struct x *x)", "{", "\treturn x->free(x) +", "\t    1;", "}", "" }, "\n"))
		assert.equal("", out)
		assert.equal(0, status)
	end)

	it("finds nothing in the tree", function()
		local out, status = tree.sh("cd " .. tree.root .. " && spec/check && " ..
			"luacheck -q lua hooks conf spec && " ..
			"for f in contrib/*.sh .ci/run spec/run; do sh -n $f || exit; done")
		assert.equal(0, status, out)
	end)
end)
