//! axum in front of a mutexed map: a call is a `POST` of JSON with all that Liandong is sent of it, answered with the unit's number.
//!
//! HTTP/1.1 answers a connection's requests one after the other, so each session has a connection of its own.

use super::grid::Grid;
use crate::load::{Call, Skill};
use crate::session::{Claim, Peer, Session, Setting};
use ::axum::extract::State;
use ::axum::routing::post;
use ::axum::serve::ListenerExt;
use ::axum::{Json, Router};
use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server.
pub struct Http {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// One caller, on a connection of its own.
pub struct Caller {
    sender: SendRequest<Full<Bytes>>,
}

#[derive(Serialize, Deserialize)]
struct CallBody {
    key: u64,
    line: Option<u32>,
    caller: Option<String>,
    text: Option<String>,
    skill: u8,
    x: f64,
    y: f64,
}

#[derive(Serialize, Deserialize)]
struct UnitBody {
    unit: Option<u32>,
}

impl Peer for Http {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Http> {
        let router = Router::new()
            .route("/assign", post(assign))
            .route("/release", post(release))
            .with_state(Arc::new(Grid::new(&setting.load)));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("peers: axum: {error}");
            }
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = ::axum::serve(listener, router).with_graceful_shutdown(async {
            // An end that is dropped ends it too.
            drop(stopped.await);
        });
        let serving = tokio::spawn(serving.into_future());
        Ok(Http {
            address,
            stop,
            serving,
        })
    }

    async fn session(&mut self, _: usize) -> anyhow::Result<Caller> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told what went wrong by the sender.
            drop(connection.await);
        });
        Ok(Caller { sender })
    }

    async fn stop(self) -> anyhow::Result<()> {
        drop(self.stop);
        Ok(self.serving.await??)
    }
}

async fn assign(State(grid): State<Arc<Grid>>, Json(call): Json<CallBody>) -> Json<UnitBody> {
    let known = Skill::all().find(|skill| skill.0 == call.skill);
    let unit = known.and_then(|skill| grid.claim(skill, [call.x, call.y]));
    Json(UnitBody { unit })
}

async fn release(State(grid): State<Arc<Grid>>, Json(body): Json<UnitBody>) -> Json<UnitBody> {
    if let Some(unit) = body.unit {
        grid.release(unit);
    }
    Json(UnitBody { unit: None })
}

impl Caller {
    async fn post<T: DeserializeOwned>(
        &mut self,
        path: &'static str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(serde_json::to_vec(body)?))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        ensure!(
            status == StatusCode::OK,
            "{path} was answered with {status}"
        );
        let bytes = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&bytes).with_context(|| format!("{path} was answered strangely"))
    }
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let body = CallBody {
            key: number,
            line: call.words.line,
            caller: call.words.caller.clone(),
            text: call.words.text.clone(),
            skill: call.skill.0,
            x: call.spot.metres[0],
            y: call.spot.metres[1],
        };
        let answer: UnitBody = self.post("/assign", &body).await?;
        claims.extend(answer.unit.map(Claim::of));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for claim in claims {
            let _done: UnitBody = self
                .post("/release", &UnitBody { unit: claim.unit })
                .await?;
        }
        Ok(())
    }
}
