//! Numbers as the tables write them, read from their digits: no float stands between the text and the integer.
//!
//! A float would turn 0.0005 into something a hair above or below, and half-up rounding into a matter of the machine. Here
//! `12.3455` seconds are 12 346 ms and `1e-3` is one thousandth, exactly, whatever wrote it.

/// More digits than this are no number of ours; what Python or Julia prints has 17 and an exponent.
const DIGITS_MAX: usize = 64;
/// A power of ten beyond which everything is zero or too much.
const EXPONENT_MAX: i32 = 400;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// The value times the scale asked for, rounded half up (away from zero); beyond `i64` it saturates.
    Scaled(i64),
    /// `NaN`, `inf` and their like: numbers to whoever wrote them, none to us.
    NotFinite,
}

/// The number in a field, times `10^places`, rounded half away from zero; `None` when it is no number.
pub(super) fn scaled(text: &str, places: i32) -> Option<Decimal> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if ["nan", "inf", "infinity"]
        .iter()
        .any(|word| digits.eq_ignore_ascii_case(word))
    {
        return Some(Decimal::NotFinite);
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], exponent(&digits[at + 1..])?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let count = whole.len() + fraction.len();
    if count == 0
        || count > DIGITS_MAX
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // The value is 0.d₁d₂d₃… × 10^point, so the first `point + places` digits make the integer and the next one rounds.
    let kept = whole.len() as i32 + exponent + places;
    let magnitude = leading(whole.bytes().chain(fraction.bytes()), kept);
    Some(Decimal::Scaled(if negative {
        magnitude.saturating_neg()
    } else {
        magnitude
    }))
}

fn exponent(text: &str) -> Option<i32> {
    let value: i32 = text.parse().ok()?;
    Some(value.clamp(-EXPONENT_MAX, EXPONENT_MAX))
}

/// The integer that the first `kept` digits make, zeros behind them where there are fewer, rounded by the next.
fn leading(digits: impl Iterator<Item = u8>, kept: i32) -> i64 {
    if kept < 0 {
        return 0;
    }
    let mut value: i64 = 0;
    let mut digits = digits.map(|byte| i64::from(byte - b'0'));
    for _ in 0..kept {
        let digit = digits.next().unwrap_or(0);
        value = value.saturating_mul(10).saturating_add(digit);
    }
    value.saturating_add(i64::from(digits.next().unwrap_or(0) >= 5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(text: &str) -> Option<Decimal> {
        scaled(text, 3)
    }

    #[test]
    fn seconds_become_milliseconds_half_up() {
        for (text, expected) in [
            ("0", 0),
            ("12.3455", 12_346),
            ("12.3454999999", 12_345),
            ("0.0005", 1),
            ("0.0004999999999999999", 0),
            ("5e-4", 1),
            ("1E3", 1_000_000),
            (" 7. ", 7_000),
            (".5", 500),
            ("-0.0005", -1),
            ("+2", 2_000),
            ("2.424599640283373", 2_425),
            ("1e400", i64::MAX),
            ("0e400", 0),
            ("-1e300", -i64::MAX),
            ("1e-400", 0),
            ("1e99999999", i64::MAX),
        ] {
            assert_eq!(ms(text), Some(Decimal::Scaled(expected)), "{text}");
        }
        for text in ["NaN", "nan", "-inf", "Infinity"] {
            assert_eq!(ms(text), Some(Decimal::NotFinite), "{text}");
        }
        for text in [
            "", "-", ".", "1,5", "1.2.3", "abc", "0x10", "1e", "--1", "１",
        ] {
            assert_eq!(ms(text), None, "{text}");
        }
    }

    proptest! {
        /// The twin: a fraction in wide integers.
        #[test]
        fn the_digits_say_the_same_as_a_fraction(whole in 0u64..1_000_000, fraction in 0u64..1_000_000_000) {
            let text = format!("{whole}.{fraction:09}");
            let exact = u128::from(whole) * 1_000_000_000 + u128::from(fraction);
            let expected = (exact + 500_000) / 1_000_000;
            prop_assert_eq!(ms(&text), Some(Decimal::Scaled(expected as i64)));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", places in -20i32..20) {
            scaled(&text, places);
        }
    }
}
