//! Users and what they may do, compared with the real server: rules, what they make, and what they
//! allow.

use std::collections::BTreeSet;

use tandem_resp::Table;
use tandem_tests::client::Client;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::value::Value;

const N_USERS: usize = 400;

const RULES: &[&str] = &[
    "on",
    "off",
    "nopass",
    "resetpass",
    "reset",
    ">one",
    ">two",
    "<one",
    "#ab",
    "!ab",
    "",
    "wrong",
    "~*",
    "allkeys",
    "resetkeys",
    "~a*",
    "~b",
    "%R~a*",
    "%W~a*",
    "%rw~c",
    "%~a",
    "%RR~a",
    "%R",
    "~",
    "&*",
    "allchannels",
    "resetchannels",
    "&news*",
    "&a",
    "+@all",
    "-@all",
    "allcommands",
    "nocommands",
    "+@read",
    "-@write",
    "+@string",
    "-@string",
    "+@nosuch",
    "-@dangerous",
    "+get",
    "-get",
    "+set",
    "-SET",
    "+del",
    "+config",
    "-config",
    "+config|get",
    "-config|set",
    "+config|nosuch",
    "+select|0",
    "+select|1",
    "+get|",
    "+nosuch",
    "-nosuch",
    "+client|id|x",
    "clearselectors",
    "(+get ~sel*)",
    "(%R~x +@read)",
    "(on)",
    "(+set",
    "~y)",
    "skip-sanitize-payload",
    "sanitize-payload",
    "+publish",
    "+subscribe",
    "+eval",
    "+sort",
    "+copy",
];

const LINES: &[&str] = &[
    "GET a1",
    "GET b",
    "GET z",
    "SET a1 x",
    "SET b x",
    "SET a1 x GET",
    "GETDEL a",
    "DEL a b",
    "MGET a1 a2 b",
    "CONFIG GET x",
    "CONFIG SET x y",
    "SELECT 0",
    "SELECT 5",
    "PUBLISH a x",
    "PUBLISH news1 x",
    "SUBSCRIBE a news",
    "PSUBSCRIBE news*",
    "PSUBSCRIBE n*",
    "SPUBLISH a x",
    "SSUBSCRIBE a",
    "UNSUBSCRIBE a",
    "EVAL x 1 a1",
    "EVAL x 0",
    "SORT a",
    "SORT a STORE b",
    "COPY a1 b",
    "RENAME a1 a2",
    "HELLO 3",
    "AUTH x",
    "PING",
    "GET",
    "NOSUCH x",
    "TTL sel1",
    "OBJECT ENCODING a1",
    "CLIENT ID",
    "XREAD STREAMS a1 b 0 0",
    "ZUNIONSTORE a 2 b c",
    "LMPOP 1 a LEFT",
    "FLUSHALL",
    "STRLEN b",
    "BITFIELD b GET u8 0",
    "EXPIRE c 1",
];

fn same(ours: &mut Client, theirs: &mut Client, command: &[&str]) -> Option<Value> {
    let [ours, theirs] = [ours, theirs].map(|it| it.command(command));
    assert_eq!(ours, theirs, "{command:?}");
    Some(ours)
}

#[test]
fn rules_make_the_users_that_they_make_in_valkey() {
    let mut random = Random::new(Random::seed("acl", 1));
    let tandem = Tandem::start(&[]);
    let oracle =
        Oracle::start(Kind::Valkey, &[]).expect("`cargo xtask test` installs the real servers");
    let [mut ours, mut theirs] = [tandem.resp_port, oracle.port].map(Client::connect);
    for nth in 0..N_USERS {
        let name = format!("user{}", nth % 7);
        let mut command = vec!["ACL", "SETUSER", &name];
        let n_rules = random.below(6) + 1;
        command.extend((0..n_rules).map(|_| RULES[random.below(RULES.len())]));
        same(&mut ours, &mut theirs, &command);
        same(&mut ours, &mut theirs, &["ACL", "GETUSER", &name]);
        for _ in 0..12 {
            let line = LINES[random.below(LINES.len())];
            let mut command = vec!["ACL", "DRYRUN", &name];
            command.extend(line.split(' '));
            same(&mut ours, &mut theirs, &command);
        }
    }
    same(&mut ours, &mut theirs, &["ACL", "LIST"]);
    same(&mut ours, &mut theirs, &["ACL", "USERS"]);
}

#[test]
fn categories_hold_what_they_hold_in_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle =
        Oracle::start(Kind::Valkey, &[]).expect("`cargo xtask test` installs the real servers");
    let [mut ours, mut theirs] = [tandem.resp_port, oracle.port].map(Client::connect);
    let known: BTreeSet<&str> = Table::get().docs().map(|it| it.name).collect();
    let theirs_all = theirs.command(&["COMMAND", "LIST"]);
    let theirs_all: BTreeSet<String> = theirs_all.elements().iter().map(Value::text).collect();
    let categories = same(&mut ours, &mut theirs, &["ACL", "CAT"]).expect("an answer");
    for category in categories.elements() {
        let [ours, theirs] = [&mut ours, &mut theirs].map(|it| {
            let names = it.command(&["ACL", "CAT", &category.text()]);
            names.elements().iter().map(Value::text).collect::<BTreeSet<String>>()
        });
        let ours: BTreeSet<String> = ours.intersection(&theirs_all).cloned().collect();
        let theirs: BTreeSet<String> = theirs
            .into_iter()
            .filter(|it| known.contains(&**it) && theirs_all.contains(it))
            .collect();
        assert_eq!(ours, theirs, "{}", category.text());
    }
}
