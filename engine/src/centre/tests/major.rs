//! Major incidents as stories: levels, commanders, reports from the scene and upward, closes that name a follow-up.

use super::*;
use crate::command::{CallVerdict, Escalation, FollowUp, IncidentMerge, LevelRaise, UpwardReport};
use crate::event::{LedgerMatter, Refusal};
use crate::incident::{CloseReason, IncidentState};
use crate::kind::Priority;
use crate::major::{IncidentClock, Level, LevelCause, UpwardField, UpwardFields, UpwardStage};
use crate::name::Name;
use crate::view::LedgerSubject;

fn raise(incident: IncidentId, level: Level) -> Command {
    Command::RaiseLevel(LevelRaise { incident, level })
}

fn raised_to(events: &[Event]) -> Vec<(Level, LevelCause)> {
    let raised = events.iter().filter_map(|event| match event {
        Event::LevelRaised { level, cause, .. } => Some((*level, *cause)),
        _ => None,
    });
    raised.collect()
}

fn commander(events: &[Event]) -> Option<String> {
    let named = events.iter().rev().find_map(|event| match event {
        Event::CommanderNamed { en, .. } => Some(en),
        _ => None,
    });
    named.map(Name::to_string)
}

fn entered(events: &[Event]) -> Vec<LedgerMatter> {
    let entered = events.iter().filter_map(|event| match event {
        Event::IncidentEntered { matter, .. } => Some(*matter),
        _ => None,
    });
    entered.collect()
}

fn missed(events: &[Event]) -> Vec<(IncidentClock, Moment)> {
    let missed = events.iter().filter_map(|event| match event {
        Event::IncidentClockMissed { clock, due, .. } => Some((*clock, *due)),
        _ => None,
    });
    missed.collect()
}

fn upward(incident: IncidentId, stage: UpwardStage, fields: UpwardFields) -> Command {
    Command::ReportUpward(UpwardReport {
        incident,
        stage,
        fields,
    })
}

fn every_field() -> UpwardFields {
    UpwardField::ALL.iter().copied().collect()
}

fn refusal(events: &[Event]) -> Option<Refusal> {
    events.iter().find_map(|event| match event {
        Event::Refused(refusal) => Some(*refusal),
        _ => None,
    })
}

fn follow_up(incident: IncidentId, unit: UnitId) -> Command {
    Command::CloseWithFollowUp(FollowUp {
        incident,
        unit,
        owner: Name::new("王芳").unwrap(),
    })
}

/// Finishes every order that is out for an incident, and for what that opens.
fn finish_all(world: &mut World, incident: IncidentId) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let orders = world.centre.state.orders.iter();
        let open = orders
            .filter(|(_, _, order)| order.incident == incident && order.state.is_open())
            .map(|(_, number, _)| OrderId::new(CentreId(1), number).unwrap());
        let Some(order) = { open }.next() else {
            return events;
        };
        events.extend(world.act(order, OrderAct::Finish));
    }
}

/// L1: the words of callers raise an incident as the plan says: by what it is, by the injured, by how many call. It
/// never falls, whatever is said later.
#[test]
fn an_incident_rises_by_kind_injured_and_calls_and_never_falls() {
    let mut world = World::new();
    let town = world.town();
    let first = world.call(Kind::CrashInjury, town);
    let incident = first.incident.unwrap();
    assert_eq!(world.state_of(incident).level(), None);
    let events = world.say(facts(first.call, None, Some(3)));
    assert_eq!(raised_to(&events), [(Level::IV, LevelCause::Injured)]);
    let events = world.say(facts(first.call, None, Some(60)));
    assert_eq!(raised_to(&events), [(Level::II, LevelCause::Injured)]);
    world.check();
    assert!(raised_to(&world.say(facts(first.call, None, Some(1)))).is_empty());
    let verdict = Command::JudgeCall(CallVerdict {
        call: first.call,
        assessment: Some(Assessment::stated(Kind::CrashDamage)),
        place: None,
    });
    world.say(verdict);
    assert_eq!(world.state_of(incident).level(), Some(Level::II));
    world.check();

    // What is grave by itself is so at once, and many callers make it so.
    let quake = world.north(9_000);
    let grave = world.call(Kind::Earthquake, quake).incident.unwrap();
    assert_eq!(world.state_of(grave).level(), Some(Level::III));
    let fire = world.north(6_000);
    let burning = world.call(Kind::StructureFire, fire).incident.unwrap();
    for _ in 0..28 {
        world.call(Kind::StructureFire, fire);
    }
    assert_eq!(world.state_of(burning).level(), None);
    world.call(Kind::StructureFire, fire);
    assert_eq!(world.state_of(burning).level(), Some(Level::IV));
    world.check();
}

/// L1: a person raises a level, upward only; and another urgency is another matter.
#[test]
fn a_person_raises_a_level_and_never_lowers_it() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    let events = world.say(raise(incident, Level::III));
    assert_eq!(raised_to(&events), [(Level::III, LevelCause::Person)]);
    for lower in [Level::III, Level::IV] {
        let told = refusal(&world.say(raise(incident, lower)));
        assert_eq!(told, Some(Refusal::NotAllowedNow));
    }
    world.say(Command::EscalateIncident(Escalation {
        incident,
        priority: Priority::P1,
    }));
    assert_eq!(world.state_of(incident).level(), Some(Level::III));
    let unknown = IncidentId::new(CentreId(1), 99).unwrap();
    let told = refusal(&world.say(raise(unknown, Level::I)));
    assert_eq!(told, Some(Refusal::UnknownIncident));
    world.check();
}

/// R1: each level that is reached asks for more, on top of what the kind needs and of the levels below.
#[test]
fn levels_add_needs_on_top() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::StructureFire, town).incident.unwrap();
    let engines = |world: &World| {
        let known = world.state_of(incident);
        let needs = known.needs.iter();
        needs
            .filter(|(_, need)| need.capability == Capability::FireEngine)
            .count()
    };
    assert_eq!(engines(&world), 2);
    let events = world.say(raise(incident, Level::III));
    assert_eq!(engines(&world), 3);
    let is_order = |event: &Event| matches!(event, Event::OrderIssued(_));
    assert!(events.iter().any(is_order), "{events:?}");
    world.say(raise(incident, Level::II));
    assert_eq!(engines(&world), 5);
    world.check();
}

/// X9: the class decides who commands at the scene, from the level that the plan names; another class, another commander.
#[test]
fn the_commander_at_the_scene_goes_by_class_and_level() {
    let mut world = World::new();
    let town = world.town();
    let robbery = world.call(Kind::Robbery, town).incident.unwrap();
    let events = world.say(raise(robbery, Level::IV));
    assert_eq!(commander(&events).unwrap(), "head of public security");
    let there = world.north(5_000);
    let fire = world.call(Kind::StructureFire, there);
    let incident = fire.incident.unwrap();
    let events = world.say(raise(incident, Level::IV));
    assert_eq!(commander(&events).unwrap(), "leader of the team");
    let events = world.say(raise(incident, Level::III));
    assert_eq!(commander(&events).unwrap(), "vice-head in charge");
    let verdict = Command::JudgeCall(CallVerdict {
        call: fire.call,
        assessment: Some(Assessment::stated(Kind::TerrorExplosive)),
        place: None,
    });
    let events = world.say(verdict);
    assert_eq!(commander(&events).unwrap(), "head of public security");
    let seen = world
        .view
        .incident(incident)
        .unwrap()
        .conduct
        .major
        .unwrap();
    assert_eq!(seen.commander.unwrap().0.as_str(), "县公安局局长");
    world.check();
}

/// X4: reports from the scene are owed at a pace until the close. A report starts the pace anew, one that never comes is
/// entered once at its time, and the next is owed all the same.
#[test]
fn situation_reports_are_owed_at_their_pace_until_the_close() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    let begun = world.now;
    world.say(raise(incident, Level::II));
    world.pass(Span::minutes(29));
    let events = world.say(Command::ReportSituation(incident));
    let (met, next) = (begun + Span::minutes(30), world.now + Span::minutes(30));
    assert_eq!(
        events,
        [Event::SituationReported {
            incident,
            due: Some(met),
            next_due: Some(next),
        }]
    );
    let events = world.pass(Span::minutes(30));
    assert!(
        missed(&events).is_empty(),
        "at the deadline itself is in time"
    );
    let events = world.pass(Span::minutes(91));
    let late: Vec<_> = missed(&events)
        .into_iter()
        .filter(|(clock, _)| *clock == IncidentClock::SituationReport)
        .collect();
    let due = |times: i64| next + Span::minutes(30 * times);
    let expected = [0, 1, 2, 3].map(|times| (IncidentClock::SituationReport, due(times)));
    assert_eq!(late, expected);
    let missing = |events: &[Event]| {
        let matters = entered(events);
        let missing = LedgerMatter::MissingSituationReport;
        matters
            .into_iter()
            .filter(|&matter| matter == missing)
            .count()
    };
    assert_eq!(missing(&events), 4);
    world.check();
    let unit = UnitId::new(CentreId(1), 1).unwrap();
    world.say(follow_up(incident, unit));
    assert_eq!(missing(&world.pass(Span::hours(5))), 0);
    // What the supervisors read: entries that stand, about the incident.
    let ledger = world.view.ledger_after(None);
    let about = ledger.filter(|(_, entry)| {
        entry.about == LedgerSubject::Incident(incident)
            && entry.matter == LedgerMatter::MissingSituationReport
    });
    assert_eq!(about.count(), 4);
    world.check();
}

/// X4: a pace that a graver level asks for holds at once; a deadline is only ever drawn nearer.
#[test]
fn a_graver_level_draws_the_next_report_nearer() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    let begun = world.now;
    world.say(raise(incident, Level::IV));
    let report_due = |world: &World| {
        let major = world.state_of(incident).major.unwrap();
        major.deadlines.situation_report.unwrap()
    };
    assert_eq!(report_due(&world), begun + Span::hours(2));
    world.pass(Span::minutes(10));
    world.say(raise(incident, Level::I));
    assert_eq!(report_due(&world), begun + Span::minutes(25));
    let other = world.north(5_000);
    let calm = world.call(Kind::Robbery, other).incident.unwrap();
    let events = world.say(Command::ReportSituation(calm));
    assert_eq!(
        events,
        [Event::SituationReported {
            incident: calm,
            due: None,
            next_due: None,
        }],
        "whoever reports on what is not major is heard, and owes no more"
    );
    world.check();
}

/// H6: the first word upward within the hour, the written report within four; each is late once, counted, and still
/// owed until it comes. C9: how long it was owed and what it leaves out is measured.
#[test]
fn reports_upward_are_timed_and_held_against_what_makes_them_complete() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    let begun = world.now;
    world.say(raise(incident, Level::II));
    world.pass(Span::minutes(20));
    let some: UpwardFields = [UpwardField::Time, UpwardField::Place, UpwardField::Event]
        .into_iter()
        .collect();
    let events = world.say(upward(incident, UpwardStage::First, some));
    let missing: UpwardFields = [UpwardField::Casualties, UpwardField::Reporter]
        .into_iter()
        .collect();
    assert_eq!(
        events[0],
        Event::ReportedUpward {
            incident,
            stage: UpwardStage::First,
            due: Some(begun + Span::hours(1)),
            delay_ms: Some(20 * 60_000),
            missing,
        }
    );
    assert_eq!(entered(&events), [LedgerMatter::IncompleteFirstWord]);
    // What comes again completes it; the defect stands and is not counted twice.
    let events = world.say(upward(incident, UpwardStage::First, every_field()));
    assert!(entered(&events).is_empty());
    let events = world.pass(Span::hours(4));
    let written = (IncidentClock::WrittenReport, begun + Span::hours(4));
    assert!(missed(&events).contains(&written));
    assert!(entered(&events).contains(&LedgerMatter::LateWrittenReport));
    assert!(
        !missed(&events)
            .iter()
            .any(|(clock, _)| *clock == IncidentClock::FirstWord)
    );
    world.check();
    let owed = |world: &World| {
        let ledger = world.view.ledger_after(None);
        ledger
            .filter(|(_, entry)| entry.settled_at.is_none())
            .count()
    };
    let before = owed(&world);
    let events = world.say(upward(incident, UpwardStage::Written, every_field()));
    let late = Event::ReportedUpward {
        incident,
        stage: UpwardStage::Written,
        due: None,
        delay_ms: Some(260 * 60_000),
        missing: UpwardFields::default(),
    };
    assert_eq!(events, [late]);
    assert_eq!(owed(&world), before - 1, "what has come is owed no more");
    let figures = world.view.counters().upward[&UpwardStage::Written];
    assert_eq!((figures.given, figures.late, figures.incomplete), (1, 1, 0));
    let figures = world.view.counters().upward[&UpwardStage::First];
    assert_eq!((figures.given, figures.late, figures.incomplete), (1, 0, 1));
    assert_eq!(
        (figures.fields_missing, figures.delay_ms_max),
        (2, 1_200_000)
    );
    world.check();
}

/// H6: a close does not wipe out what was owed upward: it is entered as missing, never silent.
#[test]
fn a_close_without_the_reports_upward_is_entered() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    world.say(raise(incident, Level::I));
    world.say(upward(incident, UpwardStage::First, every_field()));
    let unit = UnitId::new(CentreId(1), 1).unwrap();
    let events = world.say(follow_up(incident, unit));
    assert_eq!(entered(&events), [LedgerMatter::MissingWrittenReport]);
    assert_eq!(world.view.counters().upward[&UpwardStage::Written].never, 1);
    let told = refusal(&world.say(upward(incident, UpwardStage::Written, every_field())));
    assert_eq!(told, Some(Refusal::NotAllowedNow));
    let told = refusal(&world.say(Command::ReportSituation(incident)));
    assert_eq!(told, Some(Refusal::NotAllowedNow));
    world.check();
}

/// X5: what needs a follow-up is closed by a person who names who sees to it, or not at all.
#[test]
fn a_close_that_needs_a_follow_up_names_owner_and_unit_or_is_refused() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    world.say(raise(incident, Level::II));
    let told = refusal(&world.say(Command::CloseIncident(incident)));
    assert_eq!(told, Some(Refusal::FollowUpNeeded));
    let nobody = UnitId::new(CentreId(1), 9_999).unwrap();
    let told = refusal(&world.say(follow_up(incident, nobody)));
    assert_eq!(told, Some(Refusal::UnknownUnit));
    assert_eq!(world.state_of(incident).state, IncidentState::Open);
    let unit = UnitId::new(CentreId(1), 3).unwrap();
    let events = world.say(follow_up(incident, unit));
    let named = events.iter().any(|event| {
        matches!(event, Event::FollowUpNamed { unit: named, owner, .. } if *named == unit && owner.as_str() == "王芳")
    });
    assert!(named, "{events:?}");
    assert_eq!(world.state_of(incident).state, IncidentState::Closed);
    let seen = world.view.incident(incident).unwrap();
    assert_eq!(seen.conduct.follow_up.unwrap().unit, unit);
    // Whoever names one where none is needed is not sent away.
    let there = world.north(5_000);
    let calm = world.call(Kind::Robbery, there).incident.unwrap();
    assert_eq!(refusal(&world.say(follow_up(calm, unit))), None);
    world.check();
}

/// X5: it is never closed by itself either: served or silent for a day, it says so and waits for a person.
#[test]
fn what_needs_a_follow_up_neither_closes_nor_lapses_by_itself() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    world.say(raise(incident, Level::II));
    let events = finish_all(&mut world, incident);
    let awaited = |reason| Event::CloseAwaited { incident, reason };
    let says = |events: &[Event], reason| {
        let told = events.iter().filter(|&event| *event == awaited(reason));
        told.count()
    };
    assert_eq!(says(&events, CloseReason::Served), 1, "{events:?}");
    let seen = &world.view.incident(incident).unwrap().conduct;
    assert_eq!(seen.close_awaited, Some((world.now, CloseReason::Served)));
    world.check();
    let events = world.pass(Span::hours(73));
    assert_eq!(says(&events, CloseReason::Lapsed), 3, "a reminder a day");
    assert_eq!(world.state_of(incident).state, IncidentState::Open);
    // More is needed after all, and then nothing again.
    let unit = *world.keep_only(Capability::Detective, 1).first().unwrap();
    world.say(Command::AssignUnit(crate::command::Assignment {
        incident,
        unit,
        capability: None,
    }));
    assert_eq!(
        world.view.incident(incident).unwrap().conduct.close_awaited,
        None
    );
    let events = finish_all(&mut world, incident);
    assert_eq!(says(&events, CloseReason::Served), 1, "{events:?}");
    world.check();
}

/// N1: a merge takes the graver level over with its clocks as they run; the other owes nothing any more.
#[test]
fn a_merge_takes_the_graver_level_over_with_its_clocks() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(3_000));
    let grave = world.call(Kind::Robbery, here).incident.unwrap();
    let plain = world.call(Kind::Robbery, there).incident.unwrap();
    world.say(raise(grave, Level::II));
    let before = world.state_of(grave).major.unwrap();
    world.pass(Span::minutes(7));
    let events = world.say(Command::MergeIncidents(IncidentMerge {
        from: grave,
        into: plain,
    }));
    assert_eq!(raised_to(&events), [(Level::II, LevelCause::Merged)]);
    assert!(
        entered(&events).is_empty(),
        "it is owed on there: {events:?}"
    );
    assert_eq!(world.state_of(plain).major.unwrap(), before);
    world.check();
    let events = world.pass(Span::minutes(24));
    assert_eq!(missed(&events).len(), 1, "once, for the one that is left");
    world.check();
}

/// What waits for nothing but a report is among the first that a duty officer sees, by its own clock.
#[test]
fn lists_by_clock_know_the_clocks_of_incidents() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(3_000));
    let calm = world.call(Kind::Robbery, here).incident.unwrap();
    let grave = world.call(Kind::Robbery, there).incident.unwrap();
    world.say(raise(grave, Level::I));
    for incident in [calm, grave] {
        let orders = world.centre.state.orders.iter();
        let orders = orders.filter(|(_, _, order)| order.incident == incident);
        let orders: Vec<_> = orders.map(|(_, number, _)| number).collect();
        for number in orders {
            let order = OrderId::new(CentreId(1), number).unwrap();
            world.act(order, OrderAct::Arrive);
        }
    }
    let first = |world: &World| world.view.incidents_by_clock(1)[0].0;
    assert_eq!(first(&world), grave);
    let mut bytes = Vec::new();
    world.view.save(&mut bytes);
    assert_eq!(View::load(&bytes).unwrap(), world.view);
    world.say(follow_up(grave, UnitId::new(CentreId(1), 1).unwrap()));
    assert_eq!(first(&world), calm);
    world.check();
}

/// X5: nothing was needed and the caller is done: it is the same for what wants a follow-up.
#[test]
fn what_nothing_was_needed_for_waits_for_its_follow_up_too() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::Unknown, Some(town));
    report.line = Line(12_345);
    let decision = world.take(report);
    let incident = decision.incident.unwrap();
    world.say(raise(incident, Level::II));
    let events = world.say(Command::EndCall(decision.call));
    let reason = CloseReason::NothingNeeded;
    assert!(
        events.contains(&Event::CloseAwaited { incident, reason }),
        "{events:?}"
    );
    assert_eq!(world.state_of(incident).state, IncidentState::Open);
    world.check();
}

/// H6: of two that are one, what was told upward of either was told of both; nothing is owed or missed for it.
#[test]
fn what_was_told_upward_of_one_was_told_of_both() {
    for graver in [Level::II, Level::I] {
        let mut world = World::new();
        let (here, there) = (world.town(), world.north(3_000));
        let one = world.call(Kind::Robbery, here).incident.unwrap();
        let other = world.call(Kind::Robbery, there).incident.unwrap();
        world.say(raise(one, Level::II));
        world.say(raise(other, graver));
        world.pass(Span::minutes(5));
        world.say(upward(one, UpwardStage::First, every_field()));
        let (from, into) = match graver {
            Level::I => (other, one),
            _ => (one, other),
        };
        world.say(Command::MergeIncidents(IncidentMerge { from, into }));
        world.check();
        let major = world.state_of(into).major.unwrap();
        assert_eq!(major.level, graver);
        assert_eq!(major.deadlines.first_word, None);
        assert!(major.deadlines.written_report.is_some());
        let events = world.pass(Span::minutes(70));
        assert!(!entered(&events).contains(&LedgerMatter::LateFirstWord));
        let unit = UnitId::new(CentreId(1), 1).unwrap();
        let events = world.say(follow_up(into, unit));
        assert_eq!(entered(&events), [LedgerMatter::MissingWrittenReport]);
        let seen = world.view.incident(into).unwrap();
        assert!(seen.conduct.upward[0].is_some());
        world.check();
    }
}

/// A drill is conducted like the real thing: it is raised, owes its reports, and names its follow-up (D1).
#[test]
fn a_drill_is_conducted_to_its_end() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::Earthquake, Some(town));
    report.marks = Marks::default().with(crate::call::Mark::Drill);
    let decision = world.take(report);
    let incident = decision.incident.unwrap();
    assert!(decision.orders.is_empty());
    assert_eq!(world.state_of(incident).level(), Some(Level::III));
    world.say(raise(incident, Level::II));
    let events = world.pass(Span::minutes(61));
    assert!(entered(&events).contains(&LedgerMatter::LateFirstWord));
    let told = refusal(&world.say(Command::CloseIncident(incident)));
    assert_eq!(told, Some(Refusal::FollowUpNeeded));
    world.check();
}

/// What a major incident owes is in what is saved: a loaded centre misses the same clocks at the same times.
#[test]
fn a_loaded_centre_owes_the_same() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Robbery, town).incident.unwrap();
    world.say(raise(incident, Level::I));
    world.pass(Span::minutes(5));
    let mut bytes = Vec::new();
    world.centre.save(&mut bytes);
    let mut twin = Centre::load(&bytes, world.prepared()).unwrap();
    assert_eq!(twin.next_due(), world.centre.next_due());
    let until = world.now + Span::hours(5);
    let mut events = Vec::new();
    while let Some(due) = twin.next_due().filter(|&due| due <= until) {
        let tick = Envelope {
            actor: Actor::System,
            command: Command::Tick,
        };
        twin.apply(due, &tick, &mut events);
    }
    let heard = world.pass(Span::hours(5));
    assert_eq!(missed(&events), missed(&heard));
    assert!(missed(&heard).len() > 20);
    assert_eq!(twin.inspect(), world.centre.inspect());
}
