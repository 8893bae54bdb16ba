//! From labelled texts to the bytes of a model: the same texts and the same lexicon give the same bytes on every machine.
//!
//! Texts are read through the lexicon as calls are (its concepts are heard beside the n-grams), with slips of the ear thrown
//! in; rows and outputs are learnt together by small steps, then rounded to whole numbers.
//! Nothing here runs when a call is decided.

mod net;
mod random;
mod vocabulary;

use super::Lexicon;
use super::model::{
    KINDS, Model, ROW_BYTES, STEP_BITS, UNIT_BITS, VECTOR_BITS, WEIGHT_BITS, WIDTH,
};
use super::scan::{self, Scratch};
use super::tokens;
use crate::kind::{AgencySet, Kind, Nature, Priority};
use crate::line::Line;
use net::{Net, Target};
pub(super) use random::{Homophones, Random};
use vocabulary::Counts;

/// What the drawing of lots begins with.
const SEED: u64 = 2;
/// Rounds over all texts.
const ROUNDS: usize = 32;
/// Rounds after the rows were rounded, in which only the rest still learns.
const ROUNDS_AFTER: usize = 2;
/// The length of steps in these rounds, beside the first.
const RATE_AFTER: f32 = 0.1;
/// Numbers of rows beyond so many times their spread are cut off.
const REACH: f32 = 3.0;
/// Steps on either side of zero.
const STEPS: f32 = 7.5;
/// The length of the first steps; the last are a twentieth of it.
const RATE: f32 = 0.1;
/// The share of n-grams that is not heard in a step.
const DROPPED: f32 = 0.6;
/// The share of the vector that is not heard in a step.
const MASKED: f32 = 0.1;
/// The share of characters that are heard as another that sounds alike.
const SLIPS: f32 = 0.02;
/// The share of complaints and enquiries that are heard as long letters: several of a kind, one after the other.
const LETTERS: f32 = 0.2;
/// The most texts that are added for a letter.
const LETTER_TEXTS: usize = 10;
/// How often the line is heard, so that it stays a weak prior (C3).
const LINE_HEARD: f32 = 0.5;

/// One text and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The line that was dialled.
    pub line: Line,
    /// What was said.
    pub text: String,
    /// What it is about.
    pub kind: Kind,
    /// Who is needed.
    pub agencies: AgencySet,
    /// How urgent.
    pub priority: Priority,
    /// What it asks of the centre.
    pub nature: Nature,
}

/// The bytes of a model that has learnt the samples through the concepts of a lexicon. The lexicon's own model is not asked.
pub fn train(lexicon: &Lexicon, samples: &[Sample]) -> Vec<u8> {
    let mut reader = Reader::new(lexicon);
    let mut counts = Counts::default();
    let mut hashes = Vec::new();
    for sample in samples {
        reader.read(&sample.text);
        reader.hashes(sample.line, true, &mut hashes);
        counts.add(kind_of(sample), &mut hashes);
    }
    let wanted: Vec<u32> = reader.names.iter().map(|&(_, hash)| hash).collect();
    let (buckets, rows) = counts.place(&wanted);
    let mut model = Model {
        buckets: buckets.into(),
        rows: vec![[0; ROW_BYTES]; rows].into(),
        half_step: 0,
        vector_bias: [0; WIDTH],
        weights: Box::default(),
        bias: Box::default(),
        of_kind: Box::default(),
    };
    let net = learn(&mut reader, &mut model, samples, rows);
    round(&net, &mut model);
    model.to_bytes()
}

/// Reads texts as calls are read, and gives the hashes of all that a model can hear in them.
struct Reader<'a> {
    lexicon: &'a Lexicon,
    scratch: Scratch,
    /// Concepts and the hashes of their names.
    names: Vec<(u8, u32)>,
}

impl<'a> Reader<'a> {
    fn new(lexicon: &'a Lexicon) -> Reader<'a> {
        let names = lexicon.tables.concepts.iter().enumerate();
        Reader {
            lexicon,
            scratch: Scratch::new(),
            names: names
                .map(|(at, name)| (at as u8, tokens::named(&super::concept_name(name))))
                .collect(),
        }
    }

    fn read(&mut self, text: &str) {
        let (tables, scratch) = (&self.lexicon.tables, &mut self.scratch);
        scratch.begin(tables.cues.len());
        scan::scan(tables, scan::bounded(text).0, scratch);
        tokens::tokens(&scratch.letters, &mut scratch.tokens);
    }

    fn hashes(&self, line: Line, with_line: bool, out: &mut Vec<u32>) {
        out.clear();
        let tokens = &self.scratch.tokens;
        tokens::grams(tokens, 0..tokens.len(), |hash, _| out.push(hash));
        out.extend(
            tokens::edges(tokens)
                .into_iter()
                .flatten()
                .map(|(hash, _)| hash),
        );
        out.push(tokens::length(tokens.len()));
        let heard = self.names.iter();
        out.extend(
            heard
                .filter(|(concept, _)| self.scratch.concepts.contains(*concept))
                .map(|(_, hash)| hash),
        );
        if with_line {
            out.push(tokens::named(&super::line_name(line)));
        }
    }
}

/// Whether it is a matter that people write letters about.
fn is_calm(sample: &Sample) -> bool {
    matches!(sample.nature, Nature::Complaint | Nature::Enquiry)
}

fn kind_of(sample: &Sample) -> usize {
    (sample.kind as usize).saturating_sub(1)
}

fn learn(reader: &mut Reader<'_>, model: &mut Model, samples: &[Sample], rows: usize) -> Net {
    let homophones = Homophones::new();
    let mut random = Random::new(SEED);
    let mut net = Net::new(rows, &mut random);
    let mut squares = net.squares();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let (mut whole, mut text, mut hashes) = (String::new(), String::new(), Vec::new());
    let mut calm: Vec<Vec<usize>> = vec![Vec::new(); KINDS];
    for (at, sample) in samples.iter().enumerate() {
        if is_calm(sample) {
            calm[kind_of(sample)].push(at);
        }
    }
    let (mut all, mut kept): (Vec<u16>, Vec<u16>) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + ROUNDS_AFTER {
        random.shuffle(&mut order);
        if round == ROUNDS {
            settle(&mut net, model);
        }
        let left = 1.0 - round as f32 / ROUNDS as f32;
        let rate = RATE
            * if net.fixed {
                RATE_AFTER
            } else {
                left.max(0.05)
            };
        for &at in &order {
            let sample = &samples[at];
            whole.clear();
            whole.push_str(&sample.text);
            if is_calm(sample) && random.share() < LETTERS {
                let others = &calm[kind_of(sample)];
                for _ in 0..1 + random.below(LETTER_TEXTS) {
                    whole.push('\n');
                    whole.push_str(&samples[others[random.below(others.len())]].text);
                }
            }
            text.clear();
            text.extend(whole.chars().map(|c| {
                if random.share() < SLIPS {
                    homophones.another(c, &mut random).unwrap_or(c)
                } else {
                    c
                }
            }));
            reader.read(&text);
            let with_line = random.share() < LINE_HEARD;
            reader.hashes(sample.line, with_line, &mut hashes);
            all.clear();
            all.extend(
                hashes
                    .iter()
                    .map(|&hash| model.row(hash))
                    .filter(|&row| row != 0),
            );
            kept.clear();
            kept.extend(all.iter().filter(|_| random.share() >= DROPPED));
            let mask = std::array::from_fn(|_| {
                if random.share() < MASKED {
                    0.0
                } else {
                    1.0 / (1.0 - MASKED)
                }
            });
            let target = Target {
                kind: kind_of(sample),
                agencies: sample
                    .agencies
                    .iter()
                    .fold(0, |bits, agency| bits | 1 << agency as u32),
                priority: sample.priority.index(),
                nature: sample.nature as usize,
            };
            net.learn(
                &mut squares,
                &kept,
                (all.len(), DROPPED),
                &mask,
                &target,
                rate,
            );
        }
    }
    net
}

/// Rounds the rows to their steps, in the model and while it learns on.
fn settle(net: &mut Net, model: &mut Model) {
    let unit = (1u32 << STEP_BITS) as f32;
    let half = (net.spread() * REACH / STEPS / 2.0 * unit).round();
    model.half_step = half as u32;
    let step = 2.0 * half / unit;
    let rounded = |number: f32| ((number / step).floor() + 8.0).clamp(0.0, 15.0) as u8;
    for (own, numbers) in model.rows.iter_mut().zip(&mut net.rows) {
        for at in 0..ROW_BYTES {
            own[at] = rounded(numbers[at]) | rounded(numbers[at + ROW_BYTES]) << 4;
        }
        for number in numbers {
            *number = (f32::from(rounded(*number)) - STEPS) * step;
        }
    }
    net.fixed = true;
}

/// The other learnt numbers as whole ones.
fn round(net: &Net, model: &mut Model) {
    let whole = |number: f32, bits: u32, limit: f32| {
        (number * (1u32 << bits) as f32)
            .round()
            .clamp(-limit, limit)
    };
    model.vector_bias = net
        .vector_bias
        .map(|number| whole(number, VECTOR_BITS, 32_767.0) as i32);
    model.weights = net
        .weights
        .iter()
        .map(|row| row.map(|number| whole(number, WEIGHT_BITS, 32_767.0) as i16))
        .collect();
    model.bias = net
        .bias
        .iter()
        .map(|&number| whole(number, UNIT_BITS, 1e6) as i32)
        .collect();
    model.of_kind = net
        .of_kind
        .iter()
        .map(|row| row.map(|number| whole(number, UNIT_BITS, 32_767.0) as i16))
        .collect();
}
