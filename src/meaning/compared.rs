//! How two readings of a file are compared.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::subject::{Fact, Risk, Subject};
use super::text::Text;
use super::{Cost, Meaning, told};

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
    out.sort_by_key(|it| (Reverse(it.cost), it.line));
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
    let mut cost = costs(subject.risk, came);
    for (at, part) in subjects.iter().enumerate().skip(index) {
        // Parts stand behind what they are a part of.
        if at != index && !part.parent.is_some_and(|it| parts.contains(&it)) {
            break;
        }
        parts.insert(at);
        if came == Came::Here {
            cost = cost.max(costs(part.risk, came));
        }
        for fact in &part.facts {
            let of_it = costs(fact.risk, came).filter(|_| came == Came::Here);
            cost = cost.max(of_it);
            if came == Came::Here && (fact.main || of_it.is_some()) {
                said.push(told::of_new(fact, text));
            }
        }
    }
    if came == Came::Here && !subject.lacks.is_empty() {
        cost = Some(Cost::Security);
        said.push(format!("without {}", subject.lacks.join(", ")));
    }
    let verb = if came == Came::Here { "added" } else { "removed" };
    if came == Came::Gone && !subject.behind.is_empty() {
        said.push(subject.behind.to_owned());
    }
    let what = if said.is_empty() {
        format!("{} {verb}", subject.noun)
    } else {
        format!("{} {verb}: {}", subject.noun, said.join(", "))
    };
    let meaning = told::meaning(&subject.at, &what, cost, text.line(subject.bytes.start));
    out.push(Meaning { gone: came == Came::Gone, ..meaning });
}

fn costs(risk: Risk, came: Came) -> Option<Cost> {
    match came {
        Came::Here => Risk::cost(None, Some(risk)),
        Came::Gone => Risk::cost(Some(risk), None),
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
    // What comes or goes as a whole, with what a detail of it gives up.
    let mut wholes: HashMap<(&str, &str), Option<Cost>> = HashMap::new();
    for (old, new) in &pairs {
        if let (Some(fact), None) | (None, Some(fact)) = (old, new) {
            wholes.insert(fact.name(), None);
        }
    }
    let cost = |pair: &Pair<'_>| Risk::cost(pair.0.map(|it| it.risk), pair.1.map(|it| it.risk));
    for pair in &pairs {
        if let Some(whole) = owner(*pair).and_then(|it| wholes.get_mut(&it)) {
            *whole = (*whole).max(cost(pair));
        }
    }
    for pair in pairs.iter().filter(|it| owner(**it).is_none_or(|it| !wholes.contains_key(&it))) {
        let name = pair.1.or(pair.0).map(Fact::name);
        let of_details = name.and_then(|it| wholes.get(&it)).copied().unwrap_or_default();
        let what = told::of_change(pair.0.map(|it| (before.0, it)), pair.1.map(|it| (after.0, it)));
        let line = match pair {
            (_, Some(fact)) => after.0.line(fact.bytes.start),
            (Some(fact), None) => before.0.line(fact.bytes.start),
            (None, None) => continue,
        };
        let meaning = told::meaning(&after.1.at, &what, cost(pair).max(of_details), line);
        out.push(Meaning { gone: pair.1.is_none(), ..meaning });
    }
    if let Some(moved) = moved(&before.1.order, &after.1.order) {
        let what = format!("{} comes earlier", told::short(moved));
        out.push(told::meaning(&after.1.at, &what, None, after.0.line(after.1.bytes.start)));
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
