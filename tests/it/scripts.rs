//! Scripts beside the real server: every line of `data/scripts*.txt` is run by both, in both
//! protocols, and has to be answered alike.

use tandem_tests::client::{Client, encode};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;

/// Runs each line of a corpus as a script with one key and two arguments. A backslash before an
/// `N` stands for a line end.
fn compare(corpus: &str) {
    let oracle =
        Oracle::start(Kind::Valkey, &[]).expect("`cargo xtask test` installs the real servers");
    let tandem = Tandem::start(&[]);
    for protocol in ["2", "3"] {
        let mut peers = [tandem.resp(), Client::connect(oracle.port)];
        let both = |peers: &mut [Client; 2], words: &[&[u8]]| {
            peers.each_mut().map(|it| {
                it.send(&encode(words));
                it.try_value().map(|(value, _)| value.to_string())
            })
        };
        both(&mut peers, &[b"HELLO", protocol.as_bytes()]);
        both(&mut peers, &[b"FLUSHALL"]);
        for line in corpus.lines().filter(|it| !it.is_empty() && !it.starts_with("-- ")) {
            let script = line.replace("\\N", "\n");
            let words: [&[u8]; 6] = [b"EVAL", script.as_bytes(), b"1", b"k", b"a", b"b"];
            let [ours, theirs] = both(&mut peers, &words);
            assert!(
                theirs.is_some() && ours == theirs,
                "{line} in RESP{protocol}: {ours:?}, not {theirs:?}"
            );
        }
    }
}

#[test]
fn scripts_are_answered_as_valkey_answers_them() {
    compare(include_str!("../data/scripts.txt"));
}

#[test]
fn the_libraries_of_scripts_do_what_they_do_in_valkey() {
    compare(include_str!("../data/scripts-libraries.txt"));
}

/// Scripts with keys that they declare, with such that they do not, and plain transactions.
#[test]
fn transfers_by_scripts_and_transactions_lose_nothing() {
    const N_ACCOUNTS: usize = 3;
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut bank = tandem.resp();
    for account in 0..N_ACCOUNTS {
        bank.run(&format!("SET account:{account} 100"));
    }
    let declared = "local from, to = KEYS[1], KEYS[2] redis.call('DECR', from) \
                    return redis.call('SET', to, redis.call('GET', to) + 1)";
    let hidden = "local from, to = 'account:' .. ARGV[1], 'account:' .. ARGV[2] \
                  redis.call('DECR', from) return redis.call('SET', to, redis.call('GET', to) + 1)";
    std::thread::scope(|scope| {
        for seed in 0..6 {
            let mut client = tandem.resp();
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..1000 {
                    // An account that gives to itself would end with another sum.
                    let from = random.below(N_ACCOUNTS);
                    let to = (from + 1 + random.below(N_ACCOUNTS - 1)) % N_ACCOUNTS;
                    let keys = [from, to].map(|it| format!("account:{it}"));
                    match random.below(3) {
                        0 => client.command(&["EVAL", declared, "2", &keys[0], &keys[1]]),
                        1 => {
                            let [from, to] = [from, to].map(|it| it.to_string());
                            client.command(&["EVAL", hidden, "0", &from, &to])
                        }
                        _ => {
                            client.run("MULTI");
                            client.run(&format!("DECR {}", keys[0]));
                            client.run(&format!("INCR {}", keys[1]));
                            client.run("EXEC")
                        }
                    };
                }
            });
        }
    });
    let sum = "local sum = 0 for i = 0, 2 do sum = sum + redis.call('GET', 'account:' .. i) end \
               return sum";
    assert_eq!(bank.command(&["EVAL", sum, "0"]).to_string(), "300");
}

/// Each connection has a worker of its own.
#[test]
fn a_script_that_takes_too_long_is_told_of_and_can_be_killed() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut peers = [tandem.resp(), tandem.resp()];
    let [caller, other] = &mut peers;
    assert_eq!(other.run("CONFIG SET busy-reply-threshold 20").to_string(), "OK");
    assert!(other.run("SCRIPT KILL").to_string().starts_with("!NOTBUSY"));
    caller.send(&encode(&[
        "EVAL",
        "while true do pcall(function() while true do end end) end",
        "0",
    ]));
    while !other.run("PING").to_string().starts_with("!BUSY") {}
    assert_eq!(other.run("SCRIPT KILL").to_string(), "OK");
    let answer = caller.value().0.to_string();
    assert!(
        answer.starts_with("!ERR Script killed by user with SCRIPT KILL. script: "),
        "{answer}"
    );
    while other.run("PING").to_string() != "PONG" {}
    assert_eq!(caller.run("PING").to_string(), "PONG");
}

/// Each connection has a worker of its own.
#[test]
fn functions_are_known_to_every_worker() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut peers = [tandem.resp(), tandem.resp()];
    let library = |value: &str| {
        format!("#!lua name=lib\nserver.register_function('f', function() return {value} end)")
    };
    for round in 0..10 {
        let (here, there) = (round % 2, (round + 1) % 2);
        let load = ["FUNCTION", "LOAD", "REPLACE", &library(&round.to_string())];
        assert_eq!(peers[here].command(&load).to_string(), "\"lib\"");
        for peer in &mut peers {
            assert_eq!(peer.run("FCALL f 0").to_string(), round.to_string());
        }
        if round % 3 == 0 {
            peers[there].run("FUNCTION DELETE lib");
            for peer in &mut peers {
                assert_eq!(peer.run("FCALL f 0").to_string(), "!ERR Function not found");
            }
        }
    }
}

#[test]
fn a_function_that_takes_too_long_is_told_of_and_can_be_killed() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut peers = [tandem.resp(), tandem.resp()];
    let [caller, other] = &mut peers;
    other.run("CONFIG SET busy-reply-threshold 20");
    let library = "#!lua name=lib\nserver.register_function('f', function() while true do end end)";
    other.command(&["FUNCTION", "LOAD", library]);
    caller.send(&encode(&["FCALL", "f", "0", "word"]));
    let busy = "!BUSY Valkey is busy running a script. You can only call FUNCTION KILL or \
                SHUTDOWN NOSAVE.";
    while other.run("PING").to_string() != busy {}
    assert_eq!(other.run("SCRIPT KILL").to_string(), busy);
    let stats = other.run("FUNCTION STATS").to_string();
    let start =
        r#"["running_script" ["name" "f" "command" ["FCALL" "f" "0" "word"] "duration_ms" "#;
    assert!(stats.starts_with(start), "{stats}");
    assert_eq!(other.run("FUNCTION KILL").to_string(), "OK");
    let answer = caller.value().0.to_string();
    let start = "!ERR Script killed by user with FUNCTION KILL. script: f, on @user_function:2";
    assert!(answer.starts_with(start), "{answer}");
    while other.run("PING").to_string() != "PONG" {}
    assert!(other.run("FUNCTION STATS").to_string().starts_with("[\"running_script\" (nil)"));
}

/// What FUNCTION DUMP answers on one server is restored on the other.
#[test]
fn libraries_travel_between_the_servers() {
    let oracle =
        Oracle::start(Kind::Valkey, &[]).expect("`cargo xtask test` installs the real servers");
    let tandem = Tandem::start(&[]);
    let mut peers = [tandem.resp(), Client::connect(oracle.port)];
    // Long texts that say the same again and again are compressed.
    let text = |n: usize| "-- again and again\n".repeat(n);
    for n in [0, 1, 3, 100, 5000] {
        let library = format!(
            "#!lua name=lib\n{}server.register_function('f', function() return {n} end)",
            text(n)
        );
        let mut dumps = Vec::new();
        for peer in &mut peers {
            peer.command(&["FUNCTION", "LOAD", "REPLACE", &library]);
            dumps.push(peer.run("FUNCTION DUMP").bytes().to_vec());
        }
        for (peer, dump) in peers.iter_mut().zip(dumps.iter().rev()) {
            let restored = peer.command(&[b"FUNCTION".as_slice(), b"RESTORE", dump, b"FLUSH"]);
            assert_eq!(restored.to_string(), "OK");
            assert_eq!(peer.run("FCALL f 0").to_string(), n.to_string());
        }
    }
}
