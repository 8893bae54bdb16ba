//! tonic in front of a mutexed map: unary gRPC over HTTP/2, many calls at once on few connections.
//!
//! Messages and service stand here as `protoc` would have made them, so that nothing needs it:
//!
//! ```text
//! service Dispatch { rpc Assign (Call) returns (Unit); rpc Release (Unit) returns (Unit); }
//! ```

use super::grid::Grid;
use crate::load::{self, Skill};
use crate::session::{Claim, Peer, Session, Setting};
use ::tonic::body::Body;
use ::tonic::client::Grpc as GrpcClient;
use ::tonic::codegen::{BoxFuture, Context as TaskContext, Poll, Service};
use ::tonic::server::{Grpc as GrpcServer, NamedService};
use ::tonic::transport::server::TcpIncoming;
use ::tonic::transport::{Channel, Endpoint, Server};
use ::tonic::{Code, Request, Response, Status};
use http::uri::PathAndQuery;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic_prost::ProstCodec;

/// Bytes that one connection may have on the way; the default of 64 KiB is HTTP/2's, too few for so many calls at once.
const WINDOW_BYTES: u32 = 4 << 20;

/// All that Liandong is sent of a call, and what it takes.
#[derive(Clone, PartialEq, prost::Message)]
struct Call {
    #[prost(uint64, tag = "1")]
    key: u64,
    #[prost(uint32, optional, tag = "2")]
    line: Option<u32>,
    #[prost(string, optional, tag = "3")]
    caller: Option<String>,
    #[prost(string, optional, tag = "4")]
    text: Option<String>,
    #[prost(uint32, tag = "5")]
    skill: u32,
    #[prost(double, tag = "6")]
    x: f64,
    #[prost(double, tag = "7")]
    y: f64,
}

/// A unit, or nobody.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Unit {
    #[prost(uint32, optional, tag = "1")]
    number: Option<u32>,
}

/// The service.
#[derive(Clone)]
struct Dispatch {
    grid: Arc<Grid>,
}

impl NamedService for Dispatch {
    const NAME: &'static str = "peers.Dispatch";
}

impl Service<http::Request<Body>> for Dispatch {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let grid = Arc::clone(&self.grid);
        match request.uri().path() {
            "/peers.Dispatch/Assign" => Box::pin(async move {
                let mut grpc = GrpcServer::new(ProstCodec::default());
                Ok(grpc.unary(Assign(grid), request).await)
            }),
            "/peers.Dispatch/Release" => Box::pin(async move {
                let mut grpc = GrpcServer::new(ProstCodec::default());
                Ok(grpc.unary(Release(grid), request).await)
            }),
            _ => Box::pin(async { Ok(Status::new(Code::Unimplemented, "").into_http()) }),
        }
    }
}

struct Assign(Arc<Grid>);

impl Service<Request<Call>> for Assign {
    type Response = Response<Unit>;
    type Error = Status;
    type Future = std::future::Ready<Result<Response<Unit>, Status>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Call>) -> Self::Future {
        let call = request.into_inner();
        let known = Skill::all().find(|skill| u32::from(skill.0) == call.skill);
        let number = known.and_then(|skill| self.0.claim(skill, [call.x, call.y]));
        std::future::ready(Ok(Response::new(Unit { number })))
    }
}

struct Release(Arc<Grid>);

impl Service<Request<Unit>> for Release {
    type Response = Response<Unit>;
    type Error = Status;
    type Future = std::future::Ready<Result<Response<Unit>, Status>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Unit>) -> Self::Future {
        if let Some(unit) = request.into_inner().number {
            self.0.release(unit);
        }
        std::future::ready(Ok(Response::new(Unit { number: None })))
    }
}

/// A server and connections to it.
pub struct Grpc {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ::tonic::transport::Error>>,
    channels: Vec<Channel>,
}

/// One caller.
pub struct Caller {
    client: GrpcClient<Channel>,
}

impl Peer for Grpc {
    type Session = Caller;
    const IS_NEAREST: bool = true;

    async fn start(setting: &Setting) -> anyhow::Result<Grpc> {
        let dispatch = Dispatch {
            grid: Arc::new(Grid::new(&setting.load)),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = async {
            // An end that is dropped ends it too.
            drop(stopped.await);
        };
        let serving = Server::builder()
            .initial_connection_window_size(WINDOW_BYTES)
            .add_service(dispatch)
            .serve_with_incoming_shutdown(incoming, ended);
        let serving = tokio::spawn(serving);
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?
            .tcp_nodelay(true)
            .initial_connection_window_size(WINDOW_BYTES);
        let mut channels = Vec::new();
        for _ in 0..setting.connections {
            channels.push(endpoint.connect().await?);
        }
        Ok(Grpc {
            stop,
            serving,
            channels,
        })
    }

    async fn session(&mut self, number: usize) -> anyhow::Result<Caller> {
        let channel = self.channels[number % self.channels.len()].clone();
        Ok(Caller {
            client: GrpcClient::new(channel),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        drop((self.channels, self.stop));
        Ok(self.serving.await??)
    }
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &load::Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let message = Call {
            key: number,
            line: call.words.line,
            caller: call.words.caller.clone(),
            text: call.words.text.clone(),
            skill: call.skill.0.into(),
            x: call.spot.metres[0],
            y: call.spot.metres[1],
        };
        self.client.ready().await?;
        let path = PathAndQuery::from_static("/peers.Dispatch/Assign");
        let codec = ProstCodec::<Call, Unit>::default();
        let unit = self
            .client
            .unary(Request::new(message), path, codec)
            .await?;
        claims.extend(unit.into_inner().number.map(Claim::of));
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for claim in claims {
            let unit = Unit { number: claim.unit };
            self.client.ready().await?;
            let path = PathAndQuery::from_static("/peers.Dispatch/Release");
            let codec = ProstCodec::<Unit, Unit>::default();
            self.client.unary(Request::new(unit), path, codec).await?;
        }
        Ok(())
    }
}
