//! What a file speaks of, as subjects with facts.

use std::ops::Range;

use super::Cost;
use super::words::Words;

/// Something that a file speaks of: a service, a stage, a server, an object.
pub(super) struct Subject {
    /// What makes it the same one in both texts, the surest first: where that has no partner, the next one is asked.
    pub(super) ids: Vec<String>,
    /// What people call it.
    pub(super) at: String,
    /// What it is: `service`. Empty for what is always there, such as the file itself: its facts are said one by one.
    pub(super) noun: &'static str,
    /// The subject that it is a part of, by its place in the list; that one stands before it.
    pub(super) parent: Option<usize>,
    /// What it means for security, or data, that it is there.
    pub(super) risk: Risk,
    /// What is said of it.
    pub(super) facts: Vec<Fact>,
    /// What stands in it in an order that counts, whatever else may stand in between.
    pub(super) order: Vec<String>,
    /// What it has not that protects others of its kind: worth a word where the whole subject comes, and gives something up.
    pub(super) lacks: Vec<&'static str>,
    /// What its going leaves behind, in words; empty for most.
    pub(super) behind: &'static str,
    /// Where it is named.
    pub(super) bytes: Range<usize>,
}

/// One thing that is said of a subject.
pub(super) struct Fact {
    /// How it is put into words.
    pub(super) words: &'static Words,
    /// Which one of its kind it is: the name of a variable, a path in a container. Facts of one kind and key are alike.
    pub(super) key: String,
    /// What is compared: equal for all spellings of one meaning.
    pub(super) value: String,
    /// What is shown for it.
    pub(super) shown: String,
    /// What it means for security.
    pub(super) risk: Risk,
    /// Whether it is worth a word where the whole subject comes.
    pub(super) main: bool,
    /// The fact, by kind and key, that it is a detail of: not worth a word where that one comes or goes.
    pub(super) of: Option<(&'static Words, String)>,
    /// Whether it is so without a word: where the other text says nothing of it, nothing is different.
    pub(super) is_default: bool,
    /// Where it stands.
    pub(super) bytes: Range<usize>,
}

/// How much security, or data, is given up, in any measure, as long as it grows: with a fact as it is, and without it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Risk {
    here: f64,
    without: f64,
    /// Whether any other one gives something up, better or worse.
    other: bool,
    /// What is given up.
    cost: Cost,
}

impl Risk {
    /// Nothing to do with security.
    pub(super) const NONE: Risk = Risk::of(0.0, 0.0);
    /// To have it gives something up.
    pub(super) const GRANTS: Risk = Risk::of(1.0, 0.0);
    /// To have it protects.
    pub(super) const GUARDS: Risk = Risk::of(0.0, 1.0);
    /// Only that it is another one gives something up, whichever it is: data that belongs to the one is lost on the other.
    pub(super) const OTHER: Risk = Risk { other: true, cost: Cost::Data, ..Risk::NONE };
    /// To have it keeps data.
    pub(super) const KEEPS: Risk = Risk { cost: Cost::Data, ..Risk::GUARDS };

    /// So much is given up with it, and so much without.
    pub(super) const fn of(here: f64, without: f64) -> Risk {
        Risk { here, without, other: false, cost: Cost::Security }
    }

    /// Only another value of it can give something up.
    pub(super) fn level(here: f64) -> Risk {
        Risk::of(here, here)
    }

    /// A limit: the higher, the worse; worst where there is none. Of one that nobody knows only the end is known to matter.
    pub(super) fn limit(limit: Option<f64>) -> Risk {
        Risk::of(limit.unwrap_or(f64::NAN), f64::INFINITY)
    }

    /// What is given up to get from the one to the other.
    pub(super) fn cost(before: Option<Risk>, after: Option<Risk>) -> Option<Cost> {
        let gives_up = match (before, after) {
            // From a limit that nobody knows to none.
            (Some(before), None) if before.here.is_nan() => before.without.is_infinite(),
            (Some(before), None) => before.without > before.here,
            (None, Some(after)) => after.here > after.without,
            (Some(before), Some(after)) => after.here > before.here || before.other && after.other,
            (None, None) => false,
        };
        after.or(before).map(|it| it.cost).filter(|_| gives_up)
    }
}

impl Subject {
    /// A subject without facts.
    pub(super) fn new(noun: &'static str, at: impl Into<String>, bytes: Range<usize>) -> Subject {
        let at = at.into();
        let (facts, order, lacks) = (Vec::new(), Vec::new(), Vec::new());
        Subject {
            ids: vec![at.clone()],
            at,
            noun,
            parent: None,
            risk: Risk::NONE,
            facts,
            order,
            lacks,
            behind: "",
            bytes,
        }
    }

    /// Says something of it; what comes back can be said in more detail.
    pub(super) fn say(
        &mut self,
        words: &'static Words,
        key: impl Into<String>,
        value: impl Into<String>,
        bytes: &Range<usize>,
    ) -> &mut Fact {
        let value = value.into();
        let (key, shown, bytes) = (key.into(), value.clone(), bytes.clone());
        let (risk, main, of, is_default) = (Risk::NONE, false, None, false);
        self.facts.push(Fact { words, key, value, shown, risk, main, of, is_default, bytes });
        self.facts.last_mut().expect("it was put there just now")
    }
}

impl Fact {
    /// What it means for security.
    pub(super) fn risk(&mut self, risk: Risk) -> &mut Fact {
        self.risk = risk;
        self
    }

    /// Shows something else than what is compared.
    pub(super) fn shown(&mut self, shown: impl Into<String>) -> &mut Fact {
        self.shown = shown.into();
        self
    }

    /// Worth a word where the whole subject comes.
    pub(super) fn main(&mut self) -> &mut Fact {
        self.main = true;
        self
    }

    /// A detail of another fact.
    pub(super) fn of(&mut self, words: &'static Words, key: impl Into<String>) -> &mut Fact {
        self.of = Some((words, key.into()));
        self
    }

    /// Its kind and key.
    pub(super) fn name(&self) -> (&'static str, &str) {
        (self.words.what, &self.key)
    }

    /// The kind and key of what it is a detail of.
    pub(super) fn owner(&self) -> Option<(&'static str, &str)> {
        self.of.as_ref().map(|(words, key)| (words.what, key.as_str()))
    }
}
