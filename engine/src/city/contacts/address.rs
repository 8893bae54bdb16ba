//! Where a push goes: a URL of which nothing is left open, taken apart when it is read and never again.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The longest address, in bytes.
pub const BYTES_MAX: usize = 512;
/// The port of plain HTTP.
const HTTP_PORT: u16 = 80;

/// A URL of plain HTTP on this machine: `http://127.0.0.1:9000/orders`. Private: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PushAddress {
    text: String,
    host: IpAddr,
    port: u16,
    /// Where in the text the authority ends and the path begins.
    path_from: usize,
}

/// Why a text is no address that may be pushed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is too long or holds what no URL holds.
    #[error(
        "it is longer than {BYTES_MAX} bytes, or holds blanks or characters that are not ASCII"
    )]
    Text,
    /// It is not of plain HTTP.
    #[error("it does not begin with http://")]
    Scheme,
    /// Its host is another machine, or a name.
    #[error("its host is not this machine")]
    NotLoopback,
    /// Its port is none.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// It has a part that a push does not use.
    #[error("it has a user or a fragment")]
    Part,
}

impl PushAddress {
    /// The text as an address. Only loopback: whoever listens elsewhere needs TLS and rights first.
    pub fn new(text: &str) -> Result<PushAddress, AddressError> {
        if text.len() > BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AddressError::Text);
        }
        let rest = text.strip_prefix("http://").ok_or(AddressError::Scheme)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = &rest[..end];
        if authority.contains('@') || rest.contains('#') {
            return Err(AddressError::Part);
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|&port| port != 0),
            None => Some(HTTP_PORT),
        };
        Ok(PushAddress {
            host: loopback(host).ok_or(AddressError::NotLoopback)?,
            port: port.ok_or(AddressError::Port)?,
            path_from: text.len() - rest.len() + end,
            text: text.to_owned(),
        })
    }

    /// The whole of it: for whoever asks, never for a log.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The machine and its port.
    pub fn host(&self) -> (IpAddr, u16) {
        (self.host, self.port)
    }

    /// What follows the host: a path, a query, or nothing.
    pub fn path(&self) -> &str {
        &self.text[self.path_from..]
    }
}

/// The address of a host that is this machine; names are not looked up.
fn loopback(host: &str) -> Option<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let within = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address = match within {
        Some(six) => IpAddr::V6(six.parse().ok()?),
        None => IpAddr::V4(host.parse().ok()?),
    };
    address.is_loopback().then_some(address)
}

impl fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_as_it_is_written() {
        for (text, host, path) in [
            (
                "http://127.0.0.1:9000/orders?to=1",
                "127.0.0.1:9000",
                "/orders?to=1",
            ),
            ("http://localhost:81", "127.0.0.1:81", ""),
            ("http://127.0.0.9/", "127.0.0.9:80", "/"),
            ("http://[::1]:9000/x", "[::1]:9000", "/x"),
            ("http://[::1]", "[::1]:80", ""),
            ("http://127.0.0.1?q", "127.0.0.1:80", "?q"),
        ] {
            let address = PushAddress::new(text).unwrap();
            assert_eq!(
                address.host(),
                (host
                    .parse::<std::net::SocketAddr>()
                    .map(|a| (a.ip(), a.port())))
                .unwrap()
            );
            assert_eq!((address.as_str(), address.path()), (text, path));
            assert_eq!(format!("{address:?}"), "PushAddress(…)");
        }
    }

    #[test]
    fn nothing_leaves_this_machine_or_smuggles_a_header() {
        use AddressError::*;
        for (text, why) in [
            ("https://127.0.0.1/", Scheme),
            ("127.0.0.1:9000", Scheme),
            ("http://10.0.0.1/", NotLoopback),
            ("http://example.org/", NotLoopback),
            ("http://127.0.0.1.example.org/", NotLoopback),
            ("http://[::2]/", NotLoopback),
            ("http:///x", NotLoopback),
            ("http://[127.0.0.1]/", NotLoopback),
            ("http://127.0.0.1:0/", Port),
            ("http://127.0.0.1:/", Port),
            ("http://127.0.0.1:99999/", Port),
            ("http://me@127.0.0.1/", Part),
            ("http://127.0.0.1/#x", Part),
            ("http://127.0.0.1/a b", Text),
            ("http://127.0.0.1/\r\nX: 1", Text),
            ("http://127.0.0.1/好", Text),
        ] {
            assert_eq!(PushAddress::new(text), Err(why), "{text}");
        }
        let long = format!("http://127.0.0.1/{}", "x".repeat(BYTES_MAX));
        assert_eq!(PushAddress::new(&long), Err(Text));
    }
}
