-- Frees a unit where it waits. KEYS: the free units of its capability, who has whom, where all units are. ARGV: the unit's number.
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZADD', KEYS[1], redis.call('ZSCORE', KEYS[3], ARGV[1]), ARGV[1])
