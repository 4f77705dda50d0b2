//! Blocks that somebody put elsewhere.

use std::ops::Range;

use super::{Change, changes};

/// What is shorter is no block: lines such as `}` are everywhere.
const FEWEST_LINES: usize = 3;

/// How many blocks are followed.
const MOST_MOVES: usize = 32;

/// `base` and `theirs` with each block where `ours` has put it; `None` if it moved none, or none that can be followed.
///
/// A block is lines that went from one place and came at another, unchanged.
pub(super) fn followed(base: &str, ours: &str, theirs: &str) -> Option<(String, String)> {
    let mut pair = None;
    for _ in 0..MOST_MOVES {
        let (base, theirs) = pair.as_ref().map_or((base, theirs), |(a, b): &(String, String)| (a, b));
        let Some(next) = one(base, ours, theirs) else { break };
        pair = Some(next);
    }
    pair
}

/// The first block that can be followed, followed.
fn one(base: &str, ours: &str, theirs: &str) -> Option<(String, String)> {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (was, our, their) = (lines(base), lines(ours), lines(theirs));
    let (moved, asked) = (changes(base, ours), changes(base, theirs));
    let came: Vec<&Change> = moved.iter().filter(|it| it.text.len() >= FEWEST_LINES).collect();
    moved.iter().filter(|it| it.base.len() >= FEWEST_LINES).find_map(|gone| {
        let block = &was[gone.base.clone()];
        let to = came.iter().find_map(|it| {
            let inside = our[it.text.clone()].windows(block.len()).any(|it| it == block);
            (inside && it.base != gone.base).then_some(it.base.start)
        })?;
        let (start, end) = (there(gone.base.start, &asked)?, there(gone.base.end, &asked)?);
        Some((put(&was, gone.base.clone(), to), put(&their, start..end, there(to, &asked)?)))
    })
}

/// The line of a text that was line `at` of the base; `None` where that is inside of what changed.
fn there(at: usize, changes: &[Change]) -> Option<usize> {
    let before = changes.iter().take_while(|it| it.base.end <= at);
    let last = before.last();
    let is_inside = changes.iter().any(|it| it.base.start < at && at < it.base.end);
    let line = last.map_or(at, |it| it.text.end + at - it.base.end);
    (!is_inside).then_some(line)
}

/// A text with `block` before what is line `to` of it, instead of where it is.
fn put(lines: &[&str], block: Range<usize>, to: usize) -> String {
    let mut order: Vec<usize> = (0..lines.len()).filter(|it| !block.contains(it)).collect();
    let at = order.iter().position(|it| *it >= to).unwrap_or(order.len());
    order.splice(at..at, block);
    order.into_iter().map(|it| lines[it]).collect()
}
