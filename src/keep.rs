//! Blocks of a generated file that are its owner's: the lines between `# forge:keep NAME` and `# forge:end`. forge places
//! them empty; what people write in them is never drift, and goes along when the rest of the file changes.

use std::collections::BTreeMap;
use std::ops::Range;

/// What is in the blocks of a text, by their names. A block that begins twice under one name, holds another or has no end is
/// none: its lines are like all others.
///
/// ```
/// let text = "# forge:keep http\ngzip on;\n# forge:end\n";
/// assert_eq!(forge::keep::bodies(text)["http"], "gzip on;\n");
/// ```
pub fn bodies(text: &str) -> BTreeMap<&str, &str> {
    blocks(text).into_iter().map(|(name, body)| (name, &text[body])).collect()
}

/// `text` with `bodies` in its blocks of their names; blocks that have no body there stay as they are.
///
/// ```
/// let text = "# forge:keep a\n# forge:end\n# forge:keep b\n# forge:end\n";
/// let bodies = std::collections::BTreeMap::from([("b", "mine\n")]);
/// let filled = "# forge:keep a\n# forge:end\n# forge:keep b\nmine\n# forge:end\n";
/// assert_eq!(forge::keep::filled(text, &bodies), filled);
/// ```
pub fn filled(text: &str, bodies: &BTreeMap<&str, &str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (name, range) in blocks(text) {
        let Some(body) = bodies.get(name) else { continue };
        out.push_str(&text[at..range.start]);
        out.push_str(body);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// The name of each block, and the bytes of what is in it, in order.
fn blocks(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
    let mut whole = Vec::new();
    let mut open = None;
    let mut at = 0;
    // Most files have none, and of large ones it takes time to look at each line.
    let text = if text.contains("forge:keep") { text } else { "" };
    for line in text.split_inclusive('\n') {
        at += line.len();
        match mark(line) {
            Some(Mark::Keep(name)) => {
                *begun.entry(name).or_default() += 1;
                open = Some((name, at));
            }
            Some(Mark::End) => whole.extend(open.take().map(|(name, from)| (name, from..at - line.len()))),
            None => {}
        }
    }
    whole.retain(|(name, _)| begun[name] == 1);
    whole
}

enum Mark<'a> {
    Keep(&'a str),
    End,
}

fn mark(line: &str) -> Option<Mark<'_>> {
    let words = line.trim().strip_prefix('#')?.trim_start().strip_prefix("forge:")?;
    match words.split_once(char::is_whitespace) {
        None if words == "end" => Some(Mark::End),
        Some(("keep", name)) => Some(Mark::Keep(name.trim())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_blocks_of_one_name_are_blocks() {
        for (text, found) in [
            ("# forge:keep a\n1\n# forge:end\n", vec![("a", "1\n")]),
            ("  # forge:keep a b \r\n  1\r\n  # forge:end\r\n2\n", vec![("a b", "  1\r\n")]),
            ("#forge:keep a\n#forge:end", vec![("a", "")]),
            ("# forge:keep a\n1\n", vec![]),
            ("# forge:end\n# forge:keep a\n", vec![]),
            ("# forge:keep a\n1\n# forge:end\n# forge:keep a\n2\n# forge:end\n", vec![]),
            ("# forge:keep a\n1\n# forge:keep b\n2\n# forge:end\n3\n# forge:end\n", vec![("b", "2\n")]),
            ("# forge:keep\n# forge:keeper\n# forge:ending\n# forge:end of\n", vec![]),
        ] {
            assert_eq!(bodies(text).into_iter().collect::<Vec<_>>(), found, "{text:?}");
        }
    }

    #[test]
    fn what_is_put_in_is_what_is_found_in() {
        let text = "a\n# forge:keep x\nold\n# forge:end\nb\n# forge:keep y\n# forge:end\n";
        let bodies = BTreeMap::from([("x", ""), ("y", "new\n"), ("z", "nowhere\n")]);
        let text = filled(text, &bodies);
        assert_eq!(text, "a\n# forge:keep x\n# forge:end\nb\n# forge:keep y\nnew\n# forge:end\n");
        assert_eq!(super::bodies(&text), BTreeMap::from([("x", ""), ("y", "new\n")]));
    }
}
