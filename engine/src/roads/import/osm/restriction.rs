//! Turn restrictions as the map states them: which turn, for whom, over which members.
//!
//! <https://wiki.openstreetmap.org/wiki/Relation:restriction>. `turns` makes banned sequences of edges of them.

use super::wire::{Member, MemberKind, Tags};
use crate::roads::import::report::{Finding, Report};

/// One rule for the profiles for which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Restriction {
    pub id: i64,
    /// `only_…`: nothing else may be driven; otherwise this may not be.
    pub only: bool,
    /// `no_u_turn`.
    pub u_turn: bool,
    /// By profile.
    pub holds: [bool; 2],
    pub from: Vec<i64>,
    pub via: Via,
    pub to: Vec<i64>,
}

/// Over what the turn goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Via {
    Node(i64),
    Ways(Vec<i64>),
}

/// The kinds of turn of which the wiki knows.
const TURNS: [&str; 10] = [
    "no_left_turn",
    "no_right_turn",
    "no_straight_on",
    "no_u_turn",
    "no_entry",
    "no_exit",
    "only_left_turn",
    "only_right_turn",
    "only_straight_on",
    "only_u_turn",
];

/// Whether a relation is a restriction at all.
pub(super) fn is_one(tags: Tags) -> bool {
    tags.get("type") == Some("restriction")
}

/// The rules that a restriction makes: none, one, or one for each profile. What makes none is noted.
pub(super) fn read(
    id: i64,
    members: &[Member],
    tags: Tags,
    report: &mut Report,
) -> Vec<Restriction> {
    report.count(Finding::Restrictions, 1);
    let place = format!("relation {id}");
    let general = [
        "restriction:motorcar",
        "restriction:motor_vehicle",
        "restriction:vehicle",
        "restriction",
    ]
    .iter()
    .find_map(|key| tags.get(key));
    let siren = tags.get("restriction:emergency").or(general);
    let excepted = excepted(tags);
    let values =
        [general, siren].map(|value| value.filter(|value| !matches!(*value, "none" | "no")));
    let values = [0, 1].map(|profile| values[profile].filter(|_| !excepted[profile]));
    if values == [None, None] {
        let by_condition = tags
            .keys()
            .any(|key| key.starts_with(b"restriction") && key.ends_with(b":conditional"));
        let finding = if by_condition && general.is_none() {
            Finding::RestrictionConditional
        } else {
            Finding::RestrictionOthers
        };
        report.note(finding, &place);
        return Vec::new();
    }
    if ["day_on", "hour_on"]
        .iter()
        .any(|key| tags.get(key).is_some())
    {
        report.note(Finding::RestrictionConditional, &place);
        return Vec::new();
    }
    let groups = if values[0] == values[1] {
        vec![(values[0], [true, true])]
    } else {
        vec![(values[0], [true, false]), (values[1], [false, true])]
    };
    let mut rules = Vec::new();
    for (value, holds) in groups {
        let Some(value) = value else { continue };
        match rule(id, value, holds, members) {
            Some(rule) => rules.push(rule),
            None => report.note(Finding::RestrictionBroken, &place),
        }
    }
    rules
}

/// Who is excepted, by profile. Emergency vehicles use the ways of buses, and whatever everybody is excepted for.
fn excepted(tags: Tags) -> [bool; 2] {
    let mut excepted = [false, false];
    for who in tags
        .get("except")
        .unwrap_or("")
        .split([';', ','])
        .map(str::trim)
    {
        match who {
            "motorcar" | "motor_vehicle" | "vehicle" => excepted = [true, true],
            "emergency" | "psv" | "bus" => excepted[1] = true,
            _ => {}
        }
    }
    excepted
}

/// `None` when kind or members make no turn.
fn rule(id: i64, value: &str, holds: [bool; 2], members: &[Member]) -> Option<Restriction> {
    if !TURNS.contains(&value) {
        return None;
    }
    let ways = |role: &[u8]| -> Vec<i64> {
        let of_role = members
            .iter()
            .filter(|member| member.role == role && member.kind == MemberKind::Way);
        of_role.map(|member| member.id).collect()
    };
    let (from, to, via_ways) = (ways(b"from"), ways(b"to"), ways(b"via"));
    let via_nodes: Vec<i64> = members
        .iter()
        .filter(|member| member.role == b"via" && member.kind == MemberKind::Node)
        .map(|member| member.id)
        .collect();
    let via = match (&via_nodes[..], via_ways.is_empty()) {
        (&[node], true) => Via::Node(node),
        (&[], false) => Via::Ways(via_ways),
        _ => return None,
    };
    let only = value.starts_with("only_");
    let counts = match value {
        "no_entry" => !from.is_empty() && to.len() == 1,
        "no_exit" => from.len() == 1 && !to.is_empty(),
        _ => from.len() == 1 && to.len() == 1,
    };
    counts.then_some(Restriction {
        id,
        only,
        u_turn: value == "no_u_turn",
        holds,
        from,
        via,
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(role: &'static str, kind: MemberKind, id: i64) -> Member<'static> {
        Member {
            role: role.as_bytes(),
            id,
            kind,
        }
    }

    fn judge(pairs: &[(&str, &str)], members: &[Member]) -> (Vec<Restriction>, Report) {
        let mut report = Report::default();
        let rules = Tags::of(pairs, |tags| read(5, members, tags, &mut report));
        (rules, report)
    }

    fn turn() -> Vec<Member<'static>> {
        vec![
            member("from", MemberKind::Way, 1),
            member("via", MemberKind::Node, 2),
            member("to", MemberKind::Way, 3),
        ]
    }

    #[test]
    fn it_holds_for_whom_it_says() {
        for (pairs, holds) in [
            (&[("restriction", "no_left_turn")][..], &[[true, true]][..]),
            (
                &[("restriction", "no_left_turn"), ("except", "psv; bicycle")],
                &[[true, false]],
            ),
            (
                &[("restriction", "no_left_turn"), ("except", "emergency")],
                &[[true, false]],
            ),
            (
                &[("restriction", "no_left_turn"), ("except", "hgv")],
                &[[true, true]],
            ),
            (
                &[("restriction", "no_left_turn"), ("except", "motorcar")],
                &[],
            ),
            (&[("restriction:hgv", "no_left_turn")], &[]),
            (&[("restriction:motorcar", "no_left_turn")], &[[true, true]]),
            (&[("restriction:emergency", "no_u_turn")], &[[false, true]]),
            (
                &[
                    ("restriction", "no_left_turn"),
                    ("restriction:emergency", "none"),
                ],
                &[[true, false]],
            ),
            (
                &[
                    ("restriction", "no_left_turn"),
                    ("restriction:emergency", "no_u_turn"),
                ],
                &[[true, false], [false, true]],
            ),
            (
                &[("restriction:conditional", "no_left_turn @ (Mo-Fr)")],
                &[],
            ),
            (&[("restriction", "no_left_turn"), ("hour_on", "7")], &[]),
            (&[("restriction", "no_hovering")], &[]),
        ] {
            let (rules, report) = judge(pairs, &turn());
            let found: Vec<_> = rules.iter().map(|rule| rule.holds).collect();
            assert_eq!(found, holds, "{pairs:?}");
            let dropped = report.of(Finding::RestrictionOthers)
                + report.of(Finding::RestrictionConditional)
                + report.of(Finding::RestrictionBroken);
            assert_eq!(dropped, u64::from(holds.is_empty()), "{pairs:?}");
        }
    }

    #[test]
    fn a_profile_keeps_its_rule_when_the_others_is_none() {
        let pairs = [
            ("restriction", "no_hovering"),
            ("restriction:emergency", "no_left_turn"),
        ];
        let (rules, report) = judge(&pairs, &turn());
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].holds, [false, true]);
        assert_eq!(report.of(Finding::RestrictionBroken), 1);
    }

    #[test]
    fn members_must_make_a_turn() {
        let (from, node, way, to) = (
            member("from", MemberKind::Way, 1),
            member("via", MemberKind::Node, 2),
            member("via", MemberKind::Way, 4),
            member("to", MemberKind::Way, 3),
        );
        for (kind, members, good) in [
            ("no_left_turn", vec![from, node, to], true),
            ("no_left_turn", vec![from, way, to], true),
            ("no_left_turn", vec![from, way, way, to], true),
            ("no_left_turn", vec![from, to], false),
            ("no_left_turn", vec![from, node, node, to], false),
            ("no_left_turn", vec![from, node, way, to], false),
            ("no_left_turn", vec![from, from, node, to], false),
            ("no_entry", vec![from, from, node, to], true),
            ("no_exit", vec![from, node, to, to], true),
            ("only_left_turn", vec![from, node, to, to], false),
            (
                "no_left_turn",
                vec![member("from", MemberKind::Node, 1), node, to],
                false,
            ),
        ] {
            let (rules, report) = judge(&[("restriction", kind)], &members);
            assert_eq!(rules.len() == 1, good, "{kind} {members:?}");
            assert_eq!(report.of(Finding::RestrictionBroken) == 1, !good);
        }
    }
}
