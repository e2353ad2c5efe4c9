-- Makes what libraries find while they are loaded, and what calls their functions.
-- Runs once in a new state whose globals are those of functions.
local lock, xpcall, trace, api = ...
local error, setmetatable, tostring = error, setmetatable, tostring

local missing = {
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
}
local redis = lock(setmetatable(api, missing))
local globals = setmetatable({ redis = redis, server = redis }, missing)

-- xpcall calls functions without arguments; these are for the one that runs.
local callback, keys, arguments

local function start()
  return callback(keys, arguments)
end

local function done(...)
  callback, keys, arguments = nil, nil, nil
  return ...
end

local function run(...)
  callback, keys, arguments = ...
  return done(xpcall(start, trace))
end

return globals, run
