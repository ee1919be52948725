--- Every allocation failing in turn: starts the servers that the tour asks, and the program that takes it.
--
--     lua5.4 spec/proofs/out_of_memory.lua PROGRAM...
--
-- In the environment: STEP=1 tries every point, STEP=N each N-th; without it POINTS (100) of each stage,
-- source and mode are tried, evenly spread. STAGES, SOURCES and MODES name some of them; BATCH=1 gives each
-- point a process of its own.

local httpd = require "support.httpd"
local process = require "support.process"

local items = {}
for i = 1, 40 do
  items[i] = ('{"id":%d,"name":"Nguyen %d","active":"Y"}'):format(i, i)
end
local page = ('{"items":[%s]}'):format(table.concat(items, ","))

local SERVER = [[
  default_type application/json;
  gzip on; gzip_types application/json; gzip_min_length 100;
  location = /json { try_files /page.json =404; }
  location = /envelope { try_files /envelope.json =404; }
  location = /html { default_type text/html; return 502 "<html><body>Bad gateway</body></html>"; }
  location = /refused { return 500 '{"status_code":5000,"message":"it echoes t0k-out-of-memory"}'; }
  location = /moved { return 302 http://127.0.0.1:1/; }
  location = /post { return 200 "got ${http_content_length}"; }
  location = /digest {
    if ($stranger) { add_header WWW-Authenticate 'Digest realm="a", nonce="b", qop="auth"' always; return 401; }
    return 200 "in";
  }
]]

-- Braces: httpd has a meaning of its own for $http.
local HTTP = [[ map "${http_authorization}" $stranger { "" 1; default 0; } ]]

local files = { ["page.json"] = page, ["envelope.json"] = ('{"status_code":9999,"payload":%s}'):format(page) }
local plain = httpd.start { http = HTTP, server = SERVER, files = files }
local tls = httpd.start { http = HTTP, server = SERVER, files = files, tls = true }

-- All at once; each says what it finds line by line, with its Lua's name.
local folder = process.folder()
local commands = {}
for _, program in ipairs(arg) do
  local name = program:match "([^/]+)/[^/]*$"
  local own = folder .. "/" .. name
  commands[#commands + 1] = ("(mkdir %s; FDK_FOLDER=%s %s spec/proofs/out_of_memory_tour.lua %s || touch %s.failed; rmdir %s) &")
    :format(own, own, process.quote(program), name, own, own)
end
os.execute(("export FDK_URL=%s FDK_TLS_URL=%s FDK_CA_FILE=%s; %s wait")
  :format(plain.url, tls.url, tls.ca_file, table.concat(commands, " ")))
plain:stop()
tls:stop()
local left = process.output("ls -A " .. folder) -- what failed, or left a file behind
os.execute("rm -rf " .. folder)
os.exit(left == "" and 0 or 1)
