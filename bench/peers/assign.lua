-- Claims the nearest free unit for a call, atomically: scripts run one at a time.
-- KEYS: the free units of the capability, who has whom. ARGV: longitude, latitude, the call's key. Gives the unit's number, or nothing.
-- The effort of a search grows with what lies within the radius, so it begins small.
for _, radius in ipairs({2000, 8000, 32000, 256000}) do
  local found = redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[1], ARGV[2], 'BYRADIUS', radius, 'm', 'ASC', 'COUNT', 1)
  if found[1] then
    redis.call('ZREM', KEYS[1], found[1])
    redis.call('HSET', KEYS[2], found[1], ARGV[3])
    return found[1]
  end
end
return false
