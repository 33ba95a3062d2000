-- memory: what a process has in the memory that it can write.  Root may look.
local memory = {}

-- How often that text is there.
function memory.count(pid, needle)
  local mem, found = assert(io.open(("/proc/%d/mem"):format(pid), "rb")), 0
  for line in io.lines(("/proc/%d/maps"):format(pid)) do
    local from, to, rights = line:match "^(%x+)%-(%x+) (%S+)"
    local start, size = tonumber(from, 16), tonumber(to, 16) - tonumber(from, 16)
    -- What is larger is the shadow of a sanitizer.
    if rights:match "^rw" and not line:match "%[v" and size < 2 ^ 30 and mem:seek("set", start) then
      local text, at = mem:read(size) or "", 1
      repeat
        at = select(2, text:find(needle, at, true))
        found, at = found + (at and 1 or 0), at and at + 1
      until not at
    end
  end
  mem:close()
  return found
end

return memory
