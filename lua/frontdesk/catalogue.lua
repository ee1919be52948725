--- The services that ship with frontdesk, by the name of their description.
-- A description of your own needs no entry here: `frontdesk.acme` finds
-- `frontdesk/services/acme.lua` anywhere on package.path. This list serves those
-- who want all of them: the sandbox, the reference, the specs.
return { "hearme", "pos", "etelecom", "imbee", "omicall" }
