//! What must hold of a request, whichever form it came in: it says the same in the other form, and intake makes of it the
//! same report whatever its buffers held before.

use engine::call::{Marks, Testimony};
use engine::city::City;
use engine::classify::Lexicon;
use engine::id::ObjectHash;
use engine::line::Line;
use engine::plan::Plan;
use gateway::intake::{Desk, Intake};
use gateway::wire::{Request, frame};
use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

/// A request of this many bytes can grow when broken UTF-8 is mended, and still fit in a frame.
const MENDED_BYTES_MAX: usize = 20_000;

static INTAKE: LazyLock<Intake> = LazyLock::new(|| {
    let city: City = engine::city::generate(1, None).expect("the embedded city");
    let plan = Plan::load(engine::plan::DEFAULT).expect("the default plan");
    Intake {
        plan: Arc::new(plan).into(),
        lexicon: Arc::new(Lexicon::load(Lexicon::source_embedded()).expect("the lexicon")),
        lexicon_hash: ObjectHash([1; 32]),
        city_hash: ObjectHash([2; 32]),
        city: Arc::new(city),
        default_line: Line::POLICE,
    }
});

thread_local! {
    /// A desk that has seen every request so far.
    static USED: RefCell<Desk> = RefCell::default();
}

/// Checks a request that was read from so many bytes.
pub fn check(request: &Request, bytes: usize) {
    check_other_form(request, bytes);
    match request {
        Request::Call { call, .. } => {
            let taken = USED.with_borrow_mut(|desk| INTAKE.call(0, (**call).clone(), desk));
            let fresh = INTAKE.call(0, (**call).clone(), &mut Desk::default());
            assert_eq!(taken, fresh, "the same words, another report");
            check_testimony(&taken.testimony);
        }
        Request::Facts { facts, .. } => {
            let taken = USED.with_borrow_mut(|desk| INTAKE.facts((**facts).clone(), desk));
            let fresh = INTAKE.facts((**facts).clone(), &mut Desk::default());
            assert_eq!(taken, fresh, "the same words, other facts");
            check_testimony(&taken.testimony);
        }
        Request::Position { position, .. } => {
            if let (Some(place), Ok(point)) = (INTAKE.place_said(*position), position.point()) {
                assert_eq!(place.point, point);
            }
        }
        Request::End { .. }
        | Request::Order { .. }
        | Request::Duty { .. }
        | Request::Advance { .. }
        | Request::Subscribe { .. } => {}
    }
}

fn check_other_form(request: &Request, bytes: usize) {
    let mut out = Vec::new();
    if frame::append_request(request.clone(), &mut out).is_err() {
        assert!(
            bytes > MENDED_BYTES_MAX,
            "too large for a frame: {request:?}"
        );
        return;
    }
    let archive = frame::split(&out).expect("a frame").expect("a whole frame");
    let again = frame::read_request(archive).expect("what was just written");
    assert_eq!(unmarked(again), unmarked(request.clone()));
}

/// Without the marks of what was dropped, which does not travel on.
fn unmarked(mut request: Request) -> Request {
    match &mut request {
        Request::Call { call, .. } => call.marks = Marks::default(),
        Request::Facts { facts, .. } => facts.marks = Marks::default(),
        Request::End { .. }
        | Request::Order { .. }
        | Request::Position { .. }
        | Request::Duty { .. }
        | Request::Advance { .. }
        | Request::Subscribe { .. } => {}
    }
    request
}

fn check_testimony(testimony: &Testimony) {
    let again = Testimony::decode(&testimony.encode());
    assert_eq!(again.as_ref(), Ok(testimony));
    let text = testimony.text.as_deref().unwrap_or_default();
    for seen in &testimony.evidence {
        let words = text.get(seen.start as usize..seen.end as usize);
        assert!(
            words.is_some(),
            "evidence that is no words of the text: {testimony:?}"
        );
    }
}
