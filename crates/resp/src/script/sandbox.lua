-- Makes the globals of scripts: what Valkey's scripts have, in tables that nobody can write to.
-- Runs once in a new state, with its own globals still in place.
local ours, allowed = ...
local error, rawget, rawset, next, pairs, setmetatable, getmetatable, type, tostring, sub =
  error, rawget, rawset, next, pairs, setmetatable, getmetatable, type, tostring, string.sub

local function refuse()
  error("Attempt to modify a readonly table", 2)
end

local nothing = setmetatable({}, { __newindex = refuse, __metatable = false })

-- What stands for a table that is not to be written to. The table itself stays with us.
local function lock(contents)
  local guard = setmetatable({}, { __index = contents, __newindex = refuse, __metatable = nothing })
  ours.guard(guard)
  return guard
end

local globals = {}
for _, name in pairs(allowed) do
  globals[name] = _G[name]
end

-- Errors of ours become what scripts may see when they are caught.
do
  local caught = ours.caught
  local function settle(is_fine, ...)
    if is_fine then
      return true, ...
    end
    return false, caught((...))
  end
  local pcall, xpcall, resume = pcall, xpcall, coroutine.resume
  -- Whoever calls pcall finds an error's words, not its table.
  local function tell(is_fine, ...)
    if is_fine then
      return true, ...
    end
    local raised = caught((...))
    if type(raised) == "table" and type(rawget(raised, "err")) == "string" then
      raised = rawget(raised, "err")
    end
    return false, raised
  end
  globals.pcall = function(...)
    return tell(pcall(...))
  end
  globals.xpcall = function(run, handle)
    return settle(xpcall(run, function(raised)
      return handle(caught(raised))
    end))
  end
  coroutine.resume = function(...)
    return settle(resume(...))
  end
end

-- Only text is loaded: compiled code could break out.
do
  local loadstring, load, byte, concat = loadstring, load, string.byte, table.concat
  globals.loadstring = function(text, name)
    if type(text) == "string" and byte(text, 1) == 27 then
      return nil, "attempt to load chunk with wrong mode"
    end
    return loadstring(text, name)
  end
  globals.load = function(read, name)
    local parts, n = {}, 0
    local function copy()
      local part = read()
      if n == 0 and type(part) == "string" and byte(part, 1) == 27 then
        return nil
      end
      n = n + 1
      return part
    end
    return load(copy, name or "=(load)")
  end
end

globals.rawset = ours.rawset
globals.setmetatable = ours.setmetatable
globals.os = { clock = os.clock }
math.random, math.randomseed = ours.random, ours.randomseed

for name, library in pairs(ours.libraries) do
  globals[name] = library
end
for name, value in pairs(globals) do
  if type(value) == "table" then
    globals[name] = lock(value)
  end
end
globals.server = globals.redis

setmetatable(globals, {
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
})
getmetatable("").__metatable = lock({ __index = globals.string })

local guard = lock(globals)
globals._G = guard
return globals, guard, lock
