--- Certificates, good ones and others, made by the openssl command.
--
--     local made = certificates.make()
--     made.folder              root.pem mid.pem, root.crl all.crl old.crl, stranger.pem (an authority nobody trusts)
--     made.system              the authority of this machine that system_forged.pem names; "" when none was found
--     made:file "good.pem"     a path in it; leaf.key is the key of them all
--     made:remove()
--
-- All are for 127.0.0.1 and localhost and signed by root.pem, but for what their names say:
local process = require "support.process"
local write = require("support.files").write

local certificates = {}

local SETTINGS = [[
[root_ca]
database = root.index
serial = root.serial
new_certs_dir = .
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
[mid_ca]
database = mid.index
serial = mid.serial
new_certs_dir = .
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = any_name
prompt = no
[any_name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
authorityKeyIdentifier = none
[other_host]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:desk.test, IP:127.0.0.2
[address_as_name]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:127.0.0.1, DNS:*.0.0.1
[cut_name]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DER:30:15:82:13:6C:6F:63:61:6C:68:6F:73:74:00:2E:65:76:69:6C:2E:74:65:73:74
[client_only]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
]]

-- forged and system_forged name an authority as their issuer (root.pem, one of the system's) that did not sign them;
-- cut_name is for "localhost", a NUL and ".evil.test"; by_leaf is signed with a certificate that may sign none.
local COMMANDS = [[
set -e; umask 077; cd %s
key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
sign() { name=$1 section=$2; shift 2
  openssl ca -batch -config tls.cnf -name root_ca -cert root.pem -keyfile root.key -notext -in leaf.csr -extensions $section -out $name.pem "$@"; }
own() { openssl req -config tls.cnf -x509 -days 2 -key $2.key -subj "/CN=spec $1" -extensions $3 -out $1.pem; }
for each in root mid; do : >$each.index; echo 1000 >$each.serial; done
for each in root mid stranger leaf; do key $each; done
own root root authority
own stranger stranger authority
own self_signed leaf server
openssl req -config tls.cnf -new -key leaf.key -subj /CN=localhost -out leaf.csr
openssl req -config tls.cnf -new -key mid.key -subj '/CN=spec mid' -out mid.csr
openssl ca -batch -config tls.cnf -name root_ca -cert root.pem -keyfile root.key -notext -in mid.csr -extensions authority -out mid.pem
sign good server
sign revoked server
sign later server
sign expired server -startdate 20200101000000Z -enddate 20200201000000Z
sign early server -startdate 20990101000000Z -enddate 20990201000000Z
for each in other_host address_as_name cut_name client_only; do sign $each $each; done
openssl req -config tls.cnf -new -key leaf.key -subj /CN=desk -out desk.csr
x509() { name=$1 by=$2 key=$3; openssl x509 -req -in ${5:-leaf}.csr -CA $by.pem -CAkey $key.key -set_serial 77$4 -days 2 -extfile tls.cnf -extensions server -out $name.pem; }
x509 unknown stranger stranger 1
x509 bare mid mid 2
openssl req -config tls.cnf -x509 -days 2 -key stranger.key -subj '/CN=spec root' -extensions authority -out false_root.pem
x509 forged false_root stranger 3
system=$(ls /etc/ssl/certs/*ECC*.pem | head -n 1)
echo $system >system
openssl x509 -in ${system:-stranger.pem} -signkey stranger.key -days 2 -out false_system.pem
x509 system_forged false_system stranger 5
x509 leaf_only good leaf 4 desk
cat bare.pem mid.pem >chained.pem
cat leaf_only.pem good.pem >by_leaf.pem
openssl ca -config tls.cnf -name root_ca -cert root.pem -keyfile root.key -revoke revoked.pem
openssl ca -config tls.cnf -name root_ca -cert root.pem -keyfile root.key -gencrl -out root.crl
openssl ca -config tls.cnf -name root_ca -cert root.pem -keyfile root.key -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z -out old.crl
openssl ca -config tls.cnf -name mid_ca -cert mid.pem -keyfile mid.key -gencrl -out mid.crl
cat root.crl mid.crl >all.crl
]]

local made = {}
made.__index = made

--- Makes them all, in a folder that only we can read.
---@return table made
function certificates.make()
  local self = setmetatable({ folder = process.folder() }, made)
  write(self:file "tls.cnf", SETTINGS)
  local script = COMMANDS:format(process.quote(self.folder))
  local done = process.output(("(%s) >%s 2>&1; [ $? = 0 ] && echo done"):format(script, process.quote(self:file "log")))
  if done ~= "done" then
    local words = process.output("tail -5 " .. process.quote(self:file "log"))
    self:remove()
    error("openssl made no certificates: " .. words)
  end
  self.system = process.output("cat " .. process.quote(self:file "system"))
  return self
end

--- The path of a file.
---@param name string
---@return string
function made:file(name)
  return self.folder .. "/" .. name
end

--- Runs another command of openssl's in the folder, as the root: { "-revoke", "good.pem" }.
---@param words string what stands behind `openssl ca` and the root's own arguments
function made:root(words)
  local status = process.output(("cd %s && openssl ca -config tls.cnf -name root_ca -cert root.pem -keyfile root.key %s >>log 2>&1 && echo done")
    :format(process.quote(self.folder), words))
  assert(status == "done", "openssl refused: " .. words)
end

--- Removes the folder. Fine to call twice.
function made:remove()
  os.execute("rm -rf " .. process.quote(self.folder))
end

return certificates
