-- tree: a directory of one's own, for specs of the house itself.
local tree = {}
tree.__index = tree

-- Run a command; gives what it said on both streams, and its status.
function tree.sh(command)
	local p = io.popen("{ " .. command .. "\n} 2>&1 </dev/null; echo \"status $?\"")
	local out = p:read "*a"
	p:close()
	local text, status = out:match "^(.*)status (%d+)\n$"
	return text, tonumber(status)
end

tree.root = tree.sh("pwd"):gsub("\n", "")

function tree.new()
	local dir = tree.sh("mktemp -d /tmp/lunette-tree.XXXXXX"):gsub("\n", "")
	return setmetatable({ dir = dir }, tree)
end

function tree:run(command)
	return tree.sh("cd " .. self.dir .. " && " .. command)
end

-- Copy files of the real tree, with their directories.
function tree:copy(names)
	local _, status = tree.sh(("cd %s && cp -r --parents %s %s"):format(tree.root, names, self.dir))
	assert(status == 0)
end

function tree:write(file, text)
	self:run("mkdir -p $(dirname " .. file .. ")")
	local f = assert(io.open(self.dir .. "/" .. file, "wb"))
	f:write(text)
	f:close()
end

function tree:read(file)
	local f = io.open(self.dir .. "/" .. file, "rb")
	if not f then return nil end
	local text = f:read "*a"
	f:close()
	return text
end

function tree:remove()
	tree.sh("rm -rf " .. self.dir)
end

return tree
