-- Takes a shop through its login at eTelecom: given the link, returns the address where the shop's browser ends.
--
-- Only the shop can log in, in its own browser: so the link is shown, and the address is asked for. The sandbox's login
-- page is on this machine and asks nobody anything; there a request stands in for the browser.

local transport = require("frontdesk.transport").default()

local function follow(link)
  local reply, failure = transport:send {
    method = "GET", url = link, timeout = 10, ca_file = os.getenv "FRONTDESK_CA_FILE",
  }
  if not reply then
    return nil, "the login page could not be reached: " .. failure.message
  end
  local address = reply:header "location"
  return address, not address and "the login page led nowhere (HTTP " .. reply:status() .. ")" or nil
end

return function(link)
  if link:find "^https?://127%.0%.0%.1[:/]" then
    return follow(link)
  end
  print("Open this link in the shop's browser and log in there; it is good for 15 minutes:\n\n  " .. link)
  io.write "\nThen paste the address that the browser shows: "
  io.flush()
  local address = io.read()
  if not address or address == "" then
    return nil, "no address was given"
  end
  return address
end
