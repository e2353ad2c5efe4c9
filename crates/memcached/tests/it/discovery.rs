//! Auto discovery as ElastiCache has it.

use tandem_memcached::Node;

use crate::harness::{Talk, check};

fn nodes(text: &str) -> Vec<Node> {
    text.split_whitespace().map(|it| it.parse().expect("a node")).collect()
}

#[test]
fn the_list_is_told_in_order_with_its_version() {
    let mut talk = Talk::new();
    talk.server.cluster.set(nodes("b.lan|10.0.0.2|11211 a.lan||11212"), Some(12)).unwrap();
    talk.check(
        "
        > config get cluster
        CONFIG cluster 0 37
        12\\n
        a.lan||11212 b.lan|10.0.0.2|11211\\n
        (empty)
        END
        > get AmazonElastiCache:cluster
        VALUE AmazonElastiCache:cluster 0 37
        12\\n
        a.lan||11212 b.lan|10.0.0.2|11211\\n
        (empty)
        END
        ",
    );
}

#[test]
fn without_a_list_a_node_tells_the_address_it_was_reached_by() {
    check(
        "
        > config get cluster
        CONFIG cluster 0 28
        1\\n
        127.0.0.1|127.0.0.1|11211\\n
        (empty)
        END
        ",
    );
}

#[test]
fn a_list_changes_at_run_time_and_its_version_with_it() {
    let mut talk = Talk::new();
    let version = |talk: &mut Talk| {
        let answer = talk.say("config get cluster");
        answer.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(version(&mut talk), 1);
    for (list, expected) in [("a||1 b||1", 2), ("b||1 a||1 a||1", 2), ("a||1", 3), ("", 4)] {
        talk.server.cluster.set(nodes(list), None).unwrap();
        assert_eq!(version(&mut talk), expected, "{list}");
    }
    let stats = talk.say("stats");
    for line in ["cmd_config_get 5", "cmd_config_set 4", "curr_config 1"] {
        assert!(stats.contains(&format!("STAT {line}\r\n")), "no {line} in {stats}");
    }
}
