--- The tables of the rates, and how far frontdesk is from its aims.

local report = require "bench.report"
local wire = require "bench.wire"

local results = {}

-- The rate is compared with a peer's or, where none is named, with the limit's.
local AIMS = {
  get = { 0.97 },
  page = { 1.9, over = "libcurl" },
  post = { 0.95 },
  many = { 0.95 },
  tls = { 0.97 },
  decode = { 2.0, over = "cjson" },
  encode = { 2.0, over = "cjson" },
}

-- Those of a GET's user instructions over those of a careful client on Lua-cURLv3.
local INSTRUCTIONS = { aim = 0.90, over = "lua_curlv3" }

local summary, verdicts = {}, {}

-- What a client is compared with: the limit, or lua-cjson on the same Lua.
local function reference(list, client)
  for _, other in ipairs(list) do
    if other.program == "limit" or (other.role == "cjson" and other.lua == client.lua) then
      return other
    end
  end
end

-- The best client of a role on the same Lua.
local function best(list, client, role)
  local found
  for _, other in ipairs(list) do
    if other.role == role and other.lua == client.lua and not other.problem
      and (not found or report.spread(other.rates).median > report.spread(found.rates).median) then
      found = other
    end
  end
  return found
end

-- A line of the summary: how far a job is from its aim, which is news and no test.
local function judge(job, list, client)
  local aim = AIMS[job[1]]
  if not aim then
    return
  end
  local other = aim.over and best(list, client, aim.over) or not aim.over and list[1]
  if not other or other.problem then
    return
  end
  local ratio = report.ratio(client.rates, other.rates)
  summary[#summary + 1] = {
    job[2], client.title, report.with_spread(ratio, "%.2f"),
    ("%.2f"):format(report.ratio(client.cpus, other.cpus).median),
    (other.title:gsub("^%w+ ?[%d.]*: ", "")),
    ("aim %.2f: %s"):format(aim[1], ratio.median >= aim[1] and "reached" or "not reached"),
  }
end

local function judge_instructions(list, client)
  for _, other in ipairs(list) do
    if other.name == INSTRUCTIONS.over and other.lua == client.lua and other.instructions and client.instructions then
      local ratio = client.instructions.median / other.instructions.median
      results.verdict { "a small GET: user instructions", client.lua .. ": frontdesk / Lua-cURLv3", ("%.2f"):format(ratio),
        ("at most %.2f"):format(INSTRUCTIONS.aim), ratio <= INSTRUCTIONS.aim }
    end
  end
end

--- Prints a job's table and takes note of the verdicts.
---@param job table
---@param list table[] see rates.run
---@param rounds integer
---@param count integer
---@param instructions boolean whether they were counted
---@return boolean done false when a client failed
function results.print(job, list, rounds, count, instructions)
  print(("\n%s (%d rounds of %d)"):format(job[2], rounds, count))
  local rows, under, done = {}, nil, true
  for _, client in ipairs(list) do
    local base = reference(list, client)
    under = under or (base.program and "limit" or "lua-cjson")
    done = done and not client.problem
    if client.problem then
      rows[#rows + 1] = { client.title, "failed: " .. client.problem }
    elseif base.problem then
      rows[#rows + 1] = { client.title, "nothing to compare with" }
    else
      local rate = report.spread(client.rates)
      rows[#rows + 1] = {
        client.title,
        report.with_spread(rate, "%.0f"),
        report.with_spread(report.ratio(client.rates, base.rates), "%.2f"),
        ("%.1f"):format(report.spread(client.cpus).median),
        report.with_spread(report.ratio(client.cpus, base.cpus), "%.2f"),
        client.instructions and report.with_spread(client.instructions, "%.0f"),
        client.instructions and base.instructions and ("%.2f"):format(client.instructions.median / base.instructions.median),
      }
      if client.role == "frontdesk" then
        judge(job, list, client)
        if job[1] == "get" then
          judge_instructions(list, client)
        end
      end
    end
  end
  local heads = { "", "a second", "rate / " .. under, "CPU us", "CPU / " .. under }
  if instructions then
    heads[6], heads[7] = "instructions", "/ " .. under
  end
  report.table(heads, rows)
  if job.listener then
    wire.print(list)
  end
  return done
end

--- Takes note of a verdict on something else than a rate.
---@param line table what, who, measured, aim, whether it is reached
function results.verdict(line)
  line[4], line[5] = ("aim %s: %s"):format(line[4], line[5] and "reached" or "not reached"), nil
  verdicts[#verdicts + 1] = line
end

--- Prints how far frontdesk is from all aims.
function results.print_summary()
  if #summary > 0 then
    print "\nfrontdesk in short"
    report.table({ "", "", "rate", "CPU", "times that of", "" }, summary, { [2] = true, [5] = true, [6] = true })
  end
  if #verdicts > 0 then
    print "\nfrontdesk at work"
    report.table({ "", "", "measured", "" }, verdicts, { [2] = true, [4] = true })
  end
end

return results
