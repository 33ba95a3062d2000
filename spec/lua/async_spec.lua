local library = require "spec.support.library"

-- join without waiting: one after the other, in the order given.
local function async(order)
  return library.load("async", {
    join = function(n, fn)
      for k = 1, n do
        local ok, stop = pcall(fn, order and order[k] or k)

        if not ok then
          return stop
        elseif stop then
          return nil
        end
      end
    end,
  })
end

describe("lunette.async", function()
  it("maps with the indices of the list, whatever ends first", function()
    local results, errors = async({ 3, 1, 2 }).map({ "a", "b", "c" }, function(x)
      if x == "b" then
        return nil, "no"
      end
      return x .. x
    end)

    assert.same({ [1] = "aa", [3] = "cc" }, results)
    assert.same({ [2] = "no" }, errors)
  end)

  it("keeps false as a result, and a second value beside a first as none", function()
    local results, errors = async().map({ 1, 2 }, function(x)
      return x == 1, "extra"
    end)

    assert.same({ true, false }, results)
    assert.same({}, errors)
  end)

  it("raises what was raised", function()
    assert.has_error(function()
      async().map({ 1 }, function()
        error("oh", 0)
      end)
    end, "oh")
  end)

  it("runs all", function()
    local results = async().all(function() return 1 end, function() return 2 end)

    assert.same({ 1, 2 }, results)
  end)

  it("takes the first answer of a race", function()
    assert.equal("b", async({ 2, 1 }).race(function() return "a" end, function() return "b" end))
  end)

  it("passes over failures in a race", function()
    assert.equal("b", async().race(function() return nil, "e" end, function() return "b" end))
    assert.is_false(async().race(function() return false end))
  end)

  it("gives the last error of a race that nobody wins", function()
    local value, err = async().race(function() return nil, "e" end, function() return nil, "f" end)

    assert.is_nil(value)
    assert.equal("f", err)
  end)
end)
