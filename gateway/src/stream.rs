//! Both ends of one stream: bytes gathered until a frame or line is whole, and answers gathered until they are
//! written together.
//!
//! Owned by client and server alike. Neither buffer grows beyond its bound: reading stops at one frame and one chunk,
//! and who fills [`Outgoing`] asks for room first.

use crate::wire::{ALPN_FRAMES, ALPN_JSON, Problem, Request, Response, Tag, frame, json};
use quinn::{SendStream, WriteError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Bytes asked of a stream at once.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// The form that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// rkyv frames.
    Frames,
    /// JSON lines.
    Lines,
}

impl Form {
    /// The form of an application protocol.
    pub fn of_alpn(alpn: &[u8]) -> Option<Form> {
        if alpn == ALPN_FRAMES {
            Some(Form::Frames)
        } else if alpn == ALPN_JSON {
            Some(Form::Lines)
        } else {
            None
        }
    }

    /// Reads one whole frame or line.
    pub fn request(self, bytes: &[u8]) -> Result<Request, (Option<Tag>, Problem)> {
        match self {
            Form::Frames => frame::read_request(bytes),
            Form::Lines => json::read_request(bytes),
        }
    }

    /// Appends one response. One that would be larger than a frame becomes a problem that says so.
    pub fn append(self, response: Response, out: &mut Vec<u8>) {
        match self {
            Form::Lines => json::append_response(&response, out),
            Form::Frames => {
                let tag = response.tag();
                if let Err(error) = frame::append_response(response, out) {
                    let problem = Problem::from(error);
                    let told = frame::append_response(Response::Problem { tag, problem }, out);
                    debug_assert!(told.is_ok(), "a problem fits in a frame");
                }
            }
        }
    }
}

/// Bytes that came, until a frame or line of them is whole.
#[derive(Debug, Default)]
pub struct Gathering {
    bytes: Vec<u8>,
    start: usize,
}

impl Gathering {
    /// Takes in what came.
    pub fn extend(&mut self, chunk: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Whether something was begun and is not whole.
    pub fn has_begun(&self) -> bool {
        self.start < self.bytes.len()
    }

    /// The next whole frame or line.
    pub fn take(&mut self, form: Form) -> Result<Option<&[u8]>, Problem> {
        let rest = &self.bytes[self.start..];
        let (whole, done_with) = match form {
            Form::Frames => {
                let Some(archive) = frame::split(rest)? else {
                    return Ok(None);
                };
                (
                    frame::PREFIX_BYTES..frame::PREFIX_BYTES + archive.len(),
                    frame::PREFIX_BYTES + archive.len(),
                )
            }
            Form::Lines => {
                let Some(line) = json::split(rest)? else {
                    return Ok(None);
                };
                (0..line.len(), line.len() + 1)
            }
        };
        let start = self.start;
        self.start += done_with;
        Ok(Some(&self.bytes[start + whole.start..start + whole.end]))
    }

    /// What is left when the stream has ended: a last line may lack its end.
    pub fn last(&mut self, form: Form) -> Option<&[u8]> {
        let start = std::mem::replace(&mut self.start, self.bytes.len());
        let rest = &self.bytes[start..];
        (form == Form::Lines && !rest.trim_ascii().is_empty()).then_some(rest)
    }
}

/// Answers that wait to be written. Many append, one task writes all there is at once.
#[derive(Debug, Default)]
pub struct Outgoing {
    waiting: Mutex<Waiting>,
    filled: Notify,
    drained: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    closing: bool,
    /// Nobody takes anything any more; what comes is dropped.
    gone: bool,
}

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nobody panics while holding it; if one did, the bytes are still whole frames.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `append` add whole frames or lines. Returns what it returns.
    pub fn append<T>(&self, append: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let (told, was_empty) = {
            let mut waiting = self.lock();
            let was_empty = waiting.bytes.is_empty();
            let told = append(&mut waiting.bytes);
            if waiting.gone {
                waiting.bytes.clear();
            }
            (told, was_empty)
        };
        // While bytes wait, the writer has been woken already and will see these too.
        if was_empty {
            self.filled.notify_one();
        }
        told
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Returns once at most so many bytes wait, or nothing will be written any more.
    pub async fn room(&self, most_bytes: usize) {
        self.wait(|waiting| waiting.bytes.len() <= most_bytes || waiting.closing)
            .await;
    }

    /// Nothing more will come: the writer ends once all is written.
    pub fn close(&self) {
        self.lock().closing = true;
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    /// Nobody takes anything any more: what waits and what comes is dropped.
    pub fn abandon(&self) {
        {
            let mut waiting = self.lock();
            waiting.gone = true;
            waiting.bytes = Vec::new();
        }
        self.close();
    }

    /// Returns once it is closed.
    pub async fn closed(&self) {
        self.wait(|waiting| waiting.closing).await;
    }

    async fn wait(&self, until: impl Fn(&Waiting) -> bool) {
        loop {
            let mut drained = std::pin::pin!(self.drained.notified());
            // Enlisted before the look, so that a change after the look is heard.
            drained.as_mut().enable();
            if until(&self.lock()) {
                return;
            }
            drained.await;
        }
    }

    /// Writes whatever comes until it is closed. Two buffers change places, so nothing is allocated once they have
    /// grown to the load.
    pub async fn write_to(&self, stream: &mut SendStream) -> Result<(), WriteError> {
        let mut batch = Vec::new();
        loop {
            let closing = {
                let mut waiting = self.lock();
                std::mem::swap(&mut waiting.bytes, &mut batch);
                waiting.closing
            };
            self.drained.notify_waiters();
            if !batch.is_empty() {
                stream.write_all(&batch).await?;
                batch.clear();
            } else if closing {
                return Ok(());
            } else {
                self.filled.notified().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::limits::FRAME_BYTES_MAX;

    #[test]
    fn frames_are_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        for tag in 0..20 {
            let request = Request::Advance {
                tag: Some(tag),
                to: engine::moment::Moment(5),
            };
            frame::append_request(request, &mut bytes).unwrap();
        }
        for size in [1, 3, 7, 64, 1_000] {
            let mut gathering = Gathering::default();
            let mut tags = Vec::new();
            for chunk in bytes.chunks(size) {
                gathering.extend(chunk);
                while let Some(archive) = gathering.take(Form::Frames).unwrap() {
                    tags.extend(frame::read_request(archive).unwrap().tag());
                }
            }
            assert_eq!(tags, (0..20).collect::<Vec<_>>());
            assert!(!gathering.has_begun());
        }
    }

    #[test]
    fn a_line_may_end_with_its_stream() {
        let mut gathering = Gathering::default();
        gathering.extend(b"{\"a\":1}\n{\"b\":2}");
        assert_eq!(
            gathering.take(Form::Lines).unwrap(),
            Some(&b"{\"a\":1}"[..])
        );
        assert_eq!(gathering.take(Form::Lines).unwrap(), None);
        assert_eq!(gathering.last(Form::Lines), Some(&b"{\"b\":2}"[..]));
        assert_eq!(gathering.last(Form::Lines), None);
    }

    #[test]
    fn what_is_too_large_is_noticed_before_it_is_there() {
        let mut gathering = Gathering::default();
        gathering.extend(&u32::MAX.to_le_bytes());
        assert!(gathering.take(Form::Frames).is_err());
        let mut gathering = Gathering::default();
        gathering.extend(&vec![b'x'; FRAME_BYTES_MAX + 1]);
        assert!(gathering.take(Form::Lines).is_err());
    }
}
