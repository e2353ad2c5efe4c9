use super::stays_in_keys;

#[test]
fn scripts_that_name_their_keys_stay_in_them() {
    for program in [
        "return 1",
        "return redis.call('GET', KEYS[1])",
        "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
        "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('EXPIRE', KEYS[1], 9) end",
        "local key, now = KEYS[1], tonumber(ARGV[1])\nreturn redis.call('zadd', key, now, now)",
        "local key = KEYS[1] local n = ARGV[1] return redis.call('get', key)",
        "for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end",
        "for i, key in ipairs(KEYS) do redis.call('DEL', key) end",
        "return redis.call('DEL', unpack(KEYS))",
        "return redis.call('MGET', KEYS[1], KEYS[2])",
        "return redis.call('SADD', KEYS[1], unpack(ARGV))",
        "local call = redis.call return call('GET', KEYS[1])",
        "return redis.call('TIME')",
        "return redis.pcall('zunion', 2, KEYS[1], KEYS[2])",
        "return redis.call('zunion', #KEYS, unpack(KEYS))",
        "redis.log(redis.LOG_NOTICE, 'x') return redis.status_reply('OK')",
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end",
        "-- redis.call('GET', 'x')\nreturn redis.call(\"GET\", KEYS[1]) --[[ KEYS ]]",
    ] {
        assert!(stays_in_keys(program.as_bytes()), "{program}");
    }
}

#[test]
fn what_could_touch_another_key_is_not_believed() {
    for program in [
        "return redis.call('GET', 'x')",
        "return redis.call('GET', ARGV[1])",
        "return redis.call('GET', KEYS[1] .. ':x')",
        "return redis.call('GET', 'x' .. KEYS[1])",
        "return redis.call(ARGV[1], KEYS[1])",
        "return redis.call(unpack(ARGV))",
        "KEYS[1] = 'x' return redis.call('GET', KEYS[1])",
        "local key = KEYS[1] key = 'x' return redis.call('GET', key)",
        "local key, b = KEYS[1] b, key = 1, 'x' return redis.call('GET', key)",
        "local key = KEYS[1] .. 'x' return redis.call('GET', key)",
        "local key = KEYS[1] or 'x' return redis.call('GET', key)",
        "local key = KEYS[1] local function f(key) return redis.call('GET', key) end f('x')",
        "local key = KEYS[1] for _, key in ipairs(ARGV) do redis.call('GET', key) end",
        "local KEYS = {'x'} return redis.call('GET', KEYS[1])",
        "local keys = KEYS keys[1] = 'x' return redis.call('GET', KEYS[1])",
        "local a, KEYS = 1, {'x'} return redis.call('GET', KEYS[1])",
        "table.insert(KEYS, 'x') return redis.call('GET', KEYS[1])",
        "local f = redis.call return f('GET', 'x')",
        "local r = redis return r.call('GET', 'x')",
        "return redis['call']('GET', 'x')",
        "return pcall(redis.call, 'GET', 'x')",
        "return loadstring('return 1')()",
        "return _G.redis.call('GET', 'x')",
        "return redis.call 'DBSIZE'",
        "return redis.call('KEYS', '*')",
        "return redis.call('SELECT', 1)",
        "return redis.call('MGET', KEYS[1], ARGV[1])",
        "return redis.call('MSET', KEYS[1], 1, 'x', 2)",
        "return redis.call('DEL', KEYS[1], unpack(ARGV))",
        "return redis.call('zunion', ARGV[1], unpack(ARGV))",
        "return redis.call('zunion', 2, KEYS[1], 'x')",
        "return redis.call('SORT', KEYS[1], 'BY', 'w_*')",
        "return redis.call('XREAD', 'STREAMS', ARGV[1], 0)",
        "local key = KEYS[1], redis.call('GET', 'x')",
    ] {
        assert!(!stays_in_keys(program.as_bytes()), "{program}");
    }
}
