//! Transcripts of auto discovery, which memcached itself does not have.

use super::check_here;

#[test]
fn only_the_list_can_be_asked_for() {
    check_here(
        r#"
        > config get nosuch
        END
        > config
        ERROR
        > config get
        ERROR
        > config get cluster more
        ERROR
        > config set cluster 0 1
        ERROR
        > config delete cluster
        ERROR
        > set AmazonElastiCache:cluster 0 0 1
        > x
        STORED
        > get a AmazonElastiCache:cluster
        VALUE AmazonElastiCache:cluster 0 1
        x
        END
        > delete AmazonElastiCache:cluster
        DELETED
        > get a AmazonElastiCache:cluster b
        VALUE AmazonElastiCache:cluster 0 …
        1
        …
        (empty)
        END
        "#,
    );
}
