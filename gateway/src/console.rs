//! The live page: the files under `console/`, embedded in the binary and served as they are. No build step.
//!
//! `GET /` and `GET /static/NAME`, with a policy that lets the page ask its own origin and nobody else, and run nothing but
//! its own files. It knows nothing of the centre: the page reads the same interface as everybody (`http`). Start reading
//! the page itself in `console/app.js`.

#[cfg(test)]
mod tests;

use crate::wire::{Problem, ProblemKind};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

/// What the page may do: run and load its own files, ask its own origin. Nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const INDEX: &str = "index.html";

/// One file of the page.
struct Asset {
    name: &'static str,
    body: &'static [u8],
}

/// The files of these names, as they lie in `console/`.
macro_rules! assets {
    ($($name:literal)+) => {
        &[$(Asset { name: $name, body: include_bytes!(concat!("console/", $name)) },)+]
    };
}

/// Every file of the page; a test compares the list with the folder.
static ASSETS: &[Asset] = assets! {
    "index.html" "icon.svg" "style.css" "panels.css"
    "act_fields.js" "acts.js" "app.js" "centre_clock.js" "codes.js" "conduct.js" "detail.js" "door.js" "events.js" "format.js"
    "head.js" "humans.js" "language.js" "ledger.js" "list.js" "log.js" "map.js" "map_view.js" "model.js" "reasons.js" "refresh.js"
    "signs.js" "standing.js" "tabs.js" "text.js" "units.js" "words.js"
};

/// The page's routes, for a router with any state.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| serve(INDEX, &headers)))
        .route(
            "/static/{name}",
            get(async |Path(name): Path<String>, headers: HeaderMap| serve(&name, &headers)),
        )
}

/// The file of a name; where the reader has it already, only that it is still the same.
fn serve(name: &str, asked: &HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return nothing_here();
    };
    let tag = format!("\"{}\"", &blake3::hash(asset.body).to_hex()[..32]);
    let known = asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| names_tag(tags, &tag));
    let mut response = if known {
        Response::new(Body::empty())
    } else {
        Response::new(Body::from(asset.body))
    };
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    guard(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(asset.name));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn nothing_here() -> Response {
    let detail = "the page has no file of this name; it begins at `/`";
    let problem = Problem::new(ProblemKind::NotFound, detail);
    let mut response = Response::new(Body::from(problem.to_json(None).to_string()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    guard(&mut response);
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What every answer of the page carries.
fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Asked again each time: a page of yesterday's binary beside today's would be no help to anybody.
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether a list of entity tags (RFC 9110 §13.1.2) names this one.
fn names_tag(tags: &HeaderValue, tag: &str) -> bool {
    let named = |part: &str| part == "*" || part.strip_prefix("W/").unwrap_or(part) == tag;
    tags.to_str()
        .is_ok_and(|tags| tags.split(',').map(str::trim).any(named))
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        },
    )
}
