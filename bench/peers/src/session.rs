//! What every peer is asked through: assign, then release. One [`Session`] has one call on the way at a time; how many sessions share a
//! connection is each peer's own affair.

use crate::load::{Call, Load};
use engine::id::OrderId;
use std::path::PathBuf;
use std::sync::Arc;

/// A unit that was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its number in the load; `None` from a peer that only echoes.
    pub unit: Option<u32>,
    /// What it is released by, where that is not the unit: Liandong's order.
    pub order: Option<OrderId>,
}

impl Claim {
    /// A claim that is known by its unit.
    pub const fn of(unit: u32) -> Claim {
        Claim {
            unit: Some(unit),
            order: None,
        }
    }
}

/// One caller of a peer.
pub trait Session: Send + 'static {
    /// Has the nearest free unit that can do it claimed for a call, and appends who that is; nothing when the peer sends nobody. `number`
    /// is no other call's in this run. When it returns, the claim is as durable as the peer promises.
    fn assign(
        &mut self,
        call: &Call,
        number: u64,
        claims: &mut Vec<Claim>,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Gives back what one call was given.
    fn release(&mut self, claims: &[Claim]) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What a peer is started with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The load.
    pub load: Arc<Load>,
    /// A folder of the whole run; whoever writes there has a folder of its own in it.
    pub folder: PathBuf,
    /// Sessions at once.
    pub in_flight: usize,
    /// Connections that they share.
    pub connections: usize,
}

/// Something that assigns units.
pub trait Peer: Sized + Send {
    /// How it is asked.
    type Session: Session;
    /// Whether it promises the nearest by straight line, so that it is held to it.
    const IS_NEAREST: bool;

    /// Starts it with the load's units.
    fn start(setting: &Setting) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// The session of this number, from 0.
    fn session(
        &mut self,
        number: usize,
    ) -> impl Future<Output = anyhow::Result<Self::Session>> + Send;

    /// Ends it, and all that it started.
    fn stop(self) -> impl Future<Output = anyhow::Result<()>> + Send;
}
