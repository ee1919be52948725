-- The clients that all requests share. They keep nothing of a request: tokens are in the lua_shared_dict `frontdesk`, and
-- connections belong to the worker.
local frontdesk = require "frontdesk"

local SECONDS = 5 -- for a call in all, further tries included: a till waits no longer

return {
  hearme = frontdesk.hearme { timeout = SECONDS },
  omicall = frontdesk.omicall { timeout = SECONDS },
  etelecom = frontdesk.etelecom { timeout = SECONDS },
  pos = frontdesk.pos { timeout = SECONDS },
  imbee = frontdesk.imbee { timeout = SECONDS },
}
