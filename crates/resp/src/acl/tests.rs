use crate::session::Step;
use crate::testing::World;

#[test]
fn a_restricted_client_is_asked_for_every_command() {
    let world = World::new(&[]);
    let (mut it, mut boss) = (world.connect(1), world.connect(2));
    boss.check("ACL SETUSER ann on >pw ~a* +get +set +multi +exec", "+OK");
    it.check_has("AUTH ann wrong", "-WRONGPASS");
    it.check("AUTH ann pw", "+OK");
    it.check("SET a1 x", "+OK");
    it.check("SET b x", "-NOPERM No permissions to access a key");
    it.check("DEL a1", "-NOPERM User ann has no permissions to run the 'del' command");
    it.check("MULTI", "+OK");
    it.check("GET a1", "+QUEUED");
    boss.check("ACL SETUSER ann -get", "+OK");
    it.check_has("EXEC", "*1 -NOPERM ACLs rules changed between the moment");
    boss.check_has("INFO stats", "acl_access_denied_cmd:2 acl_access_denied_key:1 ");
    boss.check_has("CLIENT LIST", " user=ann ");
    boss.check("ACL SETUSER ann allkeys allchannels allcommands", "+OK");
    it.check("DEL a1", ":1");
    boss.check("ACL DELUSER ann nobody", ":1");
    it.check("PING", "");
    assert_eq!(it.step, Step::Close);
}

#[test]
fn who_listens_to_what_is_taken_from_him_is_closed() {
    let world = World::new(&[]);
    let (mut it, mut boss) = (world.connect(1), world.connect(2));
    boss.check("ACL SETUSER ann on nopass +@all &a* &b", "+OK");
    it.check("AUTH ann x", "+OK");
    it.check_has("SUBSCRIBE abc", "$9 subscribe");
    it.check("PSUBSCRIBE b*", "-NOPERM No permissions to access a channel");
    boss.check("ACL SETUSER ann -del", "+OK");
    it.check("PING", "*2 $4 pong $0");
    boss.check("ACL SETUSER ann resetchannels &b", "+OK");
    it.check("PING", "");
    assert_eq!(it.step, Step::Close);
}
