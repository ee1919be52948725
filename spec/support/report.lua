-- report.lua: how a run of the specs is shown. One line a spec file (or a test,
-- when a single file is run) and each failure in full where it happens. The two
-- counts go to a file, for run_specs.sh to sum up.
local busted = require "busted"
local pretty = require "pl.pretty"
local monotime = require "system".monotime

local function text_of(message)
  if type(message) == "string" then return message end
  if message == nil then return "(no message)" end
  return pretty.write(message)
end

local function indented(text)
  return "    " .. (text:gsub("%s+$", ""):gsub("\n", "\n    "))
end

-- Where the failure was raised; where the test starts when that is not known.
local function place_of(element, trace)
  local at = trace and trace.short_src and trace or element.trace
  if not at or not at.short_src then return element.name or "?" end
  return at.short_src .. ":" .. at.currentline
end

return function(options)
  local handler = require "busted.outputHandlers.base"()
  local counts_path, show = options.arguments[1], options.arguments[2]
  local passed, failed = 0, 0
  local file = { passed = 0, failed = 0, started = monotime() }

  local function say(...)
    io.write(string.format(...), "\n")
    io.flush()
  end

  -- After each file, so that a run that breaks off has still counted.
  local function note(state)
    local out = assert(io.open(counts_path, "w"))
    out:write(passed, " ", failed, " ", state, "\n")
    out:close()
  end

  local function fail(element, message, trace)
    failed = failed + 1
    file.failed = file.failed + 1
    say("\nFAILED %s\n  %s", place_of(element, trace), handler.getFullName(element))
    say("%s", indented(text_of(message)))
    if trace and trace.traceback then say("%s", indented(trace.traceback)) end
    say("")
  end

  function handler.fileStart()
    file = { passed = 0, failed = 0, started = monotime() }
    return nil, true
  end

  function handler.fileEnd(element)
    say("%5d passed %s %7.2f s  %s", file.passed,
      file.failed == 0 and "          " or string.format("%3d failed", file.failed),
      monotime() - file.started, (element.name:gsub("^%./", "")))
    note("running")
    return nil, true
  end

  function handler.testEnd(element, _, status)
    if status == "success" then
      passed = passed + 1
      file.passed = file.passed + 1
      if show == "tests" then say("ok  %s", handler.getFullName(element)) end
    elseif status == "pending" then
      fail(element, "pending: a test that does not run counts as failed")
    end
    return nil, true
  end

  -- Failures and errors of tests, and errors outside them (a file that does
  -- not load, a setup that raises).
  function handler.broken(element, _, message, trace)
    fail(element, message, trace)
    return nil, true
  end

  function handler.suiteEnd()
    note("complete")
    return nil, true
  end

  busted.subscribe({ "file", "start" }, handler.fileStart)
  busted.subscribe({ "file", "end" }, handler.fileEnd)
  busted.subscribe({ "test", "end" }, handler.testEnd)
  busted.subscribe({ "failure" }, handler.broken)
  busted.subscribe({ "error" }, handler.broken)
  busted.subscribe({ "suite", "end" }, handler.suiteEnd)

  return handler
end
