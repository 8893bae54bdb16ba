//! What HTTP requests are read from beside their heads: queries, `Idempotency-Key`, and the bodies of acts and facts.
//!
//! The input is three parts, each ended by a zero byte: the query, the key, the body.

use gateway::untrusted;

/// Whatever comes is read or refused with a problem that has a status; the same request has the same key.
pub fn check(data: &[u8]) {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (query, key, body) = (part(), part(), part());
    let query = std::str::from_utf8(query).unwrap_or_default();
    untrusted::query(query);
    let keyed = untrusted::key(query, key, body);
    assert_eq!(keyed, untrusted::key(query, key, body));
    if let Some(keyed) = keyed {
        let other = untrusted::key(query, key, &[body, b" "].concat());
        assert_ne!(Some(keyed), other, "another body under the same key");
    }
    untrusted::act(body);
}
