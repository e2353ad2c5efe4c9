//! The memcached front end: sessions over the engine, without sockets.
