//! The QUIC listener: who may connect, and under which limits.
//!
//! Everything that quinn leaves unbounded is bounded here: connections, streams, windows, handshakes that are under
//! way, datagrams. Addresses that nobody has proved are sent a Retry once they come too fast. Next: `connection` serves
//! one client, `tls` holds the certificate.

mod connection;
mod subscription;
mod tls;

pub use tls::{Identity, IdentityError};

use crate::config::QuicConfig;
use crate::exchange::Exchange;
use crate::figures::Present;
use crate::machine::{self, Wanted};
use connection::Serving;
use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, Incoming, ServerConfig, TransportConfig, VarInt,
};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Bidirectional streams of one connection (hardening: a large number slows each handshake).
const STREAMS_MAX: u32 = 16;
/// What one stream may have sent that we have not read.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// What one connection may have sent that we have not read.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What we may have sent on one connection that the client has not acknowledged.
const SEND_WINDOW_BYTES: u64 = 4 * 1024 * 1024;
/// Datagrams of one connection that wait to be looked at.
const DATAGRAM_BUFFER_BYTES: usize = 64 * 1024;
/// Handshakes that are under way and not yet accepted.
const INCOMING_MAX: usize = 1_024;
/// Bytes that all of those may have sent.
const INCOMING_BYTES_MAX: u64 = 1024 * 1024;
/// A connection that is silent for so long is gone.
const IDLE_MS: u32 = 30_000;
/// How often a silent connection is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Codes with which a connection or a stream is closed.
pub mod close_code {
    use quinn::VarInt;

    /// The centre stops.
    pub const STOPPING: VarInt = VarInt::from_u32(0);
    /// The protocol was not one of ours.
    pub const PROTOCOL: VarInt = VarInt::from_u32(1);
    /// What came could not be read.
    pub const UNREADABLE: VarInt = VarInt::from_u32(2);
    /// A frame was begun and not ended in time.
    pub const TOO_SLOW: VarInt = VarInt::from_u32(3);
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum QuicError {
    /// The certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The socket.
    #[error(
        "quic.listen {address}: {source}; is another centre running? Stop it, or name another port"
    )]
    Socket {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A listener that is bound and not yet serving.
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    config: QuicConfig,
}

impl Listener {
    /// Binds. Needs a tokio runtime around it.
    pub fn bind(config: QuicConfig, identity: &Identity) -> Result<Listener, QuicError> {
        let address = config.listen;
        let socket = |source| QuicError::Socket { address, source };
        let mut server = ServerConfig::with_crypto(tls::server_crypto(identity)?);
        server
            .transport_config(Arc::new(transport()))
            .migration(false)
            .max_incoming(INCOMING_MAX)
            .incoming_buffer_size(64 * 1024)
            .incoming_buffer_size_total(INCOMING_BYTES_MAX);
        let udp = UdpSocket::bind(address).map_err(socket)?;
        machine::widen(&udp, Wanted::by(config.connections_max, 0).udp_bytes);
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint =
            Endpoint::new(EndpointConfig::default(), Some(server), udp, runtime).map_err(socket)?;
        Ok(Listener { endpoint, config })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// A second hold of the socket, to end it from outside.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Serves clients until `stop` says so.
    pub async fn serve(self, exchange: Arc<Exchange>, mut stop: watch::Receiver<bool>) {
        let mut pace = Pace::new(self.config.unvalidated_per_second_max);
        let mut next_worker = 0;
        loop {
            let incoming = tokio::select! {
                incoming = self.endpoint.accept() => incoming,
                _ = stop.changed() => return self.endpoint.set_server_config(None),
            };
            let Some(incoming) = incoming else { return };
            let open = exchange.figures.connections.load(Ordering::Relaxed);
            let Some(incoming) = self.admit(incoming, open, &mut pace) else {
                continue;
            };
            let present = Present::enter(&exchange.figures, |figures| &figures.connections);
            let serving = Serving {
                exchange: Arc::clone(&exchange),
                worker: (next_worker % exchange.workers()) as u16,
                limits: self.config.gate,
                stop: stop.clone(),
            };
            next_worker += 1;
            tokio::spawn(async move {
                serving.run(incoming).await;
                drop(present);
            });
        }
    }

    /// Lets one in, or turns it away without keeping anything of it.
    fn admit(&self, incoming: Incoming, open: usize, pace: &mut Pace) -> Option<Incoming> {
        if open >= self.config.connections_max {
            incoming.refuse();
            return None;
        }
        if !incoming.remote_address_validated() && pace.is_exceeded() && incoming.may_retry() {
            if let Err(error) = incoming.retry() {
                error.into_incoming().ignore();
            }
            return None;
        }
        Some(incoming)
    }
}

/// How many addresses that nobody has proved came within this second.
struct Pace {
    per_second_max: u32,
    since: Instant,
    count: u32,
}

impl Pace {
    fn new(per_second_max: u32) -> Pace {
        Pace {
            per_second_max,
            since: Instant::now(),
            count: 0,
        }
    }

    fn is_exceeded(&mut self) -> bool {
        if self.since.elapsed() >= Duration::from_secs(1) {
            (self.since, self.count) = (Instant::now(), 0);
        }
        self.count = self.count.saturating_add(1);
        self.count > self.per_second_max
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .keep_alive_interval(Some(KEEP_ALIVE));
    transport
}
