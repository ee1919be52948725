-- coverage_report.lua LUA_FOLDER OBJECT_FOLDER...: prints what the specs ran of lua/frontdesk and of
-- csrc: a line a file, and then the lines of it that never ran.
local cjson = require "cjson"

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local files = {} -- name -> line -> true: it ran, false: it never did

local function note(name, line, ran)
  local lines = files[name] or {}
  files[name] = lines
  lines[line] = lines[line] or ran
end

-- What the compiler says of each C file, added up over all objects made of it.
local function add_c(folder)
  for path in output(("find %s -name '*.gcno'"):format(folder)):gmatch "[^\n]+" do
    for text in output(("gcov -t -j %s 2>/dev/null"):format(path)):gmatch "[^\n]+" do
      for _, file in ipairs(cjson.decode(text).files) do
        if file.file:find "^csrc/" then
          for _, line in ipairs(file.lines) do
            note(file.file, line.line_number, line.count > 0)
          end
        end
      end
    end
  end
end

-- Lines with an instruction. The return behind a function's own last one is never reached.
local function add_lua_file(path)
  local last
  local function keep()
    if last then
      note(path, last, false)
    end
  end
  for text in output("luac5.4 -l -p " .. path):gmatch "[^\n]+" do
    local line, operation = text:match "^\t%d+\t%[(%d+)%]\t(%S+)"
    if not line then
      last = nil
    elseif operation ~= "VARARGPREP" then
      keep()
      last = tonumber(line)
    end
  end
end

local function add_lua(folder)
  for path in output "find lua/frontdesk -name '*.lua'":gmatch "[^\n]+" do
    add_lua_file(path)
  end
  for text in output(("find %s -type f -exec cat {} + | sort -u"):format(folder)):gmatch "[^\n]+" do
    local name, line = text:match "^(%S+) (%d+)$"
    line = tonumber(line)
    if files[name] and files[name][line] ~= nil then
      note(name, line, true)
    end
  end
end

local function ranges(lines, sorted)
  local list, first, before = {}, nil, nil
  local function close()
    if first then
      list[#list + 1] = first == before and tostring(first) or first .. "-" .. before
    end
    first = nil
  end
  for _, line in ipairs(sorted) do
    if lines[line] then
      close()
    else
      first, before = first or line, line
    end
  end
  close()
  return table.concat(list, " ")
end

local function percent(ran, all)
  return ("%5.1f"):format(math.floor(ran / math.max(all, 1) * 1000) / 10) -- 100.0 is all of them
end

local function print_part(title, pattern)
  local names, all_lines, all_ran = {}, 0, 0
  for name in pairs(files) do
    if name:find(pattern) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  print(("\n%-42s lines    ran %%  never ran"):format(title))
  for _, name in ipairs(names) do
    local lines, sorted, ran = files[name], {}, 0
    for line, did in pairs(lines) do
      sorted[#sorted + 1] = line
      ran = ran + (did and 1 or 0)
    end
    table.sort(sorted)
    all_lines, all_ran = all_lines + #sorted, all_ran + ran
    print(("%-42s %5d %5d %s  %s"):format(name, #sorted, ran, percent(ran, #sorted), ranges(lines, sorted)))
  end
  print(("%-42s %5d %5d %s"):format("in all", all_lines, all_ran, percent(all_ran, all_lines)))
end

add_lua(arg[1])
for i = 2, #arg do
  add_c(arg[i])
end
print_part("Lua", "^lua/")
print_part("C", "^csrc/")
