-- lunette.hash: digests and secrets.
--
-- md5, sha1, sha256, sha512(data [, "raw"]); hmac(name, key, data [, "raw"]);
-- equal(a, b) in constant time; random(n) octets; crypt(password, stored) waits
-- and is true or false.

local _, raw = ...

return {
	md5 = raw.md5,
	sha1 = raw.sha1,
	sha256 = raw.sha256,
	sha512 = raw.sha512,
	hmac = raw.hmac,
	equal = raw.equal,
	random = raw.random,
	crypt = raw.crypt,
}
