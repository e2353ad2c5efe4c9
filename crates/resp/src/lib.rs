//! The RESP front end: RESP2 and RESP3 sessions over the engine, without sockets.
