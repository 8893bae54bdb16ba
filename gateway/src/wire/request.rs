//! What a client may ask for, after its form was checked.

use super::{Problem, ProblemKind, Tag};
use engine::call::{Mark, Marks};
use engine::id::{CallId, EventId, OrderId};
use engine::kind::Kind;
use engine::limits::KEY_BYTES_MAX;
use engine::moment::Moment;
use engine::order::OrderAct;
use engine::place::Point;
use engine::place::datum::{self, Datum};
use engine::unit::Duty;

/// One thing that a client asks of a centre.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Somebody calls.
    Call {
        /// For the answer.
        tag: Option<Tag>,
        /// What is said of the call.
        call: Box<CallWords>,
    },
    /// More is known of a call.
    Facts {
        /// For the answer.
        tag: Option<Tag>,
        /// What is known.
        facts: Box<FactsWords>,
    },
    /// A caller is done.
    End {
        /// For the answer.
        tag: Option<Tag>,
        /// The call.
        call: CallId,
    },
    /// A unit reports on an order.
    Order {
        /// For the answer.
        tag: Option<Tag>,
        /// The order.
        order: OrderId,
        /// What happened.
        act: OrderAct,
        /// The unit's own words.
        note: Option<String>,
    },
    /// A unit is here.
    Position {
        /// For the answer; without one, none is given.
        tag: Option<Tag>,
        /// The unit's name.
        unit: String,
        /// Where.
        position: Position,
    },
    /// A unit does this when idle.
    Duty {
        /// For the answer.
        tag: Option<Tag>,
        /// What is so from here on.
        report: UnitReport,
    },
    /// Time goes on, on a driven clock.
    Advance {
        /// For the answer.
        tag: Option<Tag>,
        /// The new time.
        to: Moment,
    },
    /// Tell me what happens.
    Subscribe {
        /// For the answer, which says that nothing after it is missed; without one, none is given.
        tag: Option<Tag>,
        /// Names of the units it is about; none: everything.
        units: Vec<String>,
        /// Everything after this event; `None`: from now on.
        since: Option<EventId>,
    },
}

impl Request {
    /// The tag its answer will carry.
    pub const fn tag(&self) -> Option<Tag> {
        match self {
            Request::Call { tag, .. }
            | Request::Facts { tag, .. }
            | Request::End { tag, .. }
            | Request::Order { tag, .. }
            | Request::Position { tag, .. }
            | Request::Duty { tag, .. }
            | Request::Advance { tag, .. }
            | Request::Subscribe { tag, .. } => *tag,
        }
    }
}

/// What is said of a call. Only the key is certain; `marks` says what was dropped on the way here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallWords {
    /// The carrier's key, unique among its calls (N2): 1 to [`KEY_BYTES_MAX`] bytes.
    pub key: String,
    /// The number that was dialled.
    pub line: Option<u32>,
    /// The caller's number.
    pub caller: Option<String>,
    /// When, as the sender claims; decides nothing.
    pub at: Option<Moment>,
    /// Where, with its datum (N5).
    pub position: Option<Position>,
    /// How far off that may be, in metres.
    pub accuracy_m: Option<u32>,
    /// The cell that carried it, as in `460-00-1234-5678`.
    pub cell: Option<String>,
    /// What was said or typed. `None`: not known yet; empty: silent.
    pub text: Option<String>,
    /// What the sender holds it to be.
    pub kind: Option<Kind>,
    /// How many are said to be hurt.
    pub injured: Option<u16>,
    /// The hospital the patient asks for.
    pub hospital: Option<String>,
    /// A drill: nobody is sent (D1).
    pub drill: bool,
    /// What was wrong with it.
    pub marks: Marks,
}

/// What is newly known of a call. `None` leaves a thing as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FactsWords {
    /// The call.
    pub call: CallId,
    /// All that has been said so far.
    pub text: Option<String>,
    /// Where, with its datum (N5).
    pub position: Option<Position>,
    /// How far off that may be, in metres.
    pub accuracy_m: Option<u32>,
    /// The cell that carries it.
    pub cell: Option<String>,
    /// What a person holds it to be.
    pub kind: Option<Kind>,
    /// How many are said to be hurt.
    pub injured: Option<u16>,
    /// What was wrong with it.
    pub marks: Marks,
}

/// What a unit does when idle, in its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitReport {
    /// The unit's name.
    pub unit: String,
    /// What it does.
    pub duty: Duty,
    /// People on duty, where that changes.
    pub strength: Option<u16>,
}

/// A position as it was given: two numbers that can be meant, and their datum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    lat: f64,
    lon: f64,
    datum: Datum,
}

/// Why something is not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// The latitude is not finite or not on the globe.
    #[error(
        "a position is two finite numbers in decimal degrees, and its lat is not within -90 to 90"
    )]
    Latitude,
    /// The longitude is not finite or not on the globe.
    #[error(
        "a position is two finite numbers in decimal degrees, and its lon is not within -180 to 180"
    )]
    Longitude,
    /// No datum, or none of the three (N5).
    #[error(
        "a position needs its datum: wgs84, gcj02 or bd09; a wrong one moves a caller by hundreds of metres"
    )]
    Datum,
}

impl PositionError {
    /// How a call is marked that came with it.
    pub const fn mark(self) -> Mark {
        match self {
            PositionError::Latitude | PositionError::Longitude => Mark::BadPlace,
            PositionError::Datum => Mark::NoDatum,
        }
    }

    /// The field that is wrong.
    pub const fn field(self) -> &'static str {
        match self {
            PositionError::Latitude => "lat",
            PositionError::Longitude => "lon",
            PositionError::Datum => "datum",
        }
    }
}

impl Position {
    /// The position, if it can be meant.
    pub fn new(lat: f64, lon: f64, datum: Option<Datum>) -> Result<Position, PositionError> {
        // Nothing that is not a number is within anything.
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PositionError::Latitude);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PositionError::Longitude);
        }
        match datum {
            Some(datum) => Ok(Position { lat, lon, datum }),
            None => Err(PositionError::Datum),
        }
    }

    /// Degrees north.
    pub const fn lat(&self) -> f64 {
        self.lat
    }

    /// Degrees east.
    pub const fn lon(&self) -> f64 {
        self.lon
    }

    /// What they are measured against.
    pub const fn datum(&self) -> Datum {
        self.datum
    }

    /// The point on WGS-84.
    pub fn point(&self) -> Result<Point, PositionError> {
        datum::to_wgs84(self.lat, self.lon, self.datum).map_err(|_| PositionError::Latitude)
    }
}

impl FactsWords {
    /// Nothing yet about this call.
    pub fn of(call: CallId) -> FactsWords {
        FactsWords {
            call,
            text: None,
            position: None,
            accuracy_m: None,
            cell: None,
            kind: None,
            injured: None,
            marks: Marks::default(),
        }
    }
}

/// What an act on an order may be.
pub(super) const ACTS: &str = "must be acknowledge, decline, set-off, arrive or finish";
/// What a duty may be.
pub(super) const DUTIES: &str = "must be on_call, patrolling, standby or off";
/// Bytes of a caller's number, a cell or a hospital's name; what is longer is none of these.
const SHORT_BYTES_MAX: usize = 256;
/// Half the way around the globe: no radius is larger.
const ACCURACY_M_MAX: f64 = 20_037_508.0;

/// Whether units say it; the others are the centre's own.
pub(super) const fn is_of_units(act: OrderAct) -> bool {
    match act {
        OrderAct::Acknowledge
        | OrderAct::Decline
        | OrderAct::SetOff
        | OrderAct::Arrive
        | OrderAct::Finish => true,
        OrderAct::Cancel | OrderAct::Reassign | OrderAct::Preempt => false,
    }
}

/// The key, the one field a call cannot be without (N2).
pub(super) fn key(given: Option<String>) -> Result<String, Problem> {
    let refuse = |wrong: &str| {
        Problem::new(
            ProblemKind::NoKey,
            format!("`key` {wrong}; every call needs a key of 1 to {KEY_BYTES_MAX} bytes of UTF-8, unique among its carrier's calls"),
        )
        .about("key")
    };
    match given {
        None => Err(refuse("is missing or not text")),
        Some(key) if key.is_empty() => Err(refuse("is empty")),
        Some(key) if key.len() > KEY_BYTES_MAX => Err(refuse("is too long")),
        Some(key) => Ok(key),
    }
}

/// A value that may name nothing: dropped and marked then.
pub(super) fn known<T, U>(
    given: Option<T>,
    meaning: impl FnOnce(T) -> Option<U>,
    mark: Mark,
    marks: &mut Marks,
) -> Option<U> {
    let meant = meaning(given?);
    if meant.is_none() {
        *marks = marks.with(mark);
    }
    meant
}

/// A short text: dropped and marked when it is no UTF-8 or too long.
pub(super) fn short(given: Option<Vec<u8>>, marks: &mut Marks) -> Option<String> {
    let meaning = |bytes: Vec<u8>| {
        String::from_utf8(bytes)
            .ok()
            .filter(|text| text.len() <= SHORT_BYTES_MAX)
    };
    known(given, meaning, Mark::BadField, marks)
}

/// What was said. Broken UTF-8 is mended and marked: half a cry for help is still one.
pub(super) fn text(given: Vec<u8>, marks: &mut Marks) -> String {
    String::from_utf8(given).unwrap_or_else(|error| {
        *marks = marks.with(Mark::BadText);
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })
}

/// A radius: finite, not negative, rounded up to a metre.
pub(super) fn metres(given: f64) -> Option<u32> {
    (0.0..=ACCURACY_M_MAX)
        .contains(&given)
        .then(|| given.ceil() as u32)
}

/// A position of which every part may be missing or wrong (N5).
pub(super) fn position(
    lat: Option<f64>,
    lon: Option<f64>,
    datum: Option<Datum>,
    marks: &mut Marks,
) -> Option<Position> {
    if lat.is_none() && lon.is_none() {
        return None;
    }
    let given = Position::new(lat.unwrap_or(f64::NAN), lon.unwrap_or(f64::NAN), datum);
    given
        .inspect_err(|error| *marks = marks.with(error.mark()))
        .ok()
}
