//! The classifier as a whole: what it says, what it refuses, how it holds on real words.

use super::*;
use crate::kind::{Agency, AgencySet, KINDS, Kind, Nature, Priority};
use std::fmt::Write;

#[path = "tests/shared.rs"]
mod shared;

fn line(number: u32) -> Line {
    Line::new(number).unwrap()
}

fn verdict(number: u32, text: &str) -> Verdict {
    Lexicon::embedded().classify(line(number), Some(text), None, &mut Scratch::new())
}

/// A lexicon of two kinds, for tests that must not depend on the real words.
const SMALL: &str = r#"
mask = ["着火点"]
[line.default]
kind = "public_help"
priority = 3
agencies = ["police"]
[line.119]
kind = "smoke_alarm"
priority = 1
agencies = ["fire"]
[injured]
1 = "hurt"
[negation]
2 = ["没"]
10 = ["no"]
[denied]
hurt = "unhurt"
[kind.structure_fire]
60 = ["着火", "fire"]
[kind.fight]
40 = ["打架"]
[concept]
hurt = ["受伤", "injury"]
weapon = ["刀"]
[[rule]]
name = "持刀打架"
all = ["weapon"]
kind = "fight"
weight = 20
[[adjust]]
name = "有人伤"
all = ["hurt"]
none = ["unhurt"]
add = ["medical"]
[[adjust]]
name = "无人伤"
all = ["unhurt"]
none = ["hurt"]
lower = 1
"#;

fn small(text: &str) -> Verdict {
    Lexicon::load(SMALL)
        .unwrap()
        .classify(line(110), Some(text), None, &mut Scratch::new())
}

#[test]
fn the_embedded_lexicon_loads() {
    assert!(Lexicon::load(Lexicon::source_embedded()).is_ok());
    assert!(Lexicon::embedded().rule_count() > 1500);
}

#[test]
fn words_not_known_yet_are_unknown_on_the_prior_of_the_line() {
    for (number, priority, agencies) in [
        (110, Priority::P2, AgencySet::of(&[Agency::Police])),
        (119, Priority::P1, AgencySet::of(&[Agency::Fire])),
        (122, Priority::P2, AgencySet::of(&[Agency::Traffic])),
        (120, Priority::P1, AgencySet::of(&[Agency::Medical])),
        (12319, Priority::P4, AgencySet::of(&[Agency::Urban])),
        (99999, Priority::P2, AgencySet::of(&[Agency::Police])),
    ] {
        let verdict = Lexicon::embedded().classify(line(number), None, None, &mut Scratch::new());
        assert_eq!(
            (verdict.kind, verdict.priority),
            (Kind::Unknown, priority),
            "{number}"
        );
        assert_eq!(verdict.agencies, agencies, "{number}");
        assert!(verdict.human && verdict.evidence.as_slice().is_empty());
    }
}

#[test]
fn blank_words_are_a_silent_call() {
    for text in ["", "  ", "\n\t\u{3000}", "……", "\u{200b}"] {
        let verdict = verdict(110, text);
        assert_eq!(verdict.kind, Kind::Silent, "{text:?}");
        assert_eq!(verdict.nature, Nature::Invalid);
        assert!(verdict.agencies.is_empty());
    }
}

#[test]
fn words_that_say_nothing_go_to_a_human_on_the_prior_of_the_line() {
    let verdict = verdict(119, "鑫淼焱垚龘龖");
    assert_eq!(
        (verdict.priority, verdict.agencies),
        (Priority::P1, AgencySet::of(&[Agency::Fire]))
    );
    assert_ne!(verdict.kind, Kind::Unknown);
    assert!(verdict.human);
    assert_eq!(verdict.confidence_permille, 0);
}

#[test]
fn a_wrong_line_changes_nothing_but_the_evidence() {
    for text in [
        "两车追尾，一个人腿骨折了动不了",
        "三楼着火了，屋里还有老人没出来",
        "我爸胸口疼，出冷汗",
    ] {
        let verdicts: Vec<Verdict> = [110, 119, 120, 122, 12345]
            .map(|number| verdict(number, text))
            .to_vec();
        for other in &verdicts {
            let same = |one: &Verdict| {
                (
                    one.kind,
                    one.priority,
                    one.nature,
                    one.category,
                    one.agencies,
                )
            };
            assert_eq!(same(other), same(&verdicts[0]), "{text}");
        }
    }
}

#[test]
fn one_matter_fans_out_to_every_agency_it_needs() {
    // (C3)
    let crash = verdict(122, "货车追尾，司机卡在驾驶室里出不来，腿在流血");
    assert_eq!(crash.kind, Kind::CrashInjury);
    assert_eq!(
        crash.agencies,
        AgencySet::of(&[Agency::Traffic, Agency::Medical, Agency::Fire])
    );
    let damage = verdict(122, "两车追尾，人都没事，就是保险杠掉了");
    assert_eq!(damage.kind, Kind::CrashDamage);
    assert_eq!(damage.agencies, AgencySet::of(&[Agency::Traffic]));
}

#[test]
fn any_width_case_and_script_says_the_same() {
    let plain = verdict(110, "两车追尾，着火了 fire");
    for text in [
        "兩車追尾，着火了 fire",
        "两车追尾，着火了 ＦＩＲＥ",
        "两 车 追 尾，着\u{200b}火了 Fire",
        "两车追尾,着火了 FIRE",
    ] {
        let other = verdict(110, text);
        assert_eq!(
            (other.kind, other.agencies, other.confidence_permille),
            (plain.kind, plain.agencies, plain.confidence_permille),
            "{text}"
        );
    }
}

#[test]
fn evidence_points_into_the_original_text() {
    let text = "喂　您好，兩車追\u{200b}尾了，ＫＴＶ門口";
    let verdict = verdict(122, text);
    let spans: Vec<&str> = verdict
        .evidence
        .as_slice()
        .iter()
        .map(|item| &text[item.start as usize..item.end as usize])
        .collect();
    assert!(spans.contains(&"追\u{200b}尾"), "{spans:?}");
    let names: Vec<&str> = verdict
        .evidence
        .as_slice()
        .iter()
        .map(|item| Lexicon::embedded().rule_name(item.rule))
        .collect();
    assert!(names.contains(&"crash/追尾"), "{names:?}");
    assert_eq!(Lexicon::embedded().rule_name(RuleId(u16::MAX)), "");
}

#[test]
fn negation_reaches_so_far_and_no_further() {
    assert_eq!(small("着火了").kind, Kind::StructureFire);
    assert_ne!(small("没着火").kind, Kind::StructureFire);
    assert_ne!(small("没有谁着火").kind, Kind::Fight);
    assert_eq!(
        small("没人知道着火").kind,
        Kind::StructureFire,
        "beyond its reach"
    );
    assert_eq!(
        small("没，着火").kind,
        Kind::StructureFire,
        "in another clause"
    );
    let medical = |text: &str| small(text).agencies.contains(Agency::Medical);
    assert!(medical("打架受伤了"));
    assert!(!medical("打架没人受伤"));
    assert!(!medical("打架，没受伤"));
    assert_eq!(
        small("打架没受伤").priority,
        Priority::P3,
        "the denied concept sets the other"
    );
}

#[test]
fn a_mask_hides_what_lies_inside_it() {
    assert_ne!(small("测定着火点").kind, Kind::StructureFire);
    assert_eq!(small("测定着火点，着火了").kind, Kind::StructureFire);
}

#[test]
fn latin_cues_match_whole_words() {
    assert_eq!(small("there is fire").kind, Kind::StructureFire);
    assert_eq!(small("楼上fire啦").kind, Kind::StructureFire);
    assert_ne!(small("you are fired").kind, Kind::StructureFire);
    assert_ne!(small("campfire").kind, Kind::StructureFire);
    assert_eq!(
        small("nofire fire").kind,
        Kind::StructureFire,
        "the `no` in `nofire` denies nothing"
    );
    assert_ne!(small("no fire").kind, Kind::StructureFire);
}

#[test]
fn a_repeated_cue_counts_once() {
    assert_eq!(
        small("打架"),
        Verdict {
            evidence: small("打架").evidence,
            ..small("打架打架打架")
        }
    );
    assert!(small("打架，拿着刀").confidence_permille > small("打架").confidence_permille);
}

#[test]
fn an_injured_count_speaks_like_a_cue() {
    let lexicon = Lexicon::load(SMALL).unwrap();
    let mut scratch = Scratch::new();
    for (injured, medical) in [
        (None, false),
        (Some(0), false),
        (Some(1), true),
        (Some(u16::MAX), true),
    ] {
        for text in [Some("打架"), None] {
            let verdict = lexicon.classify(line(110), text, injured, &mut scratch);
            assert_eq!(
                verdict.agencies.contains(Agency::Medical),
                medical,
                "{injured:?} {text:?}"
            );
        }
    }
}

#[test]
fn a_used_scratch_says_what_a_new_one_says() {
    let mut scratch = Scratch::new();
    for text in [
        "打架受伤，着火",
        "",
        "两车追尾，有人流血",
        "嗯",
        "no injury",
    ] {
        let lexicon = Lexicon::embedded();
        assert_eq!(
            lexicon.classify(line(110), Some(text), None, &mut scratch),
            verdict(110, text),
            "{text}"
        );
    }
}

#[test]
fn hostile_texts_end_in_time_and_in_bounds() {
    let lexicon = Lexicon::embedded();
    let mut scratch = Scratch::new();
    for unit in [
        "着火",
        "没",
        "没没没着火有没有",
        "no",
        "no fire ",
        "\u{200b}",
        "，",
        "𠀀",
        "e\u{301}",
        "救护车撞了人流血追尾侧翻没",
    ] {
        let long = unit.repeat(TEXT_BYTES_MAX / unit.len() + 9);
        let verdict = lexicon.classify(line(110), Some(&long), None, &mut scratch);
        assert!(verdict.human, "{unit:?} was cut, so a person looks");
        for item in verdict.evidence.as_slice() {
            assert!(
                item.start < item.end
                    && long.is_char_boundary(item.start as usize)
                    && long.is_char_boundary(item.end as usize)
            );
        }
    }
}

#[test]
fn a_cue_at_the_end_of_a_long_text_is_still_found() {
    let mut text = "没打架，追尾，".repeat(2000);
    text.push_str("着火了");
    assert_eq!(small(&text).kind, Kind::StructureFire);
    let run_on = format!("{}着火了", "刀受伤".repeat(3000));
    assert_eq!(small(&run_on).kind, Kind::StructureFire);
}

#[test]
fn a_warm_scratch_grows_no_more() {
    let lexicon = Lexicon::embedded();
    let mut scratch = Scratch::new();
    let texts = [
        "两车追尾，司机卡在车里流血",
        "家里着火了没人受伤",
        "no injury, rear ended",
        "",
    ];
    for text in texts {
        lexicon.classify(line(122), Some(text), Some(3), &mut scratch);
    }
    let warm = scratch.capacities();
    for _ in 0..100 {
        for text in texts {
            lexicon.classify(line(122), Some(text), Some(3), &mut scratch);
        }
    }
    assert_eq!(scratch.capacities(), warm);
}

#[test]
fn every_mistake_in_a_lexicon_is_named_with_its_line() {
    for (change, with, expected) in [
        (
            "[kind.fight]",
            "[kind.figth]",
            "line 20, `kind.figth`: unknown kind",
        ),
        (
            "40 = [\"打架\"]",
            "400 = [\"打架\"]",
            "line 21, `kind.fight.400`: is not a weight from 1 to 100",
        ),
        (
            "[\"打架\"]",
            "[\"打架\", \"打 架\"]",
            "line 21, `kind.fight.40`: cue \"打 架\" stands twice",
        ),
        (
            "[\"打架\"]",
            "[\"  \"]",
            "line 21, `kind.fight.40`: cue \"  \" is empty",
        ),
        ("[\"打架\"]", "[\"打，架\"]", "holds punctuation"),
        (
            "[\"打架\"]",
            "[7]",
            "line 21, `kind.fight.40`: is integer; write a text in quotes",
        ),
        (
            "[\"打架\"]",
            "\"打架\"",
            "line 21, `kind.fight.40`: is string; write a list",
        ),
        (
            "all = [\"weapon\"]",
            "all = [\"waepon\"]",
            "line 27, `rule.持刀打架`: `waepon` is not a concept",
        ),
        (
            "all = [\"weapon\"]",
            "all = [\"weapon\"]\nnone = [\"weapon\"]",
            "line 26, `rule.持刀打架`: dead rule",
        ),
        (
            "weapon = [\"刀\"]",
            "weapon = []",
            "`rule.持刀打架`: dead rule: it asks for a concept that no cue",
        ),
        ("all = [\"weapon\"]\n", "", "has no condition"),
        ("weight = 20", "weight = 0", "dead rule: its weight is 0"),
        (
            "weight = 20",
            "weight = 101",
            "`rule.持刀打架.weight`: is not a whole number from -100 to 100",
        ),
        (
            "weight = 20",
            "wieght = 20",
            "`rule.持刀打架.wieght`: unknown key",
        ),
        (
            "lower = 1",
            "",
            "`adjust.无人伤`: dead rule: it changes nothing",
        ),
        (
            "name = \"无人伤\"",
            "name = \"有人伤\"",
            "the name `有人伤` stands twice",
        ),
        ("name = \"无人伤\"", "", "needs a name"),
        (
            "add = [\"medical\"]",
            "add = [\"medic\"]",
            "`medic` is not an agency",
        ),
        (
            "weapon = [\"刀\"]",
            "weapon = [\"刀\"]\nspare = [\"x\"]",
            "`concept.spare`: no rule or adjustment asks for it",
        ),
        ("[line.default]", "[line.118]", "`line.default`: is missing"),
        ("[line.119]", "[line.19]", "`line.19`: `19` is not a line"),
        (
            "priority = 3",
            "priority = 5",
            "`line.default.priority`: is not a whole number from 1 to 4",
        ),
        ("[injured]\n1", "[injured]\n0", "is not a count of people"),
        (
            "10 = [\"no\"]",
            "17 = [\"no\"]",
            "is not a reach of 1 to 16",
        ),
        (
            "hurt = \"unhurt\"",
            "hrut = \"unhurt\"",
            "`hrut` is not a concept",
        ),
        ("[negation]", "[negations]", "`negations`: unknown section"),
        ("[concept]", "[concept", "line 22, `file`:"),
    ] {
        let text = SMALL.replacen(change, with, 1);
        assert_ne!(text, SMALL, "{change}");
        let errors = Lexicon::load(&text)
            .err()
            .map(|errors| errors.to_string())
            .unwrap_or_default();
        assert!(
            errors.contains(expected),
            "{change} → {with}\n  wanted {expected}\n  got    {errors}"
        );
    }
}

#[test]
fn a_lexicon_has_bounds() {
    let refused = |text: &str, expected: &str| {
        let errors = Lexicon::load(text).err().unwrap();
        assert!(errors.to_string().contains(expected), "{errors}");
        assert!(errors.0.len() <= ERRORS_MAX);
    };
    refused(
        &format!("{SMALL}#{}", " ".repeat(LEXICON_BYTES_MAX)),
        "bytes; at most 1048576 are read",
    );
    let cues = (0..=CUES_MAX).fold(String::new(), |mut cues, number| {
        write!(cues, "\"c{number}\",").unwrap();
        cues
    });
    refused(
        &SMALL.replace("[\"打架\"]", &format!("[{cues}]")),
        "cues; at most 16384 fit",
    );
    let concepts = (0..CONCEPTS_MAX).fold(String::new(), |mut concepts, number| {
        writeln!(concepts, "x{number} = [\"x{number}\"]").unwrap();
        concepts
    });
    refused(
        &SMALL.replace("[concept]", &format!("[concept]\n{concepts}")),
        "too many concepts",
    );
    refused(
        &SMALL.replace("打架", &"打".repeat(33)),
        "has 33 characters; at most 32",
    );
    refused(&"[kind.x]\n".repeat(1000), "duplicate key");
    refused(&"[".repeat(100_000), "file");
}

#[test]
fn the_table_of_kinds_is_the_fields_own() {
    let Some(text) = shared::read("domain/kinds.csv") else {
        return;
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut count = 1;
    for record in reader.records() {
        let record = record.unwrap();
        let row = Kind::from_code(&record[0])
            .unwrap_or_else(|| panic!("no kind {}", &record[0]))
            .row();
        let agencies = record[6]
            .split('+')
            .filter_map(Agency::from_code)
            .collect::<AgencySet>();
        assert_eq!(row.zh, &record[1], "{}", &record[0]);
        assert_eq!(row.line, record[2].parse().unwrap_or(0), "{}", &record[0]);
        assert_eq!(row.category.code(), &record[3], "{}", &record[0]);
        assert_eq!(row.nature.code(), &record[4], "{}", &record[0]);
        assert_eq!(
            row.priority.number().to_string(),
            &record[5],
            "{}",
            &record[0]
        );
        assert_eq!(row.agencies, agencies, "{}", &record[0]);
        count += 1;
    }
    assert_eq!(count, KINDS.len(), "kinds.csv and Unknown");
}

/// Words of our own, so that something guards the classifier where no shared data is.
#[test]
fn our_own_calls_are_mostly_understood() {
    let rows: Vec<&str> = include_str!("tests/calls.txt")
        .lines()
        .filter(|row| !row.starts_with('#'))
        .collect();
    let mut wrong = Vec::new();
    for row in &rows {
        let mut fields = row.splitn(3, '|');
        let mut field = || fields.next().unwrap();
        let (kind, number, text) = (field(), field(), field());
        let said = verdict(number.parse::<Line>().unwrap().number(), text).kind;
        if said != Kind::from_code(kind).unwrap() {
            wrong.push(format!("{text}: {kind}, said {said}"));
        }
    }
    println!(
        "{} of {} understood; not: {wrong:#?}",
        rows.len() - wrong.len(),
        rows.len()
    );
    assert!(
        rows.len() >= 300 && wrong.len() * 100 <= rows.len() * 25,
        "{} wrong of {}",
        wrong.len(),
        rows.len()
    );
}

/// What a text is told to rest on does not hang on what was read before it, however little of it is understood.
#[test]
fn a_room_that_was_used_says_what_a_new_one_says() {
    let lexicon = Lexicon::embedded();
    let texts = [
        "我家厨房着火了，火很大，有人被困",
        "detai 'complaint\u{11} flomr",
        "\u{fffd}\u{fffd}\u{fffd}\0\0\0\0detai\0\u{fffd}\u{fffd}\0\0\0\0\0\0\0'complaint\u{11} flomr",
        "投诉",
        "complaint",
        "",
    ];
    for before in texts {
        for text in texts {
            let mut used = Scratch::new();
            lexicon.classify(line(110), Some(before), None, &mut used);
            for number in [110, 12345, 999] {
                let again = lexicon.classify(line(number), Some(text), None, &mut used);
                let fresh = lexicon.classify(line(number), Some(text), None, &mut Scratch::new());
                assert_eq!(again, fresh, "{text:?} after {before:?}");
            }
        }
    }
}
