//! What must hold in every world, each in a checker of its own that hears released records and nothing else.
//!
//! A checker knows nothing of the engine's state. [`Books`] keeps all that was released, hands it to every checker in
//! order, and holds what comes again after a restart against what came first.

mod books;
mod bulletins;
mod clocks;
mod conduct;
mod keys;
mod orders;
mod reference;
mod replies;
mod twin;

pub use books::{AND, Books};
pub use bulletins::Bulletins;
pub use clocks::Clocks;
pub use conduct::Conduct;
pub use keys::Keys;
pub use orders::Orders;
pub use reference::Reference;
pub use replies::Replies;
pub use twin::Twin;

use super::counters::Counters;
use engine::centre::Prepared;
use engine::runtime::ReleasedRecord;

/// Something that must hold of what a centre releases.
pub trait Checker {
    /// Puts an object at hand that the next record activates.
    fn prepare(&mut self, _: &Prepared) {}

    /// Takes in the next record.
    fn hear(&mut self, record: &ReleasedRecord) -> Result<(), String>;

    /// Counts what it alone has met.
    fn tell(&self, _: &mut Counters) {}

    /// Says what must hold once all is over.
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}
