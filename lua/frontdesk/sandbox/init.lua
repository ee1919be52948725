--- The five services, simulated: for demonstrations and for users' own tests.
--
-- Two fronts serve the same behaviour:
--   * `sandbox.transport()`  in this process, no server: give it to a client as its `transport`;
--   * `sandbox.start()`      a real nginx on free loopback ports, with TLS and HTTP/2.
--
-- ## A behaviour
--
-- A simulated service is one file, `frontdesk/sandbox/services/NAME.lua`: plain functions, request -> response. Its routes come
-- from the service's description (`frontdesk/services/NAME.lua`); everything else it checks by itself, and strictly, without
-- using the client's code. It returns:
--
--     {
--       credentials = { option = value, ... },   -- constructor options that work
--       base_path = "/v1/partner",               -- what stands between "/NAME" and the operations' paths (default: nothing)
--       bases = { post = "/post/api" },          -- the same for each of the description's other `bases`
--       state = function() return {...} end,     -- fresh state, with sample data
--       operations = { ["contacts.add"] = function(request, state) return respond.json(200, ...) end, ... },
--       authenticate = function(request, operation, state) return nil | response end,   -- nil: go on
--       refuse = function(request, why) return response end,    -- answers as that service answers; why:
--                                                -- "route" | "method" | "not_acceptable" | "media_type" | "json"
--       -- and when needed:
--       consumes = { "application/json" },       -- media types of request bodies (default: this); asked of POST, PUT and PATCH
--       produces = { "application/json" },       -- media types of answers (default: this); held against Accept, when that is sent
--       order = { "accept", "media_type", "authenticate", "json" },   -- in which the checks are made (default: this)
--       select = function(request, names) return name end,   -- where operations share method and path: which is it?
--                                                -- (default: the first, by name, that `operations` has; several names may
--                                                -- so share one function under one of them). request.json is read by then
--                                                -- when the body is JSON, but nothing is checked yet.
--       password = function(username, state) return password | nil end,   -- for Basic and Digest
--                                                -- (default: credentials.username and credentials.password)
--       realm = "...",                           -- of the challenges (default: the service's name)
--       revoke = function(request, state) end,   -- the token that this request presents is no longer valid from now on
--       count = function(state) return { contacts = 3 } end,   -- a summary for the control endpoint
--       samples = { { "device_id", "...", "what it is" }, ... },   -- values worth trying, for the start page
--     }
--
-- The request:
--
--     { service =, operation =, method =, path = (below /NAME, without query), params = { id = ... }, query = { page = "2" },
--       headers = { ["content-type"] = ... } (lower-case names), body = string,
--       json = table (for POST, PUT and PATCH always an object: {} when the body is empty; else nil; null is `json.null`),
--       json_error = string? (in refuse "json"), allow = "GET, PUT" (the methods of this path),
--       auth = nil | { kind = "basic" | "digest", username =, verified = boolean } , now = seconds since the epoch }
--
-- Empty arrays: `frontdesk.sandbox.json` tells `[]` from `{}` (`json.is_array`, `json.is_object`), and `respond.array(list)`
-- writes `[]` for an empty list. Answers are made with `frontdesk.sandbox.respond`; a 401 for which Basic or Digest would do
-- goes through `respond.challenge`. `frontdesk.sandbox.value` has small questions (given, text, integer, date, token);
-- `frontdesk.sandbox.ids` makes identifiers. A Lua error in a behaviour becomes a 500 that tells it.

local sandbox = {}

--- The services in this process: no server, no sockets.
---@param options? table see frontdesk/sandbox/transport.lua
---@return table transport
function sandbox.transport(options)
  return require("frontdesk.sandbox.transport").new(options)
end

--- The services over a real nginx on free loopback ports. It quits when this process is gone.
---@param options? table see frontdesk/sandbox/server.lua
---@return table? server
---@return string? message
function sandbox.start(options)
  return require("frontdesk.sandbox.server").start(options)
end

return sandbox
