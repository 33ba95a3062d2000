-- lunette.verdict: what a stage function returns.
--
-- accept(), reject([enhanced,] text [, ...]), defer(...), drop(),
-- discard(why), quarantine(relay), reply(code, [enhanced,] text [, ...]).
-- Chained: :code(n), :hangup(), :delay(seconds), :later().

local _, raw = ...

return {
	accept = raw.accept,
	reject = raw.reject,
	defer = raw.defer,
	drop = raw.drop,
	discard = raw.discard,
	quarantine = raw.quarantine,
	reply = raw.reply,
}
