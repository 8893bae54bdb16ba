//! Callers, sans-IO: told what became of their calls, they hang up, call again, say more, and say when.
//!
//! The same in a replay, a simulation and wherever else a centre is driven. Deterministic: what a caller draws follows from the
//! seed and the call's key alone, so that two centres played under one seed meet the same people. They know no clock and no
//! socket: whoever drives asks [`Callers::next_due`] and takes acts from [`Callers::poll`]. Next: [`behaviour`] for the shares.

pub mod behaviour;

use crate::random::Random;
use crate::trace::Row;
use behaviour::Behaviour;
use engine::id::{CallId, IncidentId};
use engine::kind::{Kind, Nature, Priority};
use engine::moment::{Moment, Span};
use engine::place::datum::Datum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where answers overlap, an incident that becomes graver so soon after somebody said more does so by that.
const RAISED_WITHIN: Span = Span::seconds(5);

/// What stands between a call's key and how often the same person has called again.
pub const AGAIN: &str = "+again";

/// One caller of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallerId(u64);

/// What a caller does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Calls again, under a key of its own.
    Call {
        /// Who it is now.
        caller: CallerId,
        /// What is said.
        row: Box<Row>,
    },
    /// Says more.
    Facts {
        /// Of which call.
        call: CallId,
        /// All that has been said so far, with what is new at its end; `None`: only the place is new.
        text: Option<String>,
        /// How many are hurt.
        injured: Option<u16>,
        /// Degrees north and east and their datum, when the place was wrong.
        place: Option<(f64, f64, Option<Datum>)>,
    },
    /// Hangs up.
    End {
        /// Which call.
        call: CallId,
    },
}

/// What callers did beyond what the trace says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls that ended, whichever way.
    pub ended: u64,
    /// Of these: nobody had been sent when patience ran out.
    pub abandoned: u64,
    /// Calls about a matter that had been called in before by the same person.
    pub redials: u64,
    /// Of these: they joined what they were about (N3).
    pub redials_joined: u64,
    /// More was said.
    pub facts: u64,
    /// Of these: they made an incident graver.
    pub facts_raised: u64,
}

impl Counts {
    /// These and others together.
    pub fn add(&mut self, other: Counts) {
        self.ended += other.ended;
        self.abandoned += other.abandoned;
        self.redials += other.redials;
        self.redials_joined += other.redials_joined;
        self.facts += other.facts;
        self.facts_raised += other.facts_raised;
    }
}

/// What is still to happen to a caller by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Say,
    HangUp,
    Redial,
}

#[derive(Clone, Debug)]
struct Caller {
    row: Row,
    call: Option<CallId>,
    incident: Option<IncidentId>,
    kind: Kind,
    /// How often this person has called before.
    before: u64,
    /// What those calls were about.
    earlier: Option<IncidentId>,
    sent: bool,
    arrived: bool,
    /// Steps that are on the agenda.
    noted: u32,
    random: Random,
}

/// What was done about an incident that is open.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    sent: bool,
    arrived: bool,
}

/// Everybody who has called.
#[derive(Clone, Debug)]
pub struct Callers {
    behaviour: Behaviour,
    seed: u64,
    callers: BTreeMap<CallerId, Caller>,
    agenda: BTreeMap<(Moment, u64), (CallerId, Step)>,
    concerned: BTreeMap<IncidentId, Vec<CallerId>>,
    /// What was done before somebody called about it is known to whoever does.
    standing: BTreeMap<IncidentId, Standing>,
    serial: u64,
    /// The incidents that facts were said of, and when: until the next act, or for so long.
    amended: BTreeMap<IncidentId, Moment>,
    awaited: Span,
    counts: Counts,
}

impl Callers {
    /// Nobody has called yet.
    pub fn new(behaviour: Behaviour, seed: u64) -> Callers {
        Callers {
            behaviour,
            seed,
            callers: BTreeMap::new(),
            agenda: BTreeMap::new(),
            concerned: BTreeMap::new(),
            standing: BTreeMap::new(),
            serial: 0,
            amended: BTreeMap::new(),
            awaited: Span(0),
            counts: Counts::default(),
        }
    }

    /// The same where acts are not answered one by one, as on the wall clock: what facts came to is heard a little later.
    pub fn overlapping(self) -> Callers {
        Callers {
            awaited: RAISED_WITHIN,
            ..self
        }
    }

    /// What callers did so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// When a caller acts next.
    pub fn next_due(&self) -> Option<Moment> {
        self.agenda.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Somebody calls with this row.
    pub fn called(&mut self, row: &Row) -> CallerId {
        self.enter(row.clone(), 0, None)
    }

    fn enter(&mut self, row: Row, before: u64, earlier: Option<IncidentId>) -> CallerId {
        self.serial += 1;
        let id = CallerId(self.serial);
        let caller = Caller {
            random: Random::stream(self.seed, digest(&row.key)),
            row,
            call: None,
            incident: None,
            kind: Kind::Unknown,
            before,
            earlier,
            sent: false,
            arrived: false,
            noted: 0,
        };
        self.callers.insert(id, caller);
        id
    }

    /// What became of the call; `sent` when somebody was ordered for it at once. Whoever was sent to the incident before is known here.
    pub fn decided(
        &mut self,
        now: Moment,
        id: CallerId,
        call: CallId,
        incident: Option<IncidentId>,
        kind: Kind,
        sent: bool,
    ) {
        let behaviour = self.behaviour;
        let standing = incident.and_then(|incident| self.standing.get(&incident));
        let standing = standing.copied().unwrap_or_default();
        let sent = sent || standing.sent;
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        (caller.call, caller.incident, caller.kind) = (Some(call), incident, kind);
        (caller.sent, caller.arrived) = (sent, standing.arrived);
        if caller.before > 0 && incident.is_some() && caller.earlier == incident {
            self.counts.redials_joined += 1;
        }
        let idle = is_idle(&caller.row, kind);
        let random = &mut caller.random;
        let mut steps = Vec::new();
        if idle {
            steps.push((behaviour.idle.draw(random), Step::HangUp));
        } else {
            // Each is drawn whatever the others come to, so that no draw of one behaviour moves another's.
            let (talk, patience) = (behaviour.talk.draw(random), behaviour.patience.draw(random));
            steps.push((if sent { talk } else { patience }, Step::HangUp));
            let say = behaviour.say.draw(random);
            if random.chance(behaviour.facts_permille) && acts(kind) {
                steps.push((say, Step::Say));
            }
            let wait = match kind.row().priority {
                Priority::P1 => behaviour.wait_life.draw(random),
                Priority::P2 | Priority::P3 | Priority::P4 => behaviour.wait.draw(random),
            };
            let again = random.chance(behaviour.redial_permille);
            if again && acts(kind) && caller.before < behaviour.redials_max {
                steps.push((wait, Step::Redial));
            }
        }
        if let Some(incident) = incident {
            self.concerned.entry(incident).or_default().push(id);
        }
        for (after, step) in steps {
            self.note(now + after, id, step);
        }
    }

    /// The call was refused; nobody waits for anything.
    pub fn refused(&mut self, id: CallerId) {
        self.callers.remove(&id);
    }

    fn note(&mut self, at: Moment, id: CallerId, step: Step) {
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.noted += 1;
            self.serial += 1;
            self.agenda.insert((at, self.serial), (id, step));
        }
    }

    fn of(&mut self, incident: IncidentId, change: impl Fn(&mut Caller)) {
        for id in self.concerned.get(&incident).into_iter().flatten() {
            if let Some(caller) = self.callers.get_mut(id) {
                change(caller);
            }
        }
    }

    /// Somebody was sent.
    pub fn ordered(&mut self, incident: IncidentId) {
        self.standing.entry(incident).or_default().sent = true;
        self.of(incident, |caller| caller.sent = true);
    }

    /// Somebody is there.
    pub fn arrived(&mut self, incident: IncidentId) {
        self.standing.entry(incident).or_default().arrived = true;
        self.of(incident, |caller| caller.arrived = true);
    }

    /// It is done with: nobody calls again about it.
    pub fn closed(&mut self, incident: IncidentId) {
        self.of(incident, |caller| caller.arrived = true);
        self.concerned.remove(&incident);
        self.standing.remove(&incident);
    }

    /// It is part of another from here on.
    pub fn merged(&mut self, from: IncidentId, into: IncidentId) {
        let ids = self.concerned.remove(&from).unwrap_or_default();
        for id in &ids {
            if let Some(caller) = self.callers.get_mut(id) {
                caller.incident = Some(into);
            }
        }
        self.concerned.entry(into).or_default().extend(ids);
        let before = self.standing.remove(&from).unwrap_or_default();
        let standing = self.standing.entry(into).or_default();
        standing.sent |= before.sent;
        standing.arrived |= before.arrived;
    }

    /// It is graver than it was held to be: by what was said last, if that was about it.
    pub fn raised(&mut self, incident: IncidentId) {
        if self.amended.remove(&incident).is_some() {
            self.counts.facts_raised += 1;
        }
    }

    /// The next act that is due by now; call until there is none. Its answer is told before the next is asked for, unless acts overlap.
    pub fn poll(&mut self, now: Moment) -> Option<Act> {
        let awaited = self.awaited;
        self.amended.retain(|_, at| at.until(now) < awaited);
        loop {
            let entry = self.agenda.first_entry()?;
            let (at, _) = *entry.key();
            if at > now {
                return None;
            }
            let (id, step) = entry.remove();
            let act = self.step(at, id, step);
            if self
                .callers
                .get(&id)
                .is_some_and(|caller| caller.noted == 0)
            {
                self.callers.remove(&id);
            }
            if act.is_some() {
                return act;
            }
        }
    }

    fn step(&mut self, at: Moment, id: CallerId, step: Step) -> Option<Act> {
        let caller = self.callers.get_mut(&id)?;
        caller.noted -= 1;
        let call = caller.call?;
        match step {
            Step::HangUp => {
                let waited = !is_idle(&caller.row, caller.kind) && acts(caller.kind);
                self.counts.ended += 1;
                self.counts.abandoned += u64::from(waited && !caller.sent);
                Some(Act::End { call })
            }
            Step::Say => {
                if caller.arrived {
                    return None;
                }
                self.counts.facts += 1;
                let about = caller.incident.map(|incident| (incident, at));
                self.amended.extend(about);
                Some(more(caller, call))
            }
            Step::Redial => {
                if caller.arrived {
                    return None;
                }
                self.counts.redials += 1;
                let (before, earlier) = (caller.before + 1, caller.incident);
                let row = again(&caller.row, at, before, caller.sent);
                let caller = self.enter(row.clone(), before, earlier);
                let row = Box::new(row);
                Some(Act::Call { caller, row })
            }
        }
    }
}

/// Nobody waits for a call that says nothing, or is no matter.
fn is_idle(row: &Row, kind: Kind) -> bool {
    row.text.as_deref() == Some("") || matches!(kind, Kind::Silent | Kind::Nuisance)
}

/// Whether somebody may be sent.
fn acts(kind: Kind) -> bool {
    matches!(kind.row().nature, Nature::Emergency | Nature::Help)
}

/// What a caller adds: somebody is hurt, it burns in earnest, or the place is another.
fn more(caller: &mut Caller, call: CallId) -> Act {
    let random = &mut caller.random;
    let said = caller.row.text.iter().filter(|text| !text.is_empty());
    let said: String = said.map(|text| format!("{text}，")).collect();
    let place = caller.row.lat.zip(caller.row.lon);
    let fire = matches!(
        caller.kind,
        Kind::SmokeAlarm | Kind::StructureFire | Kind::IndustrialFire | Kind::VehicleFire
    );
    let drawn = random.weighted([50, if fire { 60 } else { 0 }, 25].into_iter());
    let (text, injured, place) = match (drawn, place) {
        (Some(1), _) => (
            Some(format!("{said}现在看到明火了，火越来越大")),
            None,
            None,
        ),
        (Some(2), Some((lat, lon))) => {
            // Up to 300 m off.
            let mut off = || random.between(-2_700, 2_700) as f64 / 1_000_000.0;
            let place = (lat + off(), lon + off(), caller.row.datum);
            (None, None, Some(place))
        }
        _ => {
            let injured = 1 + random.below(2) as u16;
            let text = format!("{said}刚才没看清，有{injured}个人受伤了");
            (Some(text), Some(injured), None)
        }
    };
    Act::Facts {
        call,
        text,
        injured,
        place,
    }
}

/// What somebody says who calls again.
fn again(row: &Row, at: Moment, before: u64, sent: bool) -> Row {
    let key = row.key.split(AGAIN).next().unwrap_or_default();
    let first = if sent {
        "我刚才打过电话的，人怎么还没到"
    } else {
        "我刚才打过电话的，一直没人管"
    };
    Row {
        at,
        key: format!("{key}{AGAIN}{before}"),
        text: match (&row.text, before) {
            (Some(text), 1) => Some(format!("{first}，{text}")),
            (text, _) => text.clone(),
        },
        ..row.clone()
    }
}

/// A number for a key (FNV-1a), so that what is drawn for it follows from it.
pub fn digest(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Behaviour {
    /// The callers that this behaviour makes under a seed.
    pub fn callers(self, seed: u64) -> Callers {
        Callers::new(self, seed)
    }
}

/// A span that a caller draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// At least.
    pub least: Span,
    /// At most.
    pub most: Span,
}

impl Between {
    /// So many seconds, from and to.
    pub const fn seconds(least: i64, most: i64) -> Between {
        Between {
            least: Span::seconds(least),
            most: Span::seconds(most),
        }
    }

    fn draw(self, random: &mut Random) -> Span {
        Span(random.between(self.least.0, self.most.0.max(self.least.0)))
    }
}

#[cfg(test)]
mod tests;
