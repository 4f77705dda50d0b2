//! Old and new lines beside each other, on a wide terminal.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::human::paint;
use crate::report::Look;
use crate::review::Hunk;

/// How far a tab goes.
const TAB: usize = 8;

/// Two columns with the names of the sides.
pub(super) fn heading(names: &(String, String), look: Look, out: &mut String) {
    row(&names.0, &names.1, look, ("1", "1"), ' ', out);
}

/// The lines of a hunk in two columns: those that go on the left, those that come on the right, and what replaces what beside
/// each other.
pub(super) fn hunk(hunk: &Hunk, look: Look, out: &mut String) {
    let mut pending: (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let flush = |pending: &mut (Vec<&str>, Vec<&str>), out: &mut String| {
        for index in 0..pending.0.len().max(pending.1.len()) {
            let (old, new) = (pending.0.get(index), pending.1.get(index));
            let mark = match (old, new) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            row(old.unwrap_or(&""), new.unwrap_or(&""), look, ("31", "32"), mark, out);
        }
        *pending = (Vec::new(), Vec::new());
    };
    for line in &hunk.lines {
        let text = line.get(1..).unwrap_or_default();
        match line.as_bytes().first() {
            Some(b'-') => pending.0.push(text),
            Some(b'+') => pending.1.push(text),
            // That a text ends without a line end is for patches.
            Some(b'\\') => {}
            _ => {
                flush(&mut pending, out);
                row(text, text, look, ("", ""), ' ', out);
            }
        }
    }
    flush(&mut pending, out);
}

/// One line, or as many as the longer side needs: nothing is cut off.
fn row(old: &str, new: &str, look: Look, codes: (&str, &str), mark: char, out: &mut String) {
    let column = look.width.saturating_sub(3) / 2;
    let (old, new) = (wrapped(old, column), wrapped(new, column));
    for index in 0..old.len().max(new.len()) {
        let side = |lines: &[String], code: &str| {
            let line = lines.get(index).map_or("", String::as_str);
            (paint(look.color && !line.is_empty(), code, line), " ".repeat(column - line.width().min(column)))
        };
        let ((left, fill), (right, _)) = (side(&old, codes.0), side(&new, codes.1));
        let line = format!("{left}{fill} {mark} {right}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// A line in pieces that are no wider than `columns`; wide characters count as two, tabs go on to the next stop.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut at = 0;
    for character in line.chars() {
        let width = if character == '\t' { TAB - at % TAB } else { character.width().unwrap_or_default() };
        if at + width > columns && at > 0 {
            lines.push(String::new());
            at = 0;
        }
        let last = lines.last_mut().expect("there is one from the beginning");
        if character == '\t' {
            last.extend(std::iter::repeat_n(' ', width.min(columns)));
        } else {
            last.push(character);
        }
        at += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Party;
    use crate::review::Lines;

    fn shown(lines: &[&str], width: usize) -> String {
        let lines = lines.iter().map(|it| (*it).to_owned()).collect();
        let place = Lines { start: 1, count: 1 };
        let it = Hunk { by: vec![Party::Spec], conflict: false, stays: false, old: place, new: place, lines };
        let mut out = String::new();
        hunk(&it, Look { color: false, width }, &mut out);
        out
    }

    #[test]
    fn what_replaces_what_stands_beside_it() {
        let text = shown(&[" same", "-old", "-gone", "+new", " end", "+more"], 23);
        let expected = "same         same\nold        | new\ngone       <\nend          end\n           > more\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn wide_characters_and_tabs_take_the_room_that_they_need() {
        let text = shown(&["-日本語日本", "+a\tb", "-e\u{301}e\u{301}"], 19);
        assert_eq!(text, "日本語日 | a\n本       | b\ne\u{301}e\u{301}       <\n");
        for line in text.lines() {
            assert!(line.width() <= 19, "{line}");
        }
    }
}
