//! What was closed too early, and what was held to be one with another, as stories (N1).

use super::*;
use crate::command::{CallSplit, FollowUp, IncidentMerge, LevelRaise, UpwardReport};
use crate::event::{LedgerMatter, Refusal};
use crate::incident::{CloseReason, IncidentState, NeedState};
use crate::major::{Level, LevelCause, UpwardFields};
use crate::name::Name;

fn merge(world: &mut World, from: IncidentId, into: IncidentId) {
    world.say(Command::MergeIncidents(IncidentMerge { from, into }));
    world.check();
}

fn ordered_for(events: &[Event], incident: IncidentId) -> Vec<(Capability, UnitId)> {
    let issued = events.iter().filter_map(|event| match event {
        Event::OrderIssued(issued) if issued.incident == incident => {
            Some((issued.capability, issued.unit))
        }
        _ => None,
    });
    issued.collect()
}

/// N1: a fire that was out flares up. The plan is asked anew and somebody sent at once; calls join it again.
#[test]
fn an_incident_that_was_closed_is_handled_again() {
    let mut world = World::new();
    let town = world.town();
    let fire = world.call(Kind::VehicleFire, town);
    let incident = fire.incident.unwrap();
    world.say(Command::CloseIncident(incident));
    world.pass(Span::minutes(40));
    let events = world.say(Command::ReopenIncident(incident));
    world.check();
    assert!(
        matches!(events[0], Event::IncidentReopened { incident: of, from: None, calls: 1, .. } if of == incident),
        "{events:?}"
    );
    let asked: Vec<Capability> = fire.orders.iter().map(|line| line.capability).collect();
    let sent: Vec<Capability> = ordered_for(&events, incident)
        .into_iter()
        .map(|(capability, _)| capability)
        .collect();
    assert_eq!((sent.is_empty(), &sent), (false, &asked));
    let known = world.state_of(incident);
    assert_eq!((known.state, known.attended), (IncidentState::Open, true));
    assert_eq!(known.needs.len(), asked.len());
    let again = world.call(Kind::VehicleFire, town);
    assert_eq!((again.incident, again.merged), (Some(incident), true));
    // It is closed as any other is, and leaves hot state when its own day is over.
    world.say(Command::CloseIncident(incident));
    world.check();
    world.pass(Span::hours(23));
    assert!(world.centre.state.incident_slot(incident).is_some());
}

/// S3: whoever finished before it was closed may be sent again, and the first order keeps its own times.
#[test]
fn a_unit_that_finished_gets_a_new_order() {
    let mut world = World::new();
    let town = world.town();
    let police = world.keep_only(Capability::Patrol, 1)[0];
    let theft = world.call(Kind::Theft, town);
    let (incident, first) = (
        theft.incident.unwrap(),
        *theft.orders.iter().next().unwrap(),
    );
    assert_eq!(first.unit, police);
    world.act(first.order, OrderAct::Arrive);
    world.act(first.order, OrderAct::Finish);
    assert_eq!(world.state_of(incident).state, IncidentState::Closed);
    let events = world.say(Command::ReopenIncident(incident));
    world.check();
    assert_eq!(
        ordered_for(&events, incident),
        [(Capability::Patrol, police)]
    );
    let slot = world.centre.state.order_slot(first.order).unwrap();
    assert!(!world.centre.state.order(slot).state.is_open());
}

/// N1: what was held to be one parts. Each has its own calls, the units stay where they serve, and who parts is asked for anew.
#[test]
fn what_was_merged_by_mistake_parts() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let stays = world.call(Kind::CrashDamage, here);
    let parts = world.call(Kind::CrashInjury, there);
    let (into, from) = (stays.incident.unwrap(), parts.incident.unwrap());
    merge(&mut world, from, into);
    world.say(facts(parts.call, None, Some(2)));
    let out = world.state_of(into).orders_open;
    let events = world.say(Command::UnmergeIncident(from));
    world.check();
    assert!(
        matches!(events[0], Event::IncidentReopened { incident, from: Some(of), calls: 1, .. } if incident == from && of == into),
        "{events:?}"
    );
    let (left, gone) = (world.state_of(into), world.state_of(from));
    assert_eq!((left.calls, gone.calls), (1, 1));
    assert_eq!((left.orders_open, gone.merged_into), (out, None));
    let sent = ordered_for(&events, from);
    assert!(
        sent.iter()
            .any(|(capability, _)| *capability == Capability::Ambulance),
        "{events:?}"
    );
    // What the caller said while it was thought one is theirs again, and they end with their own.
    let seen = world.view.incident(from).unwrap();
    assert_eq!(seen.reports.len(), 2);
    let seen = world.view.incident(into).unwrap();
    assert!(seen.reports.iter().all(|report| report.call == stays.call));
    world.say(Command::EndCall(parts.call));
    let (left, gone) = (world.state_of(into), world.state_of(from));
    assert_eq!((left.calls_open, gone.calls_open), (1, 0));
}

/// N1: a chain is loosened at any of its links, and every incident counts its own calls.
#[test]
fn a_chain_of_merges_is_loosened_in_the_middle() {
    let mut world = World::new();
    let calls = world.calls_apart(3, Kind::CrashDamage);
    let ids: Vec<_> = calls.iter().map(|call| call.incident.unwrap()).collect();
    merge(&mut world, ids[0], ids[1]);
    merge(&mut world, ids[1], ids[2]);
    world.say(Command::EndCall(calls[0].call));
    world.say(Command::UnmergeIncident(ids[1]));
    world.check();
    let counted = |world: &World| {
        ids.iter()
            .map(|&id| world.state_of(id))
            .map(|known| (known.calls, known.calls_open))
            .collect::<Vec<_>>()
    };
    assert_eq!(counted(&world), [(1, 0), (2, 1), (1, 1)]);
    // The first still belongs to the second.
    world.say(facts(calls[0].call, Some(Kind::CrashInjury), None));
    world.check();
    assert_eq!(
        world.state_of(ids[1]).assessment.kind,
        Kind::CrashInjury,
        "facts find it"
    );
    world.say(Command::UnmergeIncident(ids[0]));
    world.check();
    assert_eq!(counted(&world), [(1, 0), (1, 1), (1, 1)]);
}

/// N1: a call that was split off goes with nobody who parts later.
#[test]
fn a_call_that_was_split_off_stays_where_it_is() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let kept = world.call(Kind::CrashDamage, here);
    let gone = world.call(Kind::CrashDamage, there);
    let other = world.call(Kind::CrashDamage, there);
    let (into, from) = (kept.incident.unwrap(), gone.incident.unwrap());
    assert_eq!(other.incident, Some(from));
    merge(&mut world, from, into);
    world.say(Command::SplitCall(CallSplit {
        call: other.call,
        assessment: Assessment::stated(Kind::Fight),
        injured: 0,
    }));
    world.check();
    world.say(Command::UnmergeIncident(from));
    world.check();
    assert_eq!(
        (world.state_of(into).calls, world.state_of(from).calls),
        (1, 1)
    );
}

/// H6, X4: what was owed upward and never told is owed anew; what was told was told. Situation reports are owed again.
#[test]
fn a_major_incident_owes_again() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::CrashInjury, town).incident.unwrap();
    world.say(Command::RaiseLevel(LevelRaise {
        incident,
        level: Level::II,
    }));
    let first = UpwardReport {
        incident,
        stage: UpwardStage::First,
        fields: UpwardFields::default(),
    };
    world.say(Command::ReportUpward(first));
    let unit = world.centre.state.unit_id(0);
    let events = world.say(Command::CloseWithFollowUp(FollowUp {
        incident,
        unit,
        owner: Name::new("王芳").unwrap(),
    }));
    assert!(events.iter().any(|event| matches!(
        event,
        Event::IncidentEntered {
            matter: LedgerMatter::MissingWrittenReport,
            ..
        }
    )));
    let events = world.say(Command::ReopenIncident(incident));
    world.check();
    let raised = events.iter().find_map(|event| match event {
        Event::LevelRaised {
            level,
            cause,
            deadlines,
            ..
        } => Some((*level, *cause, *deadlines)),
        _ => None,
    });
    let (level, cause, deadlines) = raised.unwrap();
    assert_eq!((level, cause), (Level::II, LevelCause::Reopened));
    assert_eq!(deadlines.first_word, None);
    let owed = world.centre.finder.as_ref().unwrap().plan.major.owed(level);
    assert_eq!(
        (deadlines.written_report, deadlines.situation_report),
        (
            owed.written_report.map(|span| world.now + span),
            owed.situation_report.map(|span| world.now + span)
        )
    );
    assert_eq!(
        world.view.incident(incident).unwrap().conduct.follow_up,
        None
    );
}

/// D1: a drill is handled again like the real thing, and nobody is sent.
#[test]
fn a_drill_that_is_reopened_sends_nobody() {
    let mut world = World::new();
    let town = world.town();
    let mut report = world.report(Kind::CrashInjury, Some(town));
    report.marks = Marks::default().with(crate::call::Mark::Drill);
    let incident = world.take(report).incident.unwrap();
    world.say(Command::CloseIncident(incident));
    let events = world.say(Command::ReopenIncident(incident));
    world.check();
    assert!(ordered_for(&events, incident).is_empty());
    let known = world.state_of(incident);
    assert!(known.drill && !known.needs.is_empty());
    assert!(
        known
            .needs
            .iter()
            .all(|(_, need)| need.state == NeedState::Waiting)
    );
}

#[test]
fn what_cannot_be_brought_back_is_refused_by_name() {
    let mut world = World::new();
    let (here, there) = (world.town(), world.north(2_000));
    let open = world.call(Kind::CrashDamage, here).incident.unwrap();
    let gone = world.call(Kind::CrashDamage, there).incident.unwrap();
    let unknown = IncidentId::new(CentreId(1), 99).unwrap();
    let refused = |world: &mut World, command| {
        let events = world.say(command);
        world.check();
        match events[..] {
            [Event::Refused(refusal)] => refusal,
            ref other => panic!("{other:?}"),
        }
    };
    for command in [
        Command::ReopenIncident(open),
        Command::UnmergeIncident(open),
    ] {
        assert_eq!(refused(&mut world, command), Refusal::NotAllowedNow);
    }
    for command in [
        Command::ReopenIncident(unknown),
        Command::UnmergeIncident(unknown),
    ] {
        assert_eq!(refused(&mut world, command), Refusal::UnknownIncident);
    }
    merge(&mut world, gone, open);
    let command = Command::ReopenIncident(gone);
    assert_eq!(refused(&mut world, command), Refusal::NotAllowedNow);
    world.say(Command::CloseIncident(open));
    let command = Command::UnmergeIncident(open);
    assert_eq!(refused(&mut world, command), Refusal::NotAllowedNow);
    // What it had been merged into may be closed; it parts all the same.
    let events = world.say(Command::UnmergeIncident(gone));
    world.check();
    assert!(matches!(events[0], Event::IncidentReopened { .. }));
    assert_eq!(world.state_of(open).calls, 1);
    // A day is a day, also where nothing came since that needed the room.
    world.say(Command::CloseIncident(gone));
    world.pass(Span::hours(25));
    assert!(world.centre.state.incident_slot(gone).is_some());
    let events = world.say(Command::ReopenIncident(gone));
    assert_eq!(events, [Event::Refused(Refusal::UnknownIncident)]);
}

/// A table that is full of what is open refuses what is not danger to life, as it would a new one.
#[test]
fn a_full_table_keeps_its_last_places_for_what_is_urgent() {
    let capacities = Capacities {
        units_max: 512,
        incidents_max: 16,
        orders_max: 512,
        calls_max: 64,
    };
    let mut world = World::with(capacities);
    let spread = |world: &World, step: usize| world.north(1_000 * step as i32);
    let place = spread(&world, 0);
    let minor = world.call(Kind::Theft, place);
    let (minor, priority) = (
        minor.incident.unwrap(),
        world.state_of(minor.incident.unwrap()).priority(),
    );
    assert!(priority > crate::kind::Priority::P1);
    world.say(Command::CloseIncident(minor));
    for step in 1..16 {
        let place = spread(&world, step);
        world.call(Kind::CardiacArrest, place);
    }
    let known = world.state_of(minor);
    assert_eq!(known.state, IncidentState::Closed);
    let events = world.say(Command::ReopenIncident(minor));
    assert_eq!(events, [Event::Refused(Refusal::IncidentsFull)]);
    world.check();
}

/// Whoever closes in error and reopens has lost nothing of what callers said.
#[test]
fn words_stay_with_what_is_reopened() {
    let mut world = World::new();
    let town = world.town();
    let call = world.call(Kind::Fight, town);
    let incident = call.incident.unwrap();
    world.say(Command::CloseIncident(incident));
    let closed = world.view.incident(incident).unwrap();
    assert_eq!(closed.closed.map(|(_, why)| why), Some(CloseReason::Person));
    world.say(Command::ReopenIncident(incident));
    let seen = world.view.incident(incident).unwrap();
    assert!(seen.is_open() && seen.reports.len() == 1);
    assert!(seen.orders.len() >= 2 && world.view.incidents_open() == 1);
    assert_eq!(world.view.counters().incidents_reopened, 1);
}

/// What lay between a call and its incident has left hot state in the very step that splits the call off: it is counted no longer all
/// the same.
#[test]
fn a_split_counts_down_though_the_way_there_is_gone() {
    let capacities = Capacities {
        units_max: 512,
        incidents_max: 8,
        orders_max: 512,
        calls_max: 64,
    };
    let mut world = World::with(capacities);
    let calls: Vec<_> = (0..8)
        .map(|step| {
            let place = world.north(1_500 * step);
            world.call(Kind::CardiacArrest, place)
        })
        .collect();
    let (from, into) = (calls[0].incident.unwrap(), calls[1].incident.unwrap());
    merge(&mut world, from, into);
    assert_eq!(world.state_of(into).calls, 2);
    world.say(Command::SplitCall(CallSplit {
        call: calls[0].call,
        assessment: Assessment::stated(Kind::CardiacArrest),
        injured: 0,
    }));
    assert!(world.centre.state.incident_slot(from).is_none());
    let left = world.state_of(into);
    assert_eq!((left.calls, left.calls_open), (1, 1));
}

/// C4: what is reopened does not stand before those that have waited since.
#[test]
fn what_is_reopened_ranks_by_the_time_it_was_reopened() {
    let mut world = World::new();
    let town = world.town();
    let incident = world.call(Kind::Theft, town).incident.unwrap();
    world.say(Command::CloseIncident(incident));
    world.pass(Span::hours(9));
    world.keep_only(Capability::Patrol, 0);
    world.say(Command::ReopenIncident(incident));
    let known = world.state_of(incident);
    assert!(known.opened_at < world.now);
    let (_, need) = known.needs.iter().next().unwrap();
    assert!(need.deadline > world.now, "{need:?}");
}

/// C3: nobody knows yet what it is. What its line orders then is ordered again.
#[test]
fn without_words_the_line_says_who_goes() {
    let mut world = World::new();
    let text = crate::plan::DEFAULT.replacen(
        "number = 119\nname = \"消防报警\"\nmode = \"merged\"",
        "number = 119\nname = \"消防报警\"\nmode = \"merged\"\norders_when_unknown = [{ capability = \"fire_engine\", count = 1 }]",
        1,
    );
    world.bring_plan(&text);
    let town = world.town();
    let mut report = world.report(Kind::Unknown, Some(town));
    report.line = Line(119);
    let silent = world.take(report);
    let incident = silent.incident.unwrap();
    assert_eq!(silent.orders.iter().count(), 1);
    world.say(Command::CloseIncident(incident));
    let events = world.say(Command::ReopenIncident(incident));
    world.check();
    let sent = ordered_for(&events, incident);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, Capability::FireEngine);
}
