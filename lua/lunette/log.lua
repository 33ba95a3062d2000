-- lunette.log: lines in the log of the server.
--
-- log.debug, log.info, log.warn and log.error take a text, or a format with
-- its arguments, or a table of keys and values.  Inside a hook the line has the
-- session's id and client.

local _, raw = ...

return {
	debug = raw.debug,
	info = raw.info,
	warn = raw.warn,
	error = raw.error,
}
