//! What a text of `.env` has to be to be a variable's. The entrypoints of images judge alike: they are templates, one for each
//! language, and `tests/values.rs` shows all of them the same texts.

use crate::project::{Variable, VariableType};

/// Whether `text` can be the value of `variable`. An empty text is no value at all, and nothing is wrong with it.
pub fn fits(variable: &Variable, text: &str) -> bool {
    let kind = variable.kind;
    text.is_empty()
        || match kind {
            VariableType::String => true,
            VariableType::Boolean => text == "true" || text == "false",
            VariableType::Url => is_url(text),
            VariableType::Email => is_email(text),
            VariableType::OneOf => variable.values.iter().any(|it| it == text),
            VariableType::Integer | VariableType::Duration => amount(kind, text).is_some_and(|it| {
                variable.min.is_none_or(|least| least <= it) && variable.max.is_none_or(|most| it <= most)
            }),
        }
}

/// Whether a variable is one that compose, the engine or its builder reads for itself.
pub fn is_composes(name: &str) -> bool {
    ["COMPOSE_", "DOCKER_", "BUILDKIT_"].iter().any(|it| name.starts_with(it))
}

/// What a variable holds, in words: `an integer from 1 to 10`.
pub fn wanted(variable: &Variable) -> String {
    let kind = variable.kind;
    let shown = |it: i64| shown(kind, it);
    let bounds = match (variable.min, variable.max) {
        (None, None) => String::new(),
        (Some(min), None) => format!(" of at least {}", shown(min)),
        (None, Some(max)) => format!(" of at most {}", shown(max)),
        (Some(min), Some(max)) => format!(" from {} to {}", shown(min), shown(max)),
    };
    match kind {
        VariableType::String => "text".to_owned(),
        VariableType::Integer => format!("an integer{bounds}"),
        VariableType::Boolean => "true or false".to_owned(),
        VariableType::Url => "a URL".to_owned(),
        VariableType::Email => "an e-mail address".to_owned(),
        VariableType::Duration => format!("a duration{bounds}, like 1h30m or 500ms"),
        VariableType::OneOf => format!("one of {}", variable.values.join(", ")),
    }
}

/// An integer as it is, a duration in milliseconds; `None` where `text` is none.
pub fn amount(kind: VariableType, text: &str) -> Option<i64> {
    match kind {
        VariableType::Integer => integer(text),
        VariableType::Duration => duration(text),
        _ => None,
    }
}

/// Every program and shell can count that far.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0'))).then(|| text.parse().ok())?
}

/// The units of a duration, from the largest, with their milliseconds.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

fn duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0;
    for (unit, milliseconds) in UNITS {
        let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len() - after.trim_start_matches(|it: char| it.is_ascii_lowercase()).len();
        if (1..=6).contains(&digits) && &after[..letters] == unit {
            total += number.parse::<i64>().ok()? * milliseconds;
            rest = &after[letters..];
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|it: char| it.is_ascii_alphabetic())
            && scheme.bytes().all(|it| it.is_ascii_alphanumeric() || b"+.-".contains(&it))
            && !rest.is_empty()
            && rest.bytes().all(|it| it.is_ascii_graphic() && !b"\"<>\\`".contains(&it))
    })
}

/// As HTML has it for its fields, but for the length of labels.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        let label = |it: &str| {
            !it.is_empty()
                && !it.starts_with('-')
                && !it.ends_with('-')
                && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        };
        !name.is_empty()
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_{|}~-".contains(&it))
            && host.split('.').all(label)
    })
}

/// An amount as people write it.
fn shown(kind: VariableType, amount: i64) -> String {
    if kind != VariableType::Duration || amount == 0 {
        return if kind == VariableType::Duration { "0s".to_owned() } else { amount.to_string() };
    }
    let mut rest = amount;
    let mut out = String::new();
    for (unit, milliseconds) in UNITS {
        if rest >= milliseconds {
            out += &format!("{}{unit}", rest / milliseconds);
            rest %= milliseconds;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_milliseconds_and_shown_as_it_is_written() {
        for (text, count) in [("500ms", 500), ("1h30m", 5_400_000), ("7d", 604_800_000), ("1m1ms", 60_001), ("0s", 0)] {
            assert_eq!(amount(VariableType::Duration, text), Some(count), "{text}");
            assert_eq!(shown(VariableType::Duration, count), text);
        }
    }

    #[test]
    fn what_is_wanted_is_said_with_its_bounds() {
        let of = |kind, min, max| Variable { kind, min, max, ..Variable::default() };
        assert_eq!(wanted(&of(VariableType::Integer, Some(1), Some(9))), "an integer from 1 to 9");
        assert_eq!(wanted(&of(VariableType::Integer, None, Some(9))), "an integer of at most 9");
        assert_eq!(
            wanted(&of(VariableType::Duration, Some(1000), None)),
            "a duration of at least 1s, like 1h30m or 500ms"
        );
    }
}
