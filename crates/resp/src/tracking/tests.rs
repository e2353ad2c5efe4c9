use crate::testing::World;

#[test]
fn the_table_of_keys_is_bounded() {
    let world = World::new(&[("tracking-table-max-keys", "2")]);
    let mut it = world.connect(1);
    it.ask("HELLO 3");
    it.check("CLIENT TRACKING ON", "+OK");
    it.check("MGET a b", "*2 _ _");
    it.check_has("MGET b c", "*2 _ _ >2 $10 invalidate *1 $1 ");
    it.check_has("INFO stats", "tracking_total_keys:2 tracking_total_items:2 ");
    it.check_has("CONFIG SET tracking-table-max-keys 0", "+OK");
    it.check("MGET d e f", "*3 _ _ _");
    it.check_has("INFO stats", "tracking_total_keys:5 ");
}

#[test]
fn nothing_is_left_of_who_tracked() {
    let world = World::new(&[]);
    let (mut it, mut other) = (world.connect(1), world.connect(2));
    it.ask("HELLO 3");
    it.check("CLIENT TRACKING ON", "+OK");
    other.ask("HELLO 3");
    other.check("CLIENT TRACKING ON BCAST PREFIX a PREFIX b", "+OK");
    it.check("GET key", "_");
    it.check_has("INFO clients", "tracking_clients:2 ");
    it.check_has("INFO stats", "tracking_total_items:1 tracking_total_prefixes:2 ");
    other.check("RESET", "+RESET");
    drop(it);
    other.check_has("INFO clients", "tracking_clients:0 ");
    let left = "tracking_total_keys:0 tracking_total_items:0 tracking_total_prefixes:0 ";
    other.check_has("INFO stats", left);
    other.check("SET key 1", "+OK");
    assert!(world.server.keyspace.take_happenings().is_empty());
}

#[test]
fn what_is_evicted_or_swept_is_invalid() {
    let world = World::new(&[("maxmemory", "1mb"), ("maxmemory-policy", "allkeys-lru")]);
    let (mut it, mut other) = (world.connect(1), world.connect(2));
    it.ask("HELLO 3");
    it.check("CLIENT TRACKING ON", "+OK");
    it.check("SET short x PX 10", "+OK");
    it.check("MGET key short", "*2 _ $1 x");
    other.check("SET key value", "+OK");
    it.check("GET key", ">2 $10 invalidate *1 $3 key $5 value");
    world.server.keyspace.maintain(0, 1, world.now_ms + 11, &mut || true);
    world.server.tell_happenings();
    it.check("", ">2 $10 invalidate *1 $5 short");
    let value = "x".repeat(4000);
    let evicted = (0..2000).any(|n| {
        other.check(&format!("SET {n} {value}"), "+OK");
        other.ask("EXISTS key") == ":0"
    });
    assert!(evicted);
    it.check("", ">2 $10 invalidate *1 $3 key");
}

#[test]
fn one_message_tells_of_a_whole_batch() {
    let world = World::new(&[]);
    let (mut it, mut other) = (world.connect(1), world.connect(2));
    it.ask("HELLO 3");
    it.check("CLIENT TRACKING ON BCAST NOLOOP", "+OK");
    other.ask("SET b 1\r\nSET a 1\r\nSET b 2\r\nDEL b");
    it.check("", ">2 $10 invalidate *2 $1 a $1 b");
    it.check("SET a 2", "+OK");
    it.check("CLIENT TRACKING ON BCAST", "+OK");
    it.check("SET a 2\r\nSET b 1", "+OK +OK >2 $10 invalidate *2 $1 a $1 b");
}
