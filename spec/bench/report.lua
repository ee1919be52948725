--- Medians and tables.

local report = {}

--- Median, least and greatest of a list of numbers.
---@param list number[]
---@return { median: number, min: number, max: number }
function report.spread(list)
  local sorted = {}
  for i, value in ipairs(list) do
    sorted[i] = value
  end
  table.sort(sorted)
  local n = #sorted
  local middle = sorted[math.floor(n / 2) + 1]
  if n % 2 == 0 then
    middle = (middle + sorted[n / 2]) / 2
  end
  return { median = middle, min = sorted[1], max = sorted[n] }
end

--- Ratios of two series, round by round: what slows a whole round down cancels out.
---@param over number[]
---@param under number[]
---@return { median: number, min: number, max: number }
function report.ratio(over, under)
  local list = {}
  for i = 1, #over do
    list[i] = over[i] / under[i]
  end
  return report.spread(list)
end

-- Columns by characters: some texts are not ASCII.
local function pad(text, width, left)
  local _, characters = text:gsub("[^\128-\191]", "")
  local blanks = (" "):rep(math.max(0, width - characters))
  return left and text .. blanks or blanks .. text
end

--- Prints rows of texts as a table; columns are flush right but for the first and those in `left`.
---@param heads string[]
---@param rows string[][]
---@param left table<integer, boolean>|nil
function report.table(heads, rows, left)
  local widths = {}
  local function measure(row)
    for i, text in ipairs(row) do
      if #row > 2 or i ~= 2 then -- a row of two is a title and a remark, which runs on
        local _, characters = text:gsub("[^\128-\191]", "")
        widths[i] = math.max(widths[i] or 0, characters)
      end
    end
  end
  measure(heads)
  for _, row in ipairs(rows) do
    measure(row)
  end
  local function line(row)
    local cells = {}
    for i, text in ipairs(row) do
      cells[i] = pad(text, widths[i] or 0, i == 1 or #row == 2 or left and left[i])
    end
    print("  " .. (table.concat(cells, "  "):gsub("%s+$", "")))
  end
  line(heads)
  for _, row in ipairs(rows) do
    line(row)
  end
end

--- "0.93 (0.90-0.96)"
function report.with_spread(spread, format)
  return ("%s (%s-%s)"):format(format:format(spread.median), format:format(spread.min), format:format(spread.max))
end

return report
