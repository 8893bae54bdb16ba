//! quinn and nothing else: the frames that Liandong is sent go out and come back as they are. What the transport and its encryption
//! cost, and so the most that Liandong could do over it.
//!
//! Frames are gathered and written together as the gateway's client does; answers come in the order of the questions.

use crate::load::Call;
use crate::session::{Claim, Peer, Session, Setting};
use anyhow::Context;
use engine::id::{CentreId, OrderId};
use engine::order::OrderAct;
use gateway::wire::frame::{self, PREFIX_BYTES};
use gateway::wire::{CallWords, Request};
use quinn::rustls::RootCertStore;
use quinn::rustls::pki_types::PrivatePkcs8KeyDer;
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, ServerConfig, VarInt};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Bytes asked of a stream at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Frames that may wait to be written on one stream.
const WAITING_MAX: usize = 4_096;

/// An endpoint that echoes and one that asks it.
pub struct Echo {
    server: Endpoint,
    client: Endpoint,
    serving: JoinHandle<()>,
    connections: Vec<Connection>,
    streams: Vec<mpsc::Sender<Asked>>,
}

/// One caller.
pub struct Caller {
    stream: mpsc::Sender<Asked>,
}

/// A frame, and who waits for it to come back.
struct Asked {
    frame: Vec<u8>,
    back: oneshot::Sender<usize>,
}

impl Peer for Echo {
    type Session = Caller;
    const IS_NEAREST: bool = false;

    async fn start(setting: &Setting) -> anyhow::Result<Echo> {
        let loopback = ([127, 0, 0, 1], 0).into();
        let (server_config, client_config) = configs()?;
        let server = Endpoint::server(server_config, loopback)?;
        let mut client = Endpoint::client(loopback)?;
        client.set_default_client_config(client_config);
        let serving = tokio::spawn(serve(server.clone()));
        let (mut connections, mut streams) = (Vec::new(), Vec::new());
        for _ in 0..setting.connections {
            let connection = client.connect(server.local_addr()?, "localhost")?.await?;
            let (send, receive) = connection.open_bi().await?;
            let (asked, asking) = mpsc::channel(WAITING_MAX);
            let (waiting, awaited) = mpsc::unbounded_channel();
            tokio::spawn(write(asking, send, waiting));
            tokio::spawn(read(receive, awaited));
            connections.push(connection);
            streams.push(asked);
        }
        Ok(Echo {
            server,
            client,
            serving,
            connections,
            streams,
        })
    }

    async fn session(&mut self, number: usize) -> anyhow::Result<Caller> {
        Ok(Caller {
            stream: self.streams[number % self.streams.len()].clone(),
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        for connection in self.connections {
            connection.close(VarInt::from_u32(0), b"done");
        }
        self.server.close(VarInt::from_u32(0), b"done");
        self.client.wait_idle().await;
        Ok(self.serving.await?)
    }
}

/// Both ends, with a certificate of their own.
fn configs() -> anyhow::Result<(ServerConfig, ClientConfig)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let server = ServerConfig::with_single_cert(vec![certificate.clone()], key.into())?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    Ok((
        server,
        ClientConfig::with_root_certificates(Arc::new(roots))?,
    ))
}

async fn serve(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else {
                return;
            };
            while let Ok((send, receive)) = connection.accept_bi().await {
                tokio::spawn(echo(send, receive));
            }
        });
    }
}

async fn echo(mut send: SendStream, mut receive: RecvStream) {
    while let Ok(Some(chunk)) = receive.read_chunk(CHUNK_BYTES, true).await {
        if send.write_chunk(chunk.bytes).await.is_err() {
            return;
        }
    }
}

/// Writes whatever has gathered, at once.
async fn write(
    mut asking: mpsc::Receiver<Asked>,
    mut send: SendStream,
    waiting: mpsc::UnboundedSender<oneshot::Sender<usize>>,
) {
    let (mut gathered, mut bytes) = (Vec::new(), Vec::new());
    while asking.recv_many(&mut gathered, WAITING_MAX).await > 0 {
        bytes.clear();
        for asked in gathered.drain(..) {
            bytes.extend_from_slice(&asked.frame);
            if waiting.send(asked.back).is_err() {
                return;
            }
        }
        if send.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Whoever waits is told how long the frame is that came back; nobody is once the connection is gone.
async fn read(
    mut receive: RecvStream,
    mut awaited: mpsc::UnboundedReceiver<oneshot::Sender<usize>>,
) {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = receive.read_chunk(CHUNK_BYTES, true).await {
        bytes.extend_from_slice(&chunk.bytes);
        let mut start = 0;
        while let Ok(Some(archive)) = frame::split(&bytes[start..]) {
            let length = archive.len();
            start += PREFIX_BYTES + length;
            match awaited.recv().await {
                // Whoever has stopped waiting does not want it.
                Some(back) => drop(back.send(length)),
                None => return,
            }
        }
        bytes.drain(..start);
    }
}

impl Caller {
    async fn ask(&self, request: Request) -> anyhow::Result<()> {
        let mut frame = Vec::with_capacity(256);
        frame::append_request(request, &mut frame)?;
        let length = frame.len() - PREFIX_BYTES;
        let (back, answer) = oneshot::channel();
        let asked = Asked { frame, back };
        let gone = "the connection is gone";
        self.stream.send(asked).await.ok().context(gone)?;
        let came = answer.await.context(gone)?;
        anyhow::ensure!(
            came == length,
            "a frame of {length} bytes came back as {came}"
        );
        Ok(())
    }
}

impl Session for Caller {
    async fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> anyhow::Result<()> {
        let words = CallWords {
            key: number.to_string(),
            ..call.words.clone()
        };
        self.ask(Request::Call {
            tag: Some(number),
            call: Box::new(words),
        })
        .await?;
        claims.push(Claim {
            unit: None,
            order: OrderId::new(CentreId(1), number + 1),
        });
        Ok(())
    }

    async fn release(&mut self, claims: &[Claim]) -> anyhow::Result<()> {
        for order in claims.iter().filter_map(|claim| claim.order) {
            self.ask(Request::Order {
                tag: Some(order.number()),
                order,
                act: OrderAct::Finish,
                note: None,
            })
            .await?;
        }
        Ok(())
    }
}
