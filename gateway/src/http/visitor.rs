//! Who may ask: programs of this machine, and the page that this listener serves. Never a page of somebody else's.
//!
//! Nobody has to prove who they are until rights are configured, so a browser must not lend its place on loopback to a
//! foreign page. `Host` names loopback (no name that was made to point here), `Origin` is our own where it stands, and a
//! browser that says where it was sent from was sent from here. Every path is held to it, the page and the events too.

use super::reply::problem;
use crate::wire::{Problem, ProblemKind};
use axum::extract::{Request, State};
use axum::http::header::{self, AsHeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;

/// The port of plain HTTP, which an origin leaves out.
const HTTP_PORT: u16 = 80;
/// What an act's body may be declared as: what clients send, and last what `curl -d` says by itself. A form of a foreign
/// page can say that too; its `Origin` gives it away.
const MEDIA_TYPES: [&str; 3] = [
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
];

/// Lets a request pass that comes from here.
pub async fn admitted(State(port): State<u16>, request: Request, next: Next) -> Response {
    match foreign(&request, port) {
        None => next.run(request).await,
        Some((field, detail)) => {
            problem(&Problem::new(ProblemKind::ForeignOrigin, detail).about(field))
        }
    }
}

/// The header that says that a request comes from elsewhere, and what would be right.
fn foreign(request: &Request, port: u16) -> Option<(&'static str, String)> {
    let headers = request.headers();
    let of_uri = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let hosts_are_ours = all(headers, header::HOST, |host| is_ours(host, port));
    if !hosts_are_ours || of_uri.is_some_and(|host| !is_ours(host, port)) {
        let detail = format!(
            "`Host` must be localhost or a loopback address, with port {port} or none; a tunnel keeps the port"
        );
        return Some(("Host", detail));
    }
    if !all(headers, header::ORIGIN, |origin| {
        is_our_origin(origin, port)
    }) {
        let detail = format!(
            "`Origin` must be http://localhost:{port} or that of a loopback address, or not stand there: pages of others may not ask"
        );
        return Some(("Origin", detail));
    }
    let sent_from_here = |site: &str| matches!(site, "same-origin" | "none");
    if !all(headers, "sec-fetch-site", sent_from_here) && !follows_a_link(request) {
        let detail =
            "a browser asks for a page of somebody else's; open the centre's own page at `/`";
        return Some(("Sec-Fetch-Site", detail.into()));
    }
    None
}

/// Somebody who clicks on a link to us is shown what it names; nothing is changed by that.
fn follows_a_link(request: &Request) -> bool {
    let navigates = |mode: &HeaderValue| mode == "navigate";
    request.method() == Method::GET
        && request
            .headers()
            .get("sec-fetch-mode")
            .is_some_and(navigates)
}

/// Whether each header of this name is as it should be; so are none.
fn all<N: AsHeaderName>(headers: &HeaderMap, name: N, right: impl Fn(&str) -> bool) -> bool {
    let mut given = headers.get_all(name).iter();
    given.all(|value| value.to_str().is_ok_and(&right))
}

/// Whether a host is loopback and its port ours; no port is, too.
fn is_ours(host: &str, port: u16) -> bool {
    let (name, given) = split(host);
    is_loopback(name) && given.is_none_or(|given| is_port(given, port))
}

/// Whether this is the origin of our own page. An origin leaves out the port of plain HTTP, and only that.
fn is_our_origin(origin: &str, port: u16) -> bool {
    let Some((name, given)) = origin.strip_prefix("http://").map(split) else {
        return false;
    };
    is_loopback(name) && given.map_or(port == HTTP_PORT, |given| is_port(given, port))
}

/// The name of a host and the text of its port; an address of IPv6 stands in brackets.
fn split(host: &str) -> (&str, Option<&str>) {
    let end_of_address = host.rfind(']').map_or(0, |end| end + 1);
    match host[end_of_address..].find(':') {
        Some(colon) => {
            let (name, port) = host.split_at(end_of_address + colon);
            (name, Some(&port[1..]))
        }
        None => (host, None),
    }
}

fn is_loopback(name: &str) -> bool {
    let within = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let address = within.unwrap_or(name).parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn is_port(given: &str, port: u16) -> bool {
    given.parse() == Ok(port)
}

/// Refuses an act whose body is declared as what only a form of a page would send. A form can only POST.
pub fn readable(head: &Parts) -> Result<(), Problem> {
    let known = |given: &str| {
        let essence = given.split(';').next().unwrap_or_default().trim();
        MEDIA_TYPES
            .iter()
            .any(|known| essence.eq_ignore_ascii_case(known))
    };
    if head.method != Method::POST || all(&head.headers, header::CONTENT_TYPE, known) {
        return Ok(());
    }
    let detail = format!(
        "`Content-Type` must be one of {}, or left out",
        MEDIA_TYPES.join(", ")
    );
    Err(Problem::new(ProblemKind::BadMediaType, detail).about("Content-Type"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn refused_for(port: u16, headers: &[(&'static str, &str)]) -> Option<&'static str> {
        let mut request = Request::builder().uri("/v1/incidents");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        foreign(&request.body(Body::empty()).unwrap(), port).map(|(field, _)| field)
    }

    #[test]
    fn a_host_is_loopback_with_our_port_or_none() {
        for host in [
            "localhost",
            "LOCALHOST:8110",
            "127.0.0.1:8110",
            "127.9.9.9",
            "[::1]:8110",
            "[::1]",
        ] {
            assert_eq!(refused_for(8110, &[("host", host)]), None, "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8110",
            "localhost:8111",
            "localhost:",
            "localhost:x",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:8110",
            "[::2]:8110",
            "::1:8110",
            "0.0.0.0",
            "localhost:8110:8110",
            "evil.example]",
            "user@localhost",
        ] {
            assert_eq!(refused_for(8110, &[("host", host)]), Some("Host"), "{host}");
        }
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(refused_for(8110, &two), Some("Host"));
        assert_eq!(
            refused_for(8110, &[]),
            None,
            "HTTP/1.0 has none, and no browser speaks it"
        );
        let whole = Request::builder().uri("http://evil.example/livez");
        let whole = whole
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        assert_eq!(foreign(&whole, 8110).unwrap().0, "Host");
    }

    #[test]
    fn an_origin_is_our_own_or_absent() {
        for origin in [
            "http://localhost:8110",
            "http://127.0.0.1:8110",
            "http://[::1]:8110",
        ] {
            assert_eq!(refused_for(8110, &[("origin", origin)]), None, "{origin}");
        }
        for origin in [
            "",
            "null",
            "http://evil.example",
            "http://evil.example:8110",
            "https://localhost:8110",
            "http://localhost",
            "http://localhost:3000",
            "localhost:8110",
            "http://localhost:8110/",
        ] {
            assert_eq!(
                refused_for(8110, &[("origin", origin)]),
                Some("Origin"),
                "{origin}"
            );
        }
        assert_eq!(refused_for(80, &[("origin", "http://localhost")]), None);
    }

    #[test]
    fn a_browser_that_was_sent_from_elsewhere_is_refused_unless_it_follows_a_link() {
        for site in ["same-origin", "none"] {
            assert_eq!(refused_for(8110, &[("sec-fetch-site", site)]), None);
        }
        for site in ["same-site", "cross-site", "who-knows"] {
            let asked = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")];
            assert_eq!(refused_for(8110, &asked), Some("Sec-Fetch-Site"));
            let clicked = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
            assert_eq!(refused_for(8110, &clicked), None);
        }
        let form = Request::builder().method(Method::POST);
        let form = form.header("sec-fetch-site", "cross-site");
        let form = form.header("sec-fetch-mode", "navigate");
        assert!(foreign(&form.body(Body::empty()).unwrap(), 8110).is_some());
    }

    #[test]
    fn what_an_act_is_declared_as() {
        let told = |method: Method, given: Option<&str>| {
            let mut request = Request::builder().method(method);
            if let Some(given) = given {
                request = request.header(header::CONTENT_TYPE, given);
            }
            let (head, _) = request.body(Body::empty()).unwrap().into_parts();
            readable(&head).is_ok()
        };
        assert!(told(Method::POST, None) && told(Method::PUT, Some("text/plain")));
        for right in [
            "application/json",
            "Application/JSON; charset=utf-8",
            MEDIA_TYPES[2],
        ] {
            assert!(told(Method::POST, Some(right)), "{right}");
        }
        for wrong in ["text/plain", "multipart/form-data; boundary=x", ""] {
            assert!(!told(Method::POST, Some(wrong)), "{wrong}");
        }
    }
}
