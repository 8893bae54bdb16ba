//! What a major incident owes across merges, silence and hostile calls, and what becomes of it for the readers.

use super::*;
use crate::command::{Assignment, CallVerdict, FollowUp, IncidentMerge, LevelRaise, UpwardReport};
use crate::event::{LedgerMatter, OrderIssued};
use crate::incident::{CloseReason, Incident, IncidentState, NeedState};
use crate::kind::{Nature, Priority};
use crate::limits::NEEDS_PER_INCIDENT_MAX;
use crate::major::{IncidentClock, Level, LevelCause, MajorDeadlines, UpwardField, UpwardFields};
use crate::name::Name;
use crate::order::OrderState;
use crate::view::{LedgerSubject, LedgerView};

fn deadlines(world: &World, incident: IncidentId) -> MajorDeadlines {
    world.state_of(incident).major.unwrap().deadlines
}

/// Two robberies that are none of each other's business yet.
fn two(world: &mut World) -> [IncidentId; 2] {
    let (here, there) = (world.town(), world.north(3_000));
    [here, there].map(|point| world.call(Kind::Robbery, point).incident.unwrap())
}

fn raise(world: &mut World, incident: IncidentId, level: Level) {
    world.say(Command::RaiseLevel(LevelRaise { incident, level }));
}

fn merge(world: &mut World, from: IncidentId, into: IncidentId) -> Vec<Event> {
    let events = world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
    events
}

fn tell(
    world: &mut World,
    incident: IncidentId,
    stage: UpwardStage,
    fields: &[UpwardField],
) -> Vec<Event> {
    let events = world.say(Command::ReportUpward(UpwardReport {
        incident,
        stage,
        fields: fields.iter().copied().collect(),
    }));
    world.check();
    events
}

fn close(world: &mut World, incident: IncidentId) -> Vec<Event> {
    let events = world.say(Command::CloseWithFollowUp(FollowUp {
        incident,
        unit: UnitId::new(CentreId(1), 1).unwrap(),
        owner: Name::new("王芳").unwrap(),
    }));
    world.check();
    events
}

fn entered(events: &[Event]) -> Vec<(LedgerMatter, Moment)> {
    let entered = events.iter().filter_map(|event| match event {
        Event::IncidentEntered { matter, due, .. } => Some((*matter, *due)),
        _ => None,
    });
    entered.collect()
}

fn missed(events: &[Event], wanted: IncidentClock) -> usize {
    let is_it = |event: &&Event| matches!(event, Event::IncidentClockMissed { clock, .. } if *clock == wanted);
    events.iter().filter(is_it).count()
}

fn missing(events: &[Event]) -> Vec<UpwardField> {
    let told = events.iter().find_map(|event| match event {
        Event::ReportedUpward { missing, .. } => Some(*missing),
        _ => None,
    });
    told.unwrap().iter().collect()
}

fn issued(events: &[Event]) -> Vec<OrderIssued> {
    let issued = events.iter().filter_map(|event| match event {
        Event::OrderIssued(issued) => Some(*issued),
        _ => None,
    });
    issued.collect()
}

fn awaited(events: &[Event]) -> usize {
    let is_it = |event: &&Event| matches!(event, Event::CloseAwaited { .. });
    events.iter().filter(is_it).count()
}

fn entries_of(world: &World, incident: IncidentId, matter: LedgerMatter) -> Vec<LedgerView> {
    let about = LedgerSubject::Incident(incident);
    let ledger = world.view.ledger_after(None).map(|(_, entry)| *entry);
    let of_it = |entry: &LedgerView| entry.about == about && entry.matter == matter;
    ledger.filter(of_it).collect()
}

/// Ends every open order with this act.
fn all_report(world: &mut World, act: OrderAct) {
    loop {
        let orders = world.centre.state.orders.iter();
        let mut open = orders.filter(|(_, _, order)| order.state.is_open());
        let first = open.next().map(|(_, number, _)| number);
        drop(open);
        let Some(number) = first else {
            return;
        };
        world.act(OrderId::new(CentreId(1), number).unwrap(), act);
    }
}

/// N1, H6: the graver level holds, and each clock runs to the nearer of both deadlines, whichever way two are merged.
#[test]
fn a_merge_joins_what_is_owed_clock_by_clock() {
    for from_the_graver in [true, false] {
        let mut world = World::new();
        let [older, graver] = two(&mut world);
        let begun = world.now;
        raise(&mut world, older, Level::II);
        world.pass(Span::minutes(10));
        let later = world.now;
        raise(&mut world, graver, Level::I);
        let (from, into) = if from_the_graver {
            (graver, older)
        } else {
            (older, graver)
        };
        let events = merge(&mut world, from, into);
        let owed = MajorDeadlines {
            situation_report: Some(later + Span::minutes(15)),
            first_word: Some(begun + Span::hours(1)),
            written_report: Some(begun + Span::hours(4)),
        };
        let said = if from_the_graver {
            Event::LevelRaised {
                incident: into,
                level: Level::I,
                cause: LevelCause::Merged,
                deadlines: owed,
            }
        } else {
            Event::DutiesJoined {
                incident: into,
                deadlines: owed,
            }
        };
        assert!(events.contains(&said), "{events:?}");
        assert_eq!(deadlines(&world, into), owed);
        // How long it was owed is measured from the earlier.
        world.pass(Span::minutes(5));
        let events = tell(&mut world, into, UpwardStage::First, UpwardField::ALL);
        let delay = events.iter().find_map(|event| match event {
            Event::ReportedUpward { delay_ms, .. } => *delay_ms,
            _ => None,
        });
        assert_eq!(delay, Some(world.now.0 - begun.0));
    }
}

/// H6: what has run out for one of two was missed, once: it runs no second time for both.
#[test]
fn a_clock_fires_once_across_a_merge() {
    for late_is_kept in [true, false] {
        let mut world = World::new();
        let [late, fresh] = two(&mut world);
        raise(&mut world, late, Level::II);
        let due = world.now + Span::hours(1);
        let events = world.pass(Span::minutes(61));
        assert_eq!(missed(&events, IncidentClock::FirstWord), 1);
        raise(&mut world, fresh, Level::I);
        let (from, into) = if late_is_kept {
            (fresh, late)
        } else {
            (late, fresh)
        };
        merge(&mut world, from, into);
        assert_eq!(deadlines(&world, into).first_word, None);
        assert!(deadlines(&world, into).written_report.is_some());
        let events = world.pass(Span::hours(2));
        assert_eq!(missed(&events, IncidentClock::FirstWord), 0);
        // X16: it is the other's from then on, and open until it comes.
        let entries = entries_of(&world, into, LedgerMatter::LateFirstWord);
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].settled_at, entries[0].due), (None, due));
        let overdue = |world: &World| world.view.incident(into).unwrap().conduct.overdue;
        assert_eq!(overdue(&world).first_word, Some(due));
        tell(&mut world, into, UpwardStage::First, UpwardField::ALL);
        assert_eq!(overdue(&world).first_word, None);
        let entries = entries_of(&world, into, LedgerMatter::LateFirstWord);
        assert_eq!(entries[0].settled_at, Some(world.now));
    }
}

/// X16: what was told of one is late of neither: the entry is settled by the merge.
#[test]
fn what_was_told_of_one_is_late_of_neither() {
    for late_is_kept in [true, false] {
        let mut world = World::new();
        let [late, told] = two(&mut world);
        raise(&mut world, late, Level::II);
        world.pass(Span::minutes(61));
        tell(&mut world, told, UpwardStage::First, &[UpwardField::Time]);
        let (from, into) = if late_is_kept {
            (told, late)
        } else {
            (late, told)
        };
        merge(&mut world, from, into);
        let entries = entries_of(&world, into, LedgerMatter::LateFirstWord);
        assert_eq!(entries[0].settled_at, Some(world.now));
        let seen = &world.view.incident(into).unwrap().conduct;
        assert_eq!(seen.overdue.first_word, None);
        let events = close(&mut world, into);
        let matters: Vec<_> = entered(&events)
            .into_iter()
            .map(|(matter, _)| matter)
            .collect();
        assert_eq!(matters, [LedgerMatter::MissingWrittenReport]);
    }
}

/// Who said what upward of either of two that are one can be read, and what both leave out together.
#[test]
fn a_merge_keeps_who_said_what_upward() {
    let mut world = World::new();
    let [one, other] = two(&mut world);
    raise(&mut world, one, Level::II);
    raise(&mut world, other, Level::II);
    tell(
        &mut world,
        one,
        UpwardStage::First,
        &[UpwardField::Time, UpwardField::Place],
    );
    let first = world.view.sequence();
    tell(
        &mut world,
        other,
        UpwardStage::First,
        &[UpwardField::Time, UpwardField::Event],
    );
    let second = world.view.sequence();
    merge(&mut world, one, other);
    let seen = &world.view.incident(other).unwrap().conduct.upward[0];
    let seen = seen.as_ref().unwrap();
    assert_eq!(seen.records, [first, second]);
    let left: Vec<_> = seen.missing.iter().collect();
    assert_eq!(left, [UpwardField::Casualties, UpwardField::Reporter]);
    let mut bytes = Vec::new();
    world.view.save(&mut bytes);
    assert_eq!(View::load(&bytes).unwrap(), world.view);
}

/// C9: a second report completes the first: what both say together is what was told.
#[test]
fn a_second_report_upward_completes_the_first() {
    let mut world = World::new();
    let [incident, _] = two(&mut world);
    raise(&mut world, incident, Level::II);
    let begun = [UpwardField::Time, UpwardField::Place, UpwardField::Event];
    let events = tell(&mut world, incident, UpwardStage::First, &begun);
    let left = [UpwardField::Casualties, UpwardField::Reporter];
    assert_eq!(missing(&events), left);
    let events = tell(&mut world, incident, UpwardStage::First, &left);
    assert!(missing(&events).is_empty(), "{events:?}");
    assert!(entered(&events).is_empty());
    let seen = &world.view.incident(incident).unwrap().conduct.upward[0];
    assert_eq!(seen.as_ref().unwrap().missing, UpwardFields::default());
    assert_eq!(seen.as_ref().unwrap().records.len(), 2);
}

/// H6: what was told before a level asked for it was told, and is not owed again.
#[test]
fn what_is_told_before_the_level_is_told() {
    let mut world = World::new();
    let [incident, _] = two(&mut world);
    tell(&mut world, incident, UpwardStage::First, UpwardField::ALL);
    raise(&mut world, incident, Level::II);
    world.check();
    assert_eq!(deadlines(&world, incident).first_word, None);
    assert!(deadlines(&world, incident).written_report.is_some());
    let due = world.now + Span::hours(4);
    let events = close(&mut world, incident);
    assert_eq!(
        entered(&events),
        [(LedgerMatter::MissingWrittenReport, due)]
    );
}

/// H6: an overdue report upward stays in sight, and ahead of everything that is not due yet, until it comes.
#[test]
fn an_overdue_report_upward_stays_in_sight_until_it_comes() {
    let mut world = World::new();
    let [calm, grave] = two(&mut world);
    raise(&mut world, grave, Level::II);
    let due = world.now + Span::hours(1);
    all_report(&mut world, OrderAct::Finish);
    world.pass(Span::hours(23));
    world.say(Command::ReportSituation(grave));
    let patrol = world.call(Kind::Robbery, world.north(6_000));
    raise(&mut world, patrol.incident.unwrap(), Level::I);
    world.check();
    assert_eq!(world.state_of(calm).state, IncidentState::Closed);
    let seen = &world.view.incident(grave).unwrap().conduct;
    assert_eq!(seen.overdue.first_word, Some(due));
    assert_eq!(seen.overdue.situation_report, None, "that came just now");
    assert_eq!(world.view.incidents_by_clock(1)[0].0, grave);
    let mut bytes = Vec::new();
    world.view.save(&mut bytes);
    assert_eq!(
        View::load(&bytes).unwrap().incidents_by_clock(1)[0].0,
        grave
    );
    tell(&mut world, grave, UpwardStage::First, UpwardField::ALL);
    tell(&mut world, grave, UpwardStage::Written, UpwardField::ALL);
    assert_eq!(
        world.view.incident(grave).unwrap().conduct.overdue,
        MajorDeadlines::default()
    );
    assert_ne!(world.view.incidents_by_clock(1)[0].0, grave);
}

/// H6: what never came was due when it was due, not when the incident was closed.
#[test]
fn what_never_came_was_due_at_its_deadline() {
    let mut world = World::new();
    let [incident, _] = two(&mut world);
    let begun = world.now;
    raise(&mut world, incident, Level::II);
    world.pass(Span::hours(3));
    let events = close(&mut world, incident);
    assert_eq!(
        entered(&events),
        [
            (LedgerMatter::MissingFirstWord, begun + Span::hours(1)),
            (LedgerMatter::MissingWrittenReport, begun + Span::hours(4)),
        ]
    );
}

/// X5: that only a person closes it is said once a day, however often it is looked at, and is over when somebody is sent.
#[test]
fn that_a_close_is_awaited_is_said_once_a_day_and_ends_with_an_order() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let town = world.town();
    let incident = world.call(Kind::MinorTrauma, town).incident.unwrap();
    raise(&mut world, incident, Level::II);
    all_report(&mut world, OrderAct::Decline);
    world.check();
    let mut said = 0;
    // Every five minutes somebody is asked again, and says no.
    for _ in 0..12 * 49 {
        let events = world.pass(Span::minutes(5));
        let sent = issued(&events)
            .iter()
            .any(|order| order.incident == incident);
        said += awaited(&events);
        let seen = &world.view.incident(incident).unwrap().conduct;
        assert!(!(sent && seen.close_awaited.is_some()), "somebody is out");
        world.check();
        all_report(&mut world, OrderAct::Decline);
    }
    assert_eq!(said, 2, "once a day");
}

/// Callers alone, and be it with the words of a catastrophe, do not fill the tables for ever: what no person has taken up
/// lapses. It is entered that nobody was named for what is left (X5), and what was owed upward and never came (H6).
#[test]
fn a_flood_of_grave_words_does_not_fill_the_tables_for_ever() {
    let mut world = World::new();
    let town = world.town();
    let mut grave = Vec::new();
    for at in 0..250_i32 {
        let point = Point {
            lat_e7: town.lat_e7 + (at % 16) * 60_000,
            lon_e7: town.lon_e7 + (at / 16) * 60_000,
        };
        let mut report = world.report(Kind::CrashInjury, Some(point));
        report.injured = 50;
        if let Some(incident) = world.take(report).incident {
            grave.push(incident);
        }
    }
    grave.dedup();
    assert!(grave.len() > 200, "{}", grave.len());
    assert_eq!(world.state_of(grave[0]).level(), Some(Level::II));
    // A person looks at one of them. Whoever was sent finds nothing.
    world.say(Command::ReportSituation(grave[0]));
    let refused = world.report(Kind::CardiacArrest, Some(town));
    while world.centre.conservation().incidents_open < 256 {
        let far = Point {
            lat_e7: town.lat_e7 - 60_000 * (world.keys as i32),
            ..town
        };
        world.call(Kind::CardiacArrest, far);
    }
    let events = world.say(Command::TakeCall(refused));
    assert!(
        matches!(events[..], [Event::Refused(Refusal::IncidentsFull)]),
        "{events:?}"
    );
    all_report(&mut world, OrderAct::Finish);
    let events = world.pass(Span::hours(50));
    all_report(&mut world, OrderAct::Finish);
    world.centre.state.ensure_sound().unwrap();
    let count = |wanted| {
        entered(&events)
            .iter()
            .filter(|(matter, _)| *matter == wanted)
            .count()
    };
    assert!(count(LedgerMatter::MissingFollowUp) > 100);
    assert!(count(LedgerMatter::MissingFirstWord) >= count(LedgerMatter::MissingFollowUp));
    let open: Vec<_> = world
        .view
        .open_incidents_after(None)
        .map(|(id, _)| id)
        .collect();
    assert_eq!(
        open,
        [grave[0]],
        "what a person has taken up waits for a person"
    );
    let told = world.call(Kind::CardiacArrest, town);
    assert!(told.incident.is_some());
    world.centre.state.ensure_sound().unwrap();
}

/// What a person finds to be nothing owes nothing: it is closed without a follow-up, and nothing was missed upward.
#[test]
fn what_a_person_finds_to_be_nothing_owes_nothing() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::CrashInjury, Some(town));
    report.injured = 120;
    let decision = world.take(report);
    let incident = decision.incident.unwrap();
    assert_eq!(world.state_of(incident).level(), Some(Level::I));
    let nothing = Assessment {
        nature: Nature::Invalid,
        ..Assessment::stated(Kind::Nuisance)
    };
    world.say(Command::JudgeCall(CallVerdict {
        call: decision.call,
        assessment: Some(nothing),
        place: None,
    }));
    world.check();
    let events = world.say(Command::CloseIncident(incident));
    assert!(entered(&events).is_empty(), "{events:?}");
    assert_eq!(world.state_of(incident).state, IncidentState::Closed);
    world.check();
}

/// D1: a drill is entered and shown, and is nobody's breach.
#[test]
fn a_drill_is_nobodys_breach() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::Earthquake, Some(town));
    report.marks = Marks::default().with(crate::call::Mark::Drill);
    let incident = world.take(report).incident.unwrap();
    raise(&mut world, incident, Level::II);
    world.pass(Span::hours(5));
    tell(&mut world, incident, UpwardStage::First, &[]);
    let events = close(&mut world, incident);
    assert!(!entered(&events).is_empty());
    let counters = world.view.counters();
    assert!(counters.levels.is_empty() && counters.upward.is_empty());
    assert!(counters.ledger.is_empty() && counters.incident_clocks_missed.is_empty());
    let entries = entries_of(&world, incident, LedgerMatter::LateFirstWord);
    assert!(entries[0].drill && entries[0].rung.is_none());
    world.check();
}

/// N1: with as many needs as there can be, whoever is at the scene serves on: nobody is called away from a third incident for
/// what they see to.
#[test]
fn a_merge_calls_nobody_away_for_what_is_seen_to() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 2);
    let point = world.north(1_000);
    let urgent = world.call(Kind::ChestPain, point);
    let order = urgent.orders.iter().next().unwrap().order;
    world.act(order, OrderAct::Arrive);
    let point = world.north(4_000);
    let third = world.call(Kind::MinorTrauma, point);
    let away = third.orders.iter().next().unwrap().order;
    let point = world.north(8_000);
    let kept = world.call(Kind::MinorTrauma, point).incident.unwrap();
    let waits = world.state_of(kept);
    let need = waits.needs.get(0).unwrap();
    assert_eq!((need.state, waits.needs.len()), (NeedState::Waiting, 1));
    for unit in (1..=world.city.units.len() as u64).map(|at| UnitId::new(CentreId(1), at).unwrap())
    {
        let definition = world.centre.state.unit(unit).unwrap().definition;
        if world.state_of(kept).needs.len() < NEEDS_PER_INCIDENT_MAX
            && !definition.capabilities.contains(Capability::Ambulance)
        {
            world.say(Command::AssignUnit(Assignment {
                incident: kept,
                unit,
                capability: None,
            }));
        }
    }
    assert_eq!(world.state_of(kept).needs.len(), NEEDS_PER_INCIDENT_MAX);
    let events = merge(&mut world, urgent.incident.unwrap(), kept);
    assert_eq!(world.state_of(kept).priority(), Priority::P1);
    let order_of = |id| {
        *world
            .centre
            .state
            .order(world.centre.state.order_slot(id).unwrap())
    };
    assert_eq!(order_of(order).state, OrderState::Arrived, "{events:?}");
    assert_eq!(order_of(order).incident, kept);
    assert!(order_of(away).state.is_open(), "{events:?}");
}

/// R2: what a need that lost its unit owes goes over with it, and how often the incident has lost one.
#[test]
fn a_merge_keeps_what_a_need_that_lost_its_unit_owes() {
    let mut world = World::new();
    world.keep_only(Capability::Ambulance, 1);
    let point = world.north(4_000);
    let ankle = world.call(Kind::MinorTrauma, point).incident.unwrap();
    let owed = issued(&world.events)[0].deadlines.arrive;
    assert!(owed.is_some());
    world.pass(Span::seconds(20));
    let point = world.north(1_000);
    let urgent = world.call(Kind::ChestPain, point);
    let order = urgent.orders.iter().next().unwrap().order;
    world.act(order, OrderAct::Finish);
    assert_eq!(world.state_of(ankle).bumps, 1);
    let point = world.north(9_000);
    let other = world.call(Kind::MinorTrauma, point).incident.unwrap();
    let back = world.state_of(ankle).needs.get(0).unwrap().order.unwrap();
    merge(&mut world, ankle, other);
    let known = world.state_of(other);
    assert_eq!((known.bumps, known.needs.get(0).unwrap().owed), (1, owed));
    world.act(back, OrderAct::Decline);
    let again = issued(&world.pass(Span::minutes(6)));
    assert_eq!(again[0].incident, other);
    assert_eq!(again[0].deadlines.arrive, owed);
    world.check();
    let closed = world.say(Command::CloseIncident(other));
    let reason = CloseReason::Person;
    assert!(closed.contains(&Event::IncidentClosed {
        incident: other,
        reason
    }));
}

/// A saved state in which a need owes what is no time, or a clock runs for a report that is not owed, is refused.
#[test]
fn duties_that_cannot_be_are_refused() {
    let mut world = World::new();
    let [incident, _] = two(&mut world);
    raise(&mut world, incident, Level::II);
    let slot = world.centre.state.incident_slot(incident).unwrap();
    let sound = *world.centre.state.incident(slot);
    world.centre.state.ensure_sound().unwrap();
    let changes: [fn(&mut Incident); 4] = [
        |known| known.needs.get_mut(0).unwrap().owed = Some(Moment(i64::MAX)),
        |known| known.upward[0].owed = None,
        |known| known.upward[1].told = Some(UpwardFields::default()),
        |known| known.close_said_at = Some(Moment(i64::MAX)),
    ];
    for change in changes {
        change(world.centre.state.incident_mut(slot));
        assert!(world.centre.state.ensure_sound().is_err());
        *world.centre.state.incident_mut(slot) = sound;
    }
}
