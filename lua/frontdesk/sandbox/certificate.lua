--- A throw-away certificate authority and a certificate for this machine, made by the openssl command.

local process = require "frontdesk.sandbox.process"

local certificate = {}

local settings = [[
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
]]

-- The key of the authority is deleted: nothing else will ever be signed by it.
local commands = [[
set -e; umask 077; cd %s
openssl req -config tls.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -extensions authority \
  -subj "/CN=frontdesk sandbox authority" -keyout ca.key -out ca.pem
openssl req -config tls.cnf -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -subj "/CN=localhost" -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 0x%s -days 30 \
  -extfile tls.cnf -extensions server -out server.pem
rm -f ca.key server.csr
]]

---@return boolean
function certificate.is_possible()
  return process.run("command -v openssl >/dev/null 2>&1") == 0
end

--- Makes ca.pem, server.pem and server.key in a folder.
---@param folder string
---@return boolean? done
---@return string? message
function certificate.make(folder)
  local done, message = process.write_file(folder .. "/tls.cnf", settings)
  if not done then return nil, message end
  local script = commands:format(process.quote(folder), "1" .. process.random_hex(8))
  local log = folder .. "/openssl.log"
  if process.run(("(%s) >%s 2>&1"):format(script, process.quote(log))) ~= 0 then
    return nil, "openssl could not make the sandbox's certificate: " .. (process.read_file(log) or ""):match("[^\n]*")
  end
  return true
end

return certificate
