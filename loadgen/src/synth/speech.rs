//! How a caller puts it: in spoken sentences, as a recogniser writes them down, as a call-taker notes them, as a message, in
//! dialect, curtly or at length. Changes the form and never the matter: nobody is hurt or freed by a way of speaking.

use super::words;
use crate::random::Random;

/// A way of putting it. The shares are this project's estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sentences with commas.
    Spoken,
    /// What a recogniser writes: no punctuation, every hesitation.
    Recognised,
    /// A call-taker's shorthand.
    Noted,
    /// A text message.
    Message,
    /// Spoken with the words of a dialect.
    Dialect,
    /// As little as can be said.
    Curt,
    /// Everything that comes to mind.
    Rambling,
}

const WAYS: [(Way, u64); 7] = [
    (Way::Spoken, 34),
    (Way::Recognised, 20),
    (Way::Noted, 10),
    (Way::Message, 8),
    (Way::Dialect, 10),
    (Way::Curt, 8),
    (Way::Rambling, 10),
];

impl Way {
    /// One by its share; nobody notes or writes down what is no matter.
    pub fn draw(matter: bool, random: &mut Random) -> Way {
        let weights = WAYS.map(|(way, weight)| match way {
            Way::Noted | Way::Message if !matter => 0,
            _ => weight,
        });
        let drawn = random.weighted(weights.into_iter()).unwrap_or(0);
        WAYS[drawn].0
    }

    /// How many details are told.
    pub fn details(self, random: &mut Random) -> usize {
        let most = match self {
            Way::Curt => return usize::from(random.chance(250)),
            Way::Rambling => return 2 + random.below(3) as usize,
            Way::Spoken | Way::Recognised | Way::Dialect => [3, 5, 2],
            Way::Noted | Way::Message => [2, 5, 3],
        };
        random.weighted(most.into_iter()).unwrap_or(0)
    }

    /// Whether it opens, and whether it closes, with words of courtesy; of a thousand.
    pub fn courtesy_permille(self) -> (u64, u64) {
        match self {
            Way::Spoken | Way::Dialect => (450, 400),
            Way::Recognised => (600, 400),
            Way::Noted | Way::Curt => (0, 0),
            Way::Message => (0, 350),
            Way::Rambling => (800, 800),
        }
    }

    /// Puts the parts together.
    pub fn put(self, parts: &[String], random: &mut Random) -> String {
        match self {
            Way::Spoken | Way::Curt | Way::Rambling => hesitating(parts, 120, "，", random),
            Way::Dialect => in_dialect(&hesitating(parts, 120, "，", random), random),
            Way::Recognised => unpunctuated(&hesitating(parts, 350, "", random)),
            Way::Noted => {
                let who = words::of(&NOTED, random);
                format!(
                    "{who}{}。{}",
                    parts.join("；"),
                    words::of(&NOTED_END, random)
                )
            }
            Way::Message => {
                let mark = words::of(&["。", "！", " ", "，"], random);
                parts.join(mark) + words::of(&["", "。", "！", "……"], random)
            }
        }
    }
}

const NOTED: [&str; 8] = [
    "报警人称",
    "来电人称：",
    "群众反映，",
    "据报，",
    "接报：",
    "一女子来电，",
    "一男子来电，",
    "路人来电，",
];
const NOTED_END: [&str; 6] = [
    "",
    "请派人。",
    "要求到场。",
    "已记录来电。",
    "来电人在现场。",
    "电话保持畅通。",
];

const HESITATIONS: [&str; 12] = [
    "那个",
    "嗯",
    "就是",
    "啊",
    "就是说",
    "然后",
    "呃",
    "这个",
    "那什么",
    "反正",
    "你听我说",
    "对",
];

/// The parts with words before some of them that give time to think.
fn hesitating(parts: &[String], permille: u64, mark: &str, random: &mut Random) -> String {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text += mark;
        }
        if random.chance(permille) {
            text += words::of(&HESITATIONS, random);
            text += mark;
        }
        text += part;
    }
    text
}

/// Without commas and full stops, and with numbers as they are spoken.
fn unpunctuated(text: &str) -> String {
    const SPOKEN: [char; 10] = ['零', '幺', '二', '三', '四', '五', '六', '七', '八', '九'];
    let letters = text
        .chars()
        .filter(|letter| !"，。！？；：、…".contains(*letter));
    letters
        .map(|letter| match letter.to_digit(10) {
            Some(digit) => SPOKEN[digit as usize],
            None => letter,
        })
        .collect()
}

/// Words of dialects, from north to south; none of them changes what happened.
const DIALECTS: [&[(&str, &str)]; 4] = [
    &[
        ("什么", "啥"),
        ("怎么", "咋"),
        ("我们", "俺们"),
        ("不知道", "不知道咋"),
        ("厉害", "邪乎"),
        ("那边", "那旮旯"),
    ],
    &[
        ("什么", "啥子"),
        ("怎么", "咋个"),
        ("小孩", "娃儿"),
        ("不知道", "晓不得"),
        ("这边", "这哈"),
        ("好多", "好些"),
    ],
    &[
        ("我们", "阿拉"),
        ("小孩", "小囡"),
        ("不知道", "勿晓得"),
        ("什么", "啥"),
        ("昨天", "昨日"),
        ("今天", "今朝"),
    ],
    &[
        ("小孩", "细伢子"),
        ("什么", "么子"),
        ("不知道", "不晓得"),
        ("怎么", "何解"),
        ("刚才", "才将"),
        ("很", "蛮"),
    ],
];
const DIALECT_ENDS: [&str; 8] = ["咧", "嘛", "噻", "啰", "呀", "哩", "哟", "喔"];

fn in_dialect(text: &str, random: &mut Random) -> String {
    let words_of = random.pick(&DIALECTS).copied().unwrap_or_default();
    let mut said = text.to_string();
    for (plain, spoken) in words_of {
        said = said.replace(plain, spoken);
    }
    said + words::of(&DIALECT_ENDS, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_its_form() {
        let parts = ["有人打架".to_string(), "在环城南路12号".to_string()];
        let mut random = Random::new(3);
        for _ in 0..50 {
            let recognised = Way::Recognised.put(&parts, &mut random);
            assert!(recognised.contains("环城南路幺二号") && !recognised.contains('，'));
            assert!(
                Way::Noted
                    .put(&parts, &mut random)
                    .contains("有人打架；在环城南路12号。")
            );
        }
    }

    /// Every way comes up, and nobody notes down what is no matter.
    #[test]
    fn ways_are_drawn_by_their_shares() {
        let mut random = Random::new(3);
        let drawn: Vec<Way> = (0..2_000).map(|_| Way::draw(true, &mut random)).collect();
        for (way, _) in WAYS {
            assert!(
                drawn.iter().filter(|&&it| it == way).count() > 100,
                "{way:?}"
            );
        }
        let idle = (0..2_000).map(|_| Way::draw(false, &mut random));
        assert!(
            idle.into_iter()
                .all(|way| !matches!(way, Way::Noted | Way::Message))
        );
    }
}
