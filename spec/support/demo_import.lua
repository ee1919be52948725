-- `make demo-import`: a hundred thousand invented contacts imported into the sandbox, with
-- one request in twenty met by a fault, killed twice and run again; then both sides compared.

package.path = "spec/?.lua;" .. package.path

local import_trial = require "support.import_trial"
local progress = require "frontdesk.progress"

local ROWS = tonumber(arg[1]) or 100000
local KILLS = 2

local seed = tonumber(os.getenv "SEED") or os.time() % 100000
print(("Importing %s contacts with examples/import_contacts.lua; SEED=%d gives the same faults again.\n"):format(
  progress.count(ROWS), seed))
local result = import_trial.run { rows = ROWS, kills = KILLS, seed = seed, show = true, say = function(text)
  print(text)
  io.stdout:flush()
end }

print(("\n%s contacts in %s: %d runs, %d killed, %s requests met by a fault"):format(progress.count(result.contacts),
  progress.time(result.seconds), result.runs, result.killed, progress.count(result.faults)))
print(("lost %d, twice %d, mixed up %d"):format(result.lost, result.twice, result.wrong))
local good = result.lost == 0 and result.twice == 0 and result.wrong == 0 and result.contacts == ROWS
os.exit(good and 0 or 1, true)
