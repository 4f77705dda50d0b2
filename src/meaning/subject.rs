//! What a file speaks of, as subjects with facts, and how two readings of it are compared.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Meaning;
use super::text::Text;
use super::words::{self, Words};

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
    /// What it means for security that it is there.
    pub(super) risk: Risk,
    /// What is said of it.
    pub(super) facts: Vec<Fact>,
    /// What stands in it in an order that counts, whatever else may stand in between.
    pub(super) order: Vec<String>,
    /// What it has not that protects others of its kind: worth a word where the whole subject comes, and gives something up.
    pub(super) lacks: Vec<&'static str>,
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

/// How much security is given up, in any measure, as long as it grows: with a fact as it is, and without it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Risk {
    here: f64,
    without: f64,
}

impl Risk {
    /// Nothing to do with security.
    pub(super) const NONE: Risk = Risk { here: 0.0, without: 0.0 };
    /// To have it gives something up.
    pub(super) const GRANTS: Risk = Risk { here: 1.0, without: 0.0 };
    /// To have it protects.
    pub(super) const GUARDS: Risk = Risk { here: 0.0, without: 1.0 };

    /// So much is given up with it, and so much without.
    pub(super) fn of(here: f64, without: f64) -> Risk {
        Risk { here, without }
    }

    /// Only another value of it can give something up.
    pub(super) fn level(here: f64) -> Risk {
        Risk { here, without: here }
    }

    /// A limit: the higher, the worse; worst where there is none. Of one that nobody knows only the end is known to matter.
    pub(super) fn limit(limit: Option<f64>) -> Risk {
        Risk { here: limit.unwrap_or(f64::NAN), without: f64::INFINITY }
    }

    /// Whether it gives something up to get from the one to the other.
    fn loosens(before: Option<Risk>, after: Option<Risk>) -> bool {
        match (before, after) {
            // From a limit that nobody knows to none.
            (Some(before), None) if before.here.is_nan() => before.without.is_infinite(),
            (Some(before), None) => before.without > before.here,
            (None, Some(after)) => after.here > after.without,
            (Some(before), Some(after)) => after.here > before.here,
            (None, None) => false,
        }
    }
}

impl Subject {
    /// A subject without facts.
    pub(super) fn new(noun: &'static str, at: impl Into<String>, bytes: Range<usize>) -> Subject {
        let at = at.into();
        let (facts, order, lacks) = (Vec::new(), Vec::new(), Vec::new());
        Subject { ids: vec![at.clone()], at, noun, parent: None, risk: Risk::NONE, facts, order, lacks, bytes }
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

    fn name(&self) -> (&'static str, &str) {
        (self.words.what, &self.key)
    }

    fn owner(&self) -> Option<(&'static str, &str)> {
        self.of.as_ref().map(|(words, key)| (words.what, key.as_str()))
    }
}

/// A text with its subjects.
type Side<'s, 't> = (&'s Text<'t>, &'s [Subject]);

/// What is different between two readings.
pub(super) fn compare(before: (&Text<'_>, Vec<Subject>), after: (&Text<'_>, Vec<Subject>)) -> Vec<Meaning> {
    let (before, after) = ((before.0, before.1.as_slice()), (after.0, after.1.as_slice()));
    let partners = partners(before.1, after.1);
    let mut out = Vec::new();
    let mut kept = vec![false; before.1.len()];
    for (index, subject) in after.1.iter().enumerate() {
        match partners[index] {
            Some(old) => {
                kept[old] = true;
                differences((before.0, &before.1[old]), (after.0, subject), &mut out);
            }
            None => one_sided(after, index, |it| partners[it].is_some(), Came::Here, &mut out),
        }
    }
    for index in (0..before.1.len()).filter(|it| !kept[*it]) {
        one_sided(before, index, |it| kept[it], Came::Gone, &mut out);
    }
    out.sort_by_key(|it| (!it.loosens, it.line));
    out
}

/// For each subject after, the one before that it was. Parts belong together where what they are parts of does; those of
/// one identity go by their order.
fn partners(before: &[Subject], after: &[Subject]) -> Vec<Option<usize>> {
    let (old, new) = (parts(before), parts(after));
    let mut out = vec![None; after.len()];
    let mut wholes = vec![(None, None)];
    while let Some((of_old, of_new)) = wholes.pop() {
        let (Some(old), Some(new)) = (old.get(&of_old), new.get(&of_new)) else { continue };
        let mut taken = HashSet::new();
        let rounds = new.iter().map(|it| after[*it].ids.len()).max().unwrap_or_default();
        for round in 0..rounds {
            let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
            for index in old.iter().rev().filter(|it| !taken.contains(*it)) {
                let Some(id) = before[*index].ids.get(round) else { continue };
                known.entry(id).or_default().push(*index);
            }
            for index in new {
                let id = after[*index].ids.get(round).filter(|_| out[*index].is_none());
                if let Some(partner) = id.and_then(|it| known.get_mut(it.as_str())).and_then(Vec::pop) {
                    out[*index] = Some(partner);
                    taken.insert(partner);
                    wholes.push((Some(partner), Some(*index)));
                }
            }
        }
    }
    out
}

/// The parts of each subject, and under `None` what is part of nothing.
fn parts(subjects: &[Subject]) -> HashMap<Option<usize>, Vec<usize>> {
    let mut out: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        out.entry(subject.parent).or_default().push(index);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Here,
    Gone,
}

/// A subject that only one text has: said once, with what matters of it and of its parts.
fn one_sided(
    side: Side<'_, '_>,
    index: usize,
    has_partner: impl Fn(usize) -> bool,
    came: Came,
    out: &mut Vec<Meaning>,
) {
    let (text, subjects) = side;
    let subject = &subjects[index];
    if subject.noun.is_empty() {
        let nothing = Subject {
            facts: Vec::new(),
            order: Vec::new(),
            lacks: Vec::new(),
            at: subject.at.clone(),
            ids: Vec::new(),
            bytes: 0..0,
            ..*subject
        };
        let empty = Text::new("");
        match came {
            Came::Here => differences((&empty, &nothing), (text, subject), out),
            Came::Gone => differences((text, subject), (&empty, &nothing), out),
        }
        return;
    }
    if subject.parent.is_some_and(|it| !has_partner(it) && !subjects[it].noun.is_empty()) {
        return;
    }
    let mut parts: HashSet<usize> = HashSet::from([index]);
    let mut said = Vec::new();
    let mut loosens = risks(subject.risk, came);
    for (at, part) in subjects.iter().enumerate().skip(index) {
        // Parts stand behind what they are a part of.
        if at != index && !part.parent.is_some_and(|it| parts.contains(&it)) {
            break;
        }
        parts.insert(at);
        loosens |= came == Came::Here && risks(part.risk, came);
        for fact in &part.facts {
            let worse = came == Came::Here && risks(fact.risk, came);
            loosens |= worse;
            if came == Came::Here && (fact.main || worse) {
                said.push(words::of_new(fact, text));
            }
        }
    }
    if came == Came::Here && !subject.lacks.is_empty() {
        loosens = true;
        said.push(format!("without {}", subject.lacks.join(", ")));
    }
    let verb = if came == Came::Here { "added" } else { "removed" };
    let what = if said.is_empty() {
        format!("{} {verb}", subject.noun)
    } else {
        format!("{} {verb}: {}", subject.noun, said.join(", "))
    };
    let meaning = words::meaning(&subject.at, &what, loosens, text.line(subject.bytes.start));
    out.push(Meaning { gone: came == Came::Gone, ..meaning });
}

fn risks(risk: Risk, came: Came) -> bool {
    match came {
        Came::Here => Risk::loosens(None, Some(risk)),
        Came::Gone => Risk::loosens(Some(risk), None),
    }
}

/// A difference between two facts of one name; one side may lack it.
type Pair<'f> = (Option<&'f Fact>, Option<&'f Fact>);

/// The name of the fact that a pair is a detail of.
fn owner<'f>(pair: Pair<'f>) -> Option<(&'static str, &'f str)> {
    pair.0.or(pair.1).and_then(Fact::owner)
}

/// What is different in a subject that both texts have.
fn differences(before: (&Text<'_>, &Subject), after: (&Text<'_>, &Subject), out: &mut Vec<Meaning>) {
    let pairs = pairs(&before.1.facts, &after.1.facts);
    // What comes or goes as a whole, with whether a detail of it gives something up.
    let mut wholes: HashMap<(&str, &str), bool> = HashMap::new();
    for (old, new) in &pairs {
        if let (Some(fact), None) | (None, Some(fact)) = (old, new) {
            wholes.insert(fact.name(), false);
        }
    }
    let loosens = |pair: &Pair<'_>| Risk::loosens(pair.0.map(|it| it.risk), pair.1.map(|it| it.risk));
    for pair in &pairs {
        if let Some(whole) = owner(*pair).and_then(|it| wholes.get_mut(&it)) {
            *whole |= loosens(pair);
        }
    }
    for pair in pairs.iter().filter(|it| owner(**it).is_none_or(|it| !wholes.contains_key(&it))) {
        let name = pair.1.or(pair.0).map(Fact::name);
        let of_details = name.and_then(|it| wholes.get(&it)).copied().unwrap_or_default();
        let what = words::of_change(pair.0.map(|it| (before.0, it)), pair.1.map(|it| (after.0, it)));
        let line = match pair {
            (_, Some(fact)) => after.0.line(fact.bytes.start),
            (Some(fact), None) => before.0.line(fact.bytes.start),
            (None, None) => continue,
        };
        let meaning = words::meaning(&after.1.at, &what, loosens(pair) || of_details, line);
        out.push(Meaning { gone: pair.1.is_none(), ..meaning });
    }
    if let Some(moved) = moved(&before.1.order, &after.1.order) {
        let what = format!("{} comes earlier", words::short(moved));
        out.push(words::meaning(&after.1.at, &what, false, after.0.line(after.1.bytes.start)));
    }
}

/// The facts that are not the same on both sides, each beside the one that it was, in the order of the texts. Of several
/// with one name, those with equal values belong together, the others by their order.
fn pairs<'f>(before: &'f [Fact], after: &'f [Fact]) -> Vec<Pair<'f>> {
    let mut equal: HashMap<((&str, &str), &str), Vec<usize>> = HashMap::new();
    for (index, fact) in before.iter().enumerate().rev() {
        equal.entry((fact.name(), &fact.value)).or_default().push(index);
    }
    let mut kept = vec![false; before.len()];
    let mut others = Vec::new();
    for fact in after {
        match equal.get_mut(&(fact.name(), fact.value.as_str())).and_then(Vec::pop) {
            Some(index) => kept[index] = true,
            None => others.push(fact),
        }
    }
    let mut left: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, fact) in before.iter().enumerate().rev().filter(|(it, _)| !kept[*it]) {
        left.entry(fact.name()).or_default().push(index);
    }
    let mut out: Vec<Pair<'f>> = Vec::new();
    for fact in others {
        let old = left.get_mut(&fact.name()).and_then(Vec::pop);
        if let Some(index) = old {
            kept[index] = true;
        }
        out.push((old.map(|it| &before[it]), Some(fact)));
    }
    out.extend(before.iter().zip(kept).filter(|(_, kept)| !kept).map(|(it, _)| (Some(it), None)));
    out.retain(|it| !matches!(it, (Some(one), None) | (None, Some(one)) if one.is_default));
    out
}

/// The first of what both lists have that comes earlier in the second one.
fn moved<'o>(before: &[String], after: &'o [String]) -> Option<&'o str> {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    before.iter().for_each(|it| counts.entry(it).or_default().0 += 1);
    after.iter().for_each(|it| counts.entry(it).or_default().1 += 1);
    // What one side has more of cannot be told apart; it counts on neither.
    let is_common = |it: &&String| counts.get(it.as_str()).is_some_and(|(old, new)| old == new);
    let (old, new) = (before.iter().filter(is_common), after.iter().filter(is_common));
    old.zip(new).find(|(old, new)| old != new).map(|(_, new)| new.as_str())
}
