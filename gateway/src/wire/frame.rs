//! The rkyv form: `u32` little-endian length, then one archive of [`ClientFrame`] or [`ServerFrame`], at most 64 KiB.
//!
//! The types are flat: options, strings and lists of scalars, and lists of rows of these. No recursion, no shared
//! pointers, no maps; so an archive nests three deep at most (frame, list, the words of a row), the validator is
//! told so, and no archive can make it use more stack. Archives are read unaligned, checked before anything of them is
//! looked at, and what is decoded is at most a few times the bytes that came. Free words of clients are bytes here, so
//! that one bad word costs itself and not its call. `request` and `response` turn frames into what they mean.

mod request;
mod response;

pub use request::{
    AdvanceFrame, CallFrame, ClientFrame, DutyFrame, EndFrame, FactsFrame, OrderFrame,
    PositionFrame, SubscribeFrame,
};
pub use response::{
    AdvancedFrame, DecisionFrame, DoneFrame, EventIdRow, EventJsonFrame, EvidenceRow,
    LadderClimbedFrame, OrderIssuedFrame, OrderMovedFrame, OrderRow, PointRow, ProblemFrame,
    ServerFrame, ShortRow,
};

use super::{Problem, ProblemKind, Request, Response};
use engine::limits::FRAME_BYTES_MAX;
use rkyv::api::high::{HighSerializer, to_bytes_in};
use rkyv::api::{access_with_context, deserialize_using};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Failure, Strategy};
use rkyv::ser::allocator::ArenaHandle;
use rkyv::validation::Validator;
use rkyv::validation::archive::ArchiveValidator;
use rkyv::{Archive, Deserialize, Portable, Serialize};
use std::num::NonZeroUsize;

/// Bytes of the length before a frame.
pub const PREFIX_BYTES: usize = 4;
/// How deep an archive may nest: the frame, its lists, the words of their rows, and one to spare.
const DEPTH_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length says more than is ever taken.
    #[error("a frame of {0} bytes; at most {FRAME_BYTES_MAX} are taken")]
    TooLarge(usize),
    /// The archive is not one of the frames of this protocol.
    #[error("not an archive of a frame of liandong/1")]
    NotReadable,
    /// A number in it names nothing.
    #[error("a frame whose `{0}` names nothing that this release knows")]
    Unknown(&'static str),
}

impl From<FrameError> for Problem {
    fn from(error: FrameError) -> Problem {
        match error {
            FrameError::TooLarge(_) => Problem::new(ProblemKind::TooLarge, error.to_string()),
            FrameError::NotReadable => Problem::new(ProblemKind::NotReadable, error.to_string()),
            FrameError::Unknown(field) => {
                Problem::new(ProblemKind::BadField, error.to_string()).about(field)
            }
        }
    }
}

/// The first whole frame of `bytes`, without its length; `None` while it is not all there. `PREFIX_BYTES` and the
/// frame's length are then done with.
pub fn split(bytes: &[u8]) -> Result<Option<&[u8]>, FrameError> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    let claimed = u32::from_le_bytes(*prefix) as usize;
    if claimed > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge(claimed));
    }
    Ok(rest.get(..claimed))
}

/// Appends one frame with its length; appends nothing when it would be too large.
fn append<T>(frame: &T, out: &mut Vec<u8>) -> Result<(), FrameError>
where
    T: for<'a, 'b> Serialize<HighSerializer<&'b mut Vec<u8>, ArenaHandle<'a>, Failure>>,
{
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX_BYTES]);
    // Positions in an archive are relative and its root is its end: it may stand anywhere in a buffer.
    let written = to_bytes_in::<&mut Vec<u8>, Failure>(frame, &mut *out).is_ok();
    let length = out.len() - start - PREFIX_BYTES;
    if !written || length > FRAME_BYTES_MAX {
        out.truncate(start);
        return Err(FrameError::TooLarge(length));
    }
    out[start..start + PREFIX_BYTES].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(())
}

/// The frame that an archive holds.
fn read<T>(archive: &[u8]) -> Result<T, FrameError>
where
    T: Archive,
    T::Archived: Portable
        + for<'a> CheckBytes<Strategy<Validator<ArchiveValidator<'a>, ()>, Failure>>
        + Deserialize<T, Strategy<(), Failure>>,
{
    let mut validator = Validator::new(
        ArchiveValidator::with_max_depth(archive, Some(DEPTH_MAX)),
        (),
    );
    let archived = access_with_context::<T::Archived, _, Failure>(archive, &mut validator)
        .map_err(|_| FrameError::NotReadable)?;
    deserialize_using::<T, _, Failure>(archived, &mut ()).map_err(|_| FrameError::NotReadable)
}

/// Appends a request.
pub fn append_request(request: Request, out: &mut Vec<u8>) -> Result<(), FrameError> {
    append(&ClientFrame::from(request), out)
}

/// Appends a frame as it is, right or wrong: for tests of the other side.
pub fn append_client_frame(frame: &ClientFrame, out: &mut Vec<u8>) -> Result<(), FrameError> {
    append(frame, out)
}

/// The request that an archive holds. Bad fields of calls and facts are dropped and marked; anything else that is
/// wrong is a problem, with the request's tag where there is one.
pub fn read_request(archive: &[u8]) -> Result<Request, (Option<u64>, Problem)> {
    let frame: ClientFrame = read(archive).map_err(|error| (None, Problem::from(error)))?;
    let tag = frame.tag();
    frame.request().map_err(|problem| (tag, problem))
}

/// Appends a response.
pub fn append_response(response: Response, out: &mut Vec<u8>) -> Result<(), FrameError> {
    append(&ServerFrame::from(response), out)
}

/// The response that an archive holds.
pub fn read_response(archive: &[u8]) -> Result<Response, FrameError> {
    read::<ServerFrame>(archive)?.response()
}

#[cfg(test)]
mod tests;
