-- lunette.shared: dictionaries that all workers share, by name.
--
-- A hook declares those it uses: shared = { NAME = "1M" } in its table.  Then
-- shared.NAME has :get :set :add :incr :ttl :delete :keys.  In a full one :set
-- :add :incr give nil and an error of kind "limit".

local _, raw = ...

return raw.names
