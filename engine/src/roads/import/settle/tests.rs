//! What stays of a draft, what goes, and that the order of its edges does not matter.

use super::*;
use crate::place::Point;
use crate::roads::network::{CLOSED_MS, RoadClass};
use proptest::prelude::*;

fn node(name: i64) -> Node {
    let point = Point {
        lat_e7: name as i32 * 1_000,
        lon_e7: 0,
    };
    Node { point, name }
}

fn edge(from: u32, to: u32, ms: u32) -> Edge {
    Edge {
        from: NodeIndex(from),
        to: NodeIndex(to),
        length_mm: 1_000,
        time_ms: [ms, ms],
        class: RoadClass::Other,
    }
}

fn draft(nodes: i64, edges: &[(u32, u32, u32)]) -> Draft {
    Draft {
        nodes: (0..nodes).map(node).collect(),
        edges: edges.iter().map(|&(a, b, ms)| edge(a, b, ms)).collect(),
        ..Draft::default()
    }
}

fn ban(from: u32, via: &[u32], to: u32) -> Ban {
    Ban {
        from: EdgeIndex(from),
        via: via.iter().copied().map(EdgeIndex).collect(),
        to: EdgeIndex(to),
        holds: [true, true],
    }
}

#[test]
fn the_largest_part_stays_and_the_rest_is_named() {
    let mut report = Report::default();
    // A ring of three, a one-way out of it, an island of two, a node without an edge.
    let edges = [
        (0, 1, 1),
        (1, 2, 1),
        (2, 0, 1),
        (2, 3, 1),
        (4, 5, 1),
        (5, 4, 1),
    ];
    let network = settle(draft(7, &edges), &mut report).unwrap();
    assert_eq!((network.nodes.len(), network.edges.len()), (3, 3));
    assert_eq!(report.of(Finding::LostEdges), 3);
    assert_eq!(report.of(Finding::LostNodes), 4);
    assert_eq!(report.of(Finding::LostParts), 2);
    let text = report.to_string();
    assert!(
        text.contains("2 edges at node 4 (0.0004000, 0.0000000)"),
        "{text}"
    );
}

#[test]
fn a_turn_that_is_banned_cuts_off_what_it_cuts_off() {
    // 0 - 1 - 2 both ways; a barrier at 1 lets nobody through. The side with more edges stays.
    let both = |a, b| [(a, b, 1), (b, a, 1)];
    let edges = [both(0, 1), both(1, 2), both(2, 3)].concat();
    let mut walled = draft(4, &edges);
    walled.bans = vec![ban(0, &[], 2), ban(3, &[], 1)];
    let mut report = Report::default();
    let network = settle(walled, &mut report).unwrap();
    assert_eq!(network.edges.len(), 4);
    assert_eq!(network.nodes[0].name, 1);
    assert!(network.bans.is_empty());
    assert_eq!(report.of(Finding::BanGone), 2);
}

#[test]
fn parallel_edges_stay_only_if_they_can_matter() {
    let mut parallel = draft(2, &[(0, 1, 5), (0, 1, 7), (1, 0, 5), (0, 1, 5)]);
    parallel.edges[1].length_mm = 900; // slower, but shorter
    let mut report = Report::default();
    let network = settle(parallel.clone(), &mut report).unwrap();
    assert_eq!(network.edges.len(), 3);
    assert_eq!(report.of(Finding::EdgeDominated), 1);
    // A turn is banned from the only quick one: the twin that is free of it must stay, and so must the banned.
    parallel.bans = vec![ban(0, &[], 2)];
    let network = settle(parallel, &mut Report::default()).unwrap();
    assert_eq!(network.edges.len(), 3);
    assert_eq!(
        network.bans.len(),
        0,
        "the banned one was dominated by its free twin"
    );
}

#[test]
fn bans_are_sorted_and_said_once() {
    let ring = [(0, 1, 1), (1, 0, 1), (1, 2, 1), (2, 1, 1)];
    let mut twice = draft(3, &ring);
    let half = |holds| Ban {
        holds,
        ..ban(0, &[], 1)
    };
    twice.bans = vec![
        half([true, false]),
        half([false, true]),
        half([false, false]),
    ];
    twice.bans.push(ban(0, &[2], 3));
    let network = settle(twice, &mut Report::default()).unwrap();
    assert_eq!(network.bans.len(), 2);
    assert_eq!(network.bans[0].holds, [true, true]);
}

#[test]
fn nothing_left_is_an_error() {
    let error = settle(draft(2, &[]), &mut Report::default()).unwrap_err();
    assert!(error.to_string().starts_with("no road is left"), "{error}");
}

/// The twin: from which edge which other can be driven, by trying.
fn reach(draft: &Draft, start: usize) -> Vec<bool> {
    let mut reached = vec![false; draft.edges.len()];
    let mut open = vec![start];
    while let Some(edge) = open.pop() {
        for (next, candidate) in draft.edges.iter().enumerate() {
            let follows = candidate.from == draft.edges[edge].to;
            let banned = draft.bans.iter().any(|ban| {
                ban.via.is_empty()
                    && ban.holds[1]
                    && (ban.from.0 as usize, ban.to.0 as usize) == (edge, next)
            });
            if follows && !banned && !reached[next] {
                reached[next] = true;
                open.push(next);
            }
        }
    }
    reached[start] = true;
    reached
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let edges = proptest::collection::vec((0u32..8, 0u32..8, 0u32..4, any::<bool>()), 1..30);
    let bans =
        proptest::collection::vec((any::<usize>(), any::<usize>(), any::<[bool; 2]>()), 0..12);
    (edges, bans).prop_map(|(edges, bans)| {
        let mut draft = draft(8, &[]);
        for (from, to, ms, shut) in edges.into_iter().filter(|edge| edge.0 != edge.1) {
            draft.edges.push(edge(from, to, ms));
            if shut && let Some(last) = draft.edges.last_mut() {
                last.time_ms[0] = CLOSED_MS;
            }
        }
        let count = draft.edges.len();
        for (from, to, holds) in bans.into_iter().filter(|_| count > 0) {
            let (from, to) = (from % count, to % count);
            if draft.edges[from].to == draft.edges[to].from {
                let turn = ban(from as u32, &[], to as u32);
                draft.bans.push(Ban { holds, ..turn });
            }
        }
        draft
    })
}

proptest! {
    #[test]
    fn parts_are_what_can_reach_one_another(mut draft in any_draft()) {
        sort_nodes(&mut draft);
        sort_edges(&mut draft);
        let parts = strong::parts(&draft, Profile::Siren);
        let reach: Vec<_> = (0..parts.len()).map(|edge| reach(&draft, edge)).collect();
        for a in 0..parts.len() {
            for b in 0..parts.len() {
                prop_assert_eq!(parts[a] == parts[b], reach[a][b] && reach[b][a], "{} {}", a, b);
            }
        }
    }

    #[test]
    fn the_order_of_a_draft_does_not_matter(draft in any_draft(), seed in any::<u64>()) {
        let mut shuffled = draft.clone();
        let count = draft.edges.len();
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.sort_by_key(|&edge| blake3::hash(&(seed ^ u64::from(edge)).to_le_bytes()).as_bytes()[..8].to_vec());
        shuffled.edges = order.iter().map(|&old| draft.edges[old as usize]).collect();
        move_bans(&mut shuffled.bans, &places(&order));
        let mut alike: Vec<_> = draft.edges.iter().map(|edge| (edge.from, edge.to, edge.time_ms)).collect();
        alike.sort();
        let twins = alike.windows(2).any(|pair| pair[0] == pair[1]);
        prop_assume!(!twins);
        let one = settle(draft, &mut Report::default());
        let other = settle(shuffled, &mut Report::default());
        prop_assert_eq!(one, other);
    }

    #[test]
    fn what_is_left_is_a_network(draft in any_draft()) {
        let Ok(network) = settle(draft, &mut Report::default()) else { return Ok(()); };
        prop_assert_eq!(network.check(), Ok(()));
    }
}
