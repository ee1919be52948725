-- The import example against the sandbox's nginx, with faults, and killed twice. The whole
-- of it, with a hundred thousand contacts, is `make demo-import`.

local import_trial = require "support.import_trial"

local ROWS = 2000

local seed = tonumber(os.getenv "SEED") or os.time() % 100000

describe("an import that meets faults and is killed twice (SEED=" .. seed .. ")", function()
  local result

  setup(function()
    result = import_trial.run { rows = ROWS, kills = 2, seed = seed }
  end)

  it("met what it was to meet", function()
    assert.equal(2, result.killed)
    assert.is_true(result.faults >= ROWS / 20 - 2, result.faults .. " faults")
  end)

  it("lost nothing", function()
    assert.equal(0, result.lost, table.concat(result.summaries, "\n"))
  end)

  it("did nothing twice", function()
    assert.equal(0, result.twice)
    assert.equal(ROWS, result.contacts)
    -- a contact that is added again is refused, which the import would have to report
    for _, summary in ipairs(result.summaries) do
      assert.is_nil(summary:find "answered that it did not", summary)
    end
  end)

  it("took no contact for another", function()
    assert.equal(0, result.wrong)
  end)

  it("went on where it was killed", function()
    local skipped = result.summaries[1]:match "\n  skipped +([%d,]+)  done by an earlier run\n"
    assert.is_truthy(skipped, result.summaries[1])
    assert.is_true(tonumber((skipped:gsub(",", ""))) > ROWS / 6)
  end)
end)
