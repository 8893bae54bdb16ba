//! The channel `push`: one HTTP request an order, to an address on this machine.
//!
//! A connection of its own for each, so that none waits for another's. Nothing that a receiver does can hold it for longer
//! than its time or make it read more than a few kilobytes; a redirect is not followed. The answer may acknowledge.

use super::answer::{ANSWER_BYTES_MAX, Answer, Failure};
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use engine::city::contacts::PushAddress;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Ends the connection with whoever waits for its answer.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What an answer may say.
#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    acknowledged: bool,
}

/// Sends a body and waits for what comes back, no longer than `time`.
pub async fn push(
    address: &PushAddress,
    key: &str,
    body: Vec<u8>,
    time: Duration,
) -> Result<Answer, Failure> {
    let asking = ask(address, key, body);
    tokio::time::timeout(time, asking)
        .await
        .unwrap_or(Err(Failure::Time))
}

async fn ask(address: &PushAddress, key: &str, body: Vec<u8>) -> Result<Answer, Failure> {
    let host = SocketAddr::from(address.host());
    let stream = TcpStream::connect(host)
        .await
        .map_err(|error| Failure::Connection(error.kind()))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(2 * ANSWER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::Broken)?;
    let _driver = Driver(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a push's connection ended badly");
        }
    }));
    let path = match address.path() {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, host.to_string())
        .header(CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", key)
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| Failure::Words)?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|_| Failure::Broken)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(Failure::Redirect(status));
    }
    if !status.is_success() {
        return Err(Failure::Refused(status));
    }
    let said = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let said = said.collect().await.map_err(|error| {
        let long = error.is::<http_body_util::LengthLimitError>();
        if long { Failure::Long } else { Failure::Broken }
    })?;
    // Whoever answers something else has been told, and no more.
    let said: Said = serde_json::from_slice(&said.to_bytes()).unwrap_or_default();
    Ok(Answer {
        acknowledged: said.acknowledged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What a receiver that answers so makes of a push, and what it was asked.
    async fn answered(answer: &'static str, hangs: bool) -> (Result<Answer, Failure>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4_096];
            let read = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            if hangs {
                // Until the other end is gone.
                while stream.read(&mut [0; 64]).await.unwrap_or(0) > 0 {}
            }
            String::from_utf8_lossy(&asked[..read]).into_owned()
        });
        let address = PushAddress::new(&format!("http://127.0.0.1:{port}/in?to=7")).unwrap();
        let time = Duration::from_millis(if hangs { 200 } else { 5_000 });
        let told = push(&address, "1.2-primary-3", b"{}".to_vec(), time).await;
        (told, receiver.await.unwrap())
    }

    #[tokio::test]
    async fn an_answer_tells_and_may_acknowledge() {
        let yes = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"acknowledged\":true}";
        let (told, asked) = answered(yes, false).await;
        assert_eq!(told, Ok(Answer { acknowledged: true }));
        let asked = asked.to_lowercase();
        assert!(asked.starts_with("post /in?to=7 http/1.1\r\n"), "{asked}");
        assert!(
            asked.contains("idempotency-key: 1.2-primary-3\r\n"),
            "{asked}"
        );
        assert!(
            asked.contains("content-type: application/json\r\n"),
            "{asked}"
        );
        assert!(asked.contains("host: 127.0.0.1:"), "{asked}");
        for told_alone in [
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 202 Accepted\r\nContent-Length: 23\r\n\r\n{\"acknowledged\":\"true\"}",
        ] {
            let told = answered(told_alone, false).await.0;
            assert_eq!(
                told,
                Ok(Answer {
                    acknowledged: false
                }),
                "{told_alone}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_has_failed() {
        let redirect =
            "HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        let moved = StatusCode::TEMPORARY_REDIRECT;
        assert_eq!(
            answered(redirect, false).await.0,
            Err(Failure::Redirect(moved))
        );
        let refused = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(
            answered(refused, false).await.0,
            Err(Failure::Refused(busy))
        );
        assert_eq!(
            answered("EHLO\r\n\r\n", false).await.0,
            Err(Failure::Broken)
        );
        let short = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nshort";
        assert_eq!(answered(short, false).await.0, Err(Failure::Broken));
        let long: String = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{}",
            "x".repeat(9_000)
        );
        assert_eq!(answered(long.leak(), false).await.0, Err(Failure::Long));
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_the_time() {
        assert_eq!(answered("", true).await.0, Err(Failure::Time));
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{";
        assert_eq!(answered(half, true).await.0, Err(Failure::Time));
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = nobody.local_addr().unwrap().port();
        drop(nobody);
        let address = PushAddress::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let told = push(&address, "k", Vec::new(), Duration::from_secs(5)).await;
        let refused = Failure::Connection(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(told, Err(refused));
    }
}
