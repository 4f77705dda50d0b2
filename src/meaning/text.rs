//! One side of a comparison: a text, its lines, and what of it may not be shown.

use std::borrow::Cow;
use std::ops::Range;

use crate::credential::masked;

/// A text, and what is looked up in it.
pub(super) struct Text<'a> {
    /// The text itself.
    pub(super) text: &'a str,
    masked: Cow<'a, str>,
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    /// Looks through `text` once.
    pub(super) fn new(text: &'a str) -> Text<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Text { text, masked: masked(text), starts }
    }

    /// The line, counted from 1, on which `byte` stands.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|it| *it <= byte)
    }

    /// Whether something that looks like a credential stands in these bytes.
    pub(super) fn hides(&self, bytes: &Range<usize>) -> bool {
        self.masked.get(bytes.clone()) != self.text.get(bytes.clone())
    }
}
