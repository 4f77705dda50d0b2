//! What an engine that tries one way after the other, as PCRE does, can spend on an expression. The expression becomes an
//! automaton whose states are the characters in it; where a text can go through it in ever more ways, all of them are
//! tried before the text is refused.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{AssertionKind, Ast, RepetitionKind, RepetitionRange};
use regex_syntax::hir::translate::{Translator, TranslatorBuilder};
use regex_syntax::hir::{Class, HirKind};

/// From so many rounds on, a bounded repetition is as bad as one without an end.
const MANY: u32 = 10;
/// How many characters an expression may have, with those that repetitions write out.
const MOST: usize = 400;
/// How many rounds of one character are written out.
const MOST_COUNTED: u32 = 64;
/// How many characters may be in one loop.
const MOST_IN_LOOP: usize = 64;

/// How the time grows with the length of a text that does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// It doubles with every few characters.
    Exponential,
    /// With the third power of the length, or a higher one.
    Cubic,
}

/// What is wrong with `expression`; nothing, if it has what only PCRE knows.
pub(super) fn growth(expression: &str, ignores_case: bool) -> Option<Growth> {
    let ast = Parser::new().parse(expression).ok()?;
    let ignores_case = ignores_case || expression.contains("(?i");
    let translator = TranslatorBuilder::new().utf8(false).unicode(false).case_insensitive(ignores_case).build();
    let mut automaton = Automaton { expression, translator, states: Vec::new() };
    let whole = automaton.add(&ast)?;
    if automaton.is_exponential() {
        return Some(Growth::Exponential);
    }
    automaton.is_cubic(&whole, is_anchored(&ast)).then_some(Growth::Cubic)
}

/// Whether it can match at the begin of a text alone.
fn is_anchored(ast: &Ast) -> bool {
    match ast {
        Ast::Assertion(it) => matches!(it.kind, AssertionKind::StartLine | AssertionKind::StartText),
        Ast::Group(it) => is_anchored(&it.ast),
        Ast::Concat(it) => it.asts.iter().find(|it| !matches!(it, Ast::Flags(_))).is_some_and(is_anchored),
        Ast::Alternation(it) => it.asts.iter().all(is_anchored),
        _ => false,
    }
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set([u64; 4]);

impl Set {
    const NONE: Set = Set([0; 4]);

    fn with(mut self, byte: u8) -> Set {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
        self
    }

    fn and(self, other: Set) -> Set {
        Set(std::array::from_fn(|it| self.0[it] & other.0[it]))
    }

    fn overlaps(self, other: Set) -> bool {
        self.and(other) != Set::NONE
    }

    /// Whether it is what a dot stands for: all but the end of a line.
    fn is_any(self) -> bool {
        self.with(b'\n') == Set([u64::MAX; 4])
    }
}

/// One character of an expression.
struct State {
    set: Set,
    /// Whether it can follow itself for ever, as in `a+`.
    loops: bool,
    /// What can follow, each as often as there are ways to get there.
    next: Vec<usize>,
}

/// A part of an expression, by how one gets into it and out of it.
#[derive(Debug, Clone, Default)]
struct Part {
    /// The ways through it that take nothing. More than two are as bad as two.
    empty: usize,
    first: Vec<usize>,
    last: Vec<usize>,
}

struct Automaton<'e> {
    expression: &'e str,
    translator: Translator,
    states: Vec<State>,
}

impl Automaton<'_> {
    /// Nothing for what cannot be judged.
    fn add(&mut self, ast: &Ast) -> Option<Part> {
        match ast {
            Ast::Empty(_) | Ast::Flags(_) => Some(nothing()),
            // What stands around a word's border parts the words: that is not seen here.
            Ast::Assertion(it) => {
                use AssertionKind::{EndLine, EndText, StartLine, StartText};
                matches!(it.kind, StartLine | EndLine | StartText | EndText).then(nothing)
            }
            Ast::Literal(_) | Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => {
                self.characters(ast)
            }
            Ast::Group(it) => self.add(&it.ast),
            Ast::Concat(it) => {
                let mut whole = nothing();
                for ast in &it.asts {
                    let next = self.add(ast)?;
                    whole = self.chain(whole, next);
                }
                Some(whole)
            }
            Ast::Alternation(it) => {
                let mut whole = Part::default();
                for ast in &it.asts {
                    let one = self.add(ast)?;
                    whole.empty = (whole.empty + one.empty).min(2);
                    whole.first.extend(one.first);
                    whole.last.extend(one.last);
                }
                Some(whole)
            }
            // `a++` gives nothing back: PCRE has that, and here it would be a repetition of a repetition.
            Ast::Repetition(it) if matches!(*it.ast, Ast::Repetition(_)) => None,
            Ast::Repetition(it) => match it.op.kind {
                RepetitionKind::ZeroOrOne => self.repeat(&it.ast, 0, Some(1)),
                RepetitionKind::ZeroOrMore => self.repeat(&it.ast, 0, None),
                RepetitionKind::OneOrMore => self.repeat(&it.ast, 1, None),
                RepetitionKind::Range(RepetitionRange::Exactly(rounds)) => self.repeat(&it.ast, rounds, Some(rounds)),
                RepetitionKind::Range(RepetitionRange::AtLeast(least)) => self.repeat(&it.ast, least, None),
                RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => self.repeat(&it.ast, least, Some(most)),
            },
        }
    }

    fn characters(&mut self, ast: &Ast) -> Option<Part> {
        let hir = self.translator.translate(self.expression, ast).ok()?;
        let sets: Vec<Set> = match hir.kind() {
            HirKind::Literal(it) => it.0.iter().map(|it| Set::NONE.with(*it)).collect(),
            HirKind::Class(Class::Bytes(it)) => {
                vec![it.ranges().iter().flat_map(|it| it.start()..=it.end()).fold(Set::NONE, Set::with)]
            }
            _ => return None,
        };
        let mut whole = nothing();
        for set in sets {
            if self.states.len() == MOST {
                return None;
            }
            let state = vec![self.states.len()];
            self.states.push(State { set, loops: false, next: Vec::new() });
            whole = self.chain(whole, Part { empty: 0, first: state.clone(), last: state });
        }
        Some(whole)
    }

    fn repeat(&mut self, ast: &Ast, least: u32, most: Option<u32>) -> Option<Part> {
        let from = self.states.len();
        let mut whole = self.add(ast)?;
        let added = self.states.len() - from;
        if added == 0 {
            return Some(whole);
        }
        let is_counted = added == 1 && most == Some(least) && self.states[from].next.is_empty();
        let written = most.filter(|most| *most < MANY || (is_counted && *most <= MOST_COUNTED));
        let Some(written) = written else {
            for state in &whole.last {
                let state = *state;
                self.states[state].loops |= most.is_none() && whole.first.contains(&state);
                self.states[state].next.extend(&whole.first);
                at_most_twice(&mut self.states[state].next);
            }
            whole.empty = (whole.empty + usize::from(least == 0)).min(2);
            return Some(whole);
        };
        let mut rounds = vec![whole];
        while rounds.len() < written as usize {
            rounds.push(self.add(ast)?);
        }
        // `x{1,3}` is `x(x(x)?)?`: who leaves out the second round leaves out the third.
        let mut rest = nothing();
        for (round, part) in rounds.into_iter().enumerate().take(written as usize).rev() {
            rest = self.chain(part, rest);
            rest.empty = (rest.empty + usize::from(round >= least as usize)).min(2);
        }
        Some(rest)
    }

    /// One after the other.
    fn chain(&mut self, before: Part, after: Part) -> Part {
        for state in &before.last {
            let next = &mut self.states[*state].next;
            next.extend(&after.first);
            at_most_twice(next);
        }
        let both = |mut own: Vec<usize>, others: &[usize], ways: usize| {
            for _ in 0..ways {
                own.extend(others);
            }
            at_most_twice(&mut own);
            own
        };
        Part {
            empty: (before.empty * after.empty).min(2),
            first: both(before.first, &after.first, before.empty),
            last: both(after.last, &before.last, after.empty),
        }
    }

    /// Whether there is a state that one text leads back to on two ways.
    fn is_exponential(&self) -> bool {
        let (forward, back) = (self.edges(), self.edges_back());
        let mut seen = vec![false; self.states.len()];
        for start in 0..self.states.len() {
            if seen[start] {
                continue;
            }
            let (to, from) = (reach(start, &forward), reach(start, &back));
            let members: Vec<usize> = (0..self.states.len()).filter(|it| to[*it] && from[*it]).collect();
            for it in &members {
                seen[*it] = true;
            }
            if members.len() <= MOST_IN_LOOP && self.is_ambiguous(&members) {
                return true;
            }
        }
        false
    }

    /// Whether it is so in a loop: two walk through it with one text, part, and meet again where they parted.
    fn is_ambiguous(&self, members: &[usize]) -> bool {
        let size = members.len();
        let within: Vec<Vec<usize>> = members
            .iter()
            .map(|it| self.states[*it].next.iter().filter_map(|next| members.binary_search(next).ok()).collect())
            .collect();
        if within.iter().any(|next| next.iter().enumerate().any(|(at, it)| next[..at].contains(it))) {
            return true;
        }
        let mut forward = vec![Vec::new(); size * size];
        let mut back = forward.clone();
        for (one, other) in (0..size).flat_map(|one| (0..size).map(move |other| (one, other))) {
            for to in &within[one] {
                for also in &within[other] {
                    if self.states[members[*to]].set.overlaps(self.states[members[*also]].set) {
                        forward[one * size + other].push(to * size + also);
                        back[to * size + also].push(one * size + other);
                    }
                }
            }
        }
        (0..size).any(|it| {
            let start = it * size + it;
            let (to, from) = (reach(start, &forward), reach(start, &back));
            (0..size * size).any(|pair| pair / size != pair % size && to[pair] && from[pair])
        })
    }

    /// Whether three loops can share out one run of characters; or two, where the run can also begin anywhere.
    fn is_cubic(&self, whole: &Part, is_anchored: bool) -> bool {
        let loops =
            |from: &[usize]| -> Vec<usize> { from.iter().copied().filter(|it| self.states[*it].loops).collect() };
        let after = |state: usize| loops(&self.states[state].next).into_iter().filter(move |it| *it != state);
        loops(&(0..self.states.len()).collect::<Vec<_>>()).into_iter().any(|one| {
            let set = self.states[one].set;
            // PCRE tries what begins with `.*` at the begin of the text alone.
            let begins_anywhere = !is_anchored && !set.is_any() && whole.first.contains(&one);
            after(one).any(|two| {
                let set = set.and(self.states[two].set);
                set != Set::NONE
                    && (begins_anywhere || after(two).any(|it| it != one && set.overlaps(self.states[it].set)))
            })
        })
    }

    fn edges(&self) -> Vec<Vec<usize>> {
        self.states.iter().map(|it| it.next.clone()).collect()
    }

    fn edges_back(&self) -> Vec<Vec<usize>> {
        let mut back = vec![Vec::new(); self.states.len()];
        for (from, state) in self.states.iter().enumerate() {
            for to in &state.next {
                back[*to].push(from);
            }
        }
        back
    }
}

/// What takes no character, in one way.
fn nothing() -> Part {
    Part { empty: 1, first: Vec::new(), last: Vec::new() }
}

/// Two ways to a place are as bad as any number of them.
fn at_most_twice(states: &mut Vec<usize>) {
    states.sort_unstable();
    let mut at = 0;
    states.dedup_by(|it, before| {
        at = if it == before { at + 1 } else { 0 };
        at > 1
    });
}

/// What can be reached from `start`, in one step or more.
fn reach(start: usize, edges: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut left = vec![start];
    while let Some(it) = left.pop() {
        for next in &edges[it] {
            if !std::mem::replace(&mut reached[*next], true) {
                left.push(*next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_ever_more_ways_is_found() {
        for expression in [
            r"(a+)+",
            r"^(a+)+$",
            r"^(?:a*)*b",
            r"(.*)*",
            r"^(.+)*$",
            r"(a|a)*",
            r"^(?:a|aa)+$",
            r"^(?:ab|a|b)*$",
            r"^(\w|\d)+$",
            r"(\w+\s?)+",
            r"^([a-z]+-?)+$",
            r"^/(?:[^/]+/?)+$",
            r"^(.*/)*x",
            r"^(?:a?b?)*c",
            r"^(?:a(?:b*|c*)d)*$",
            r"(a+){10,}",
            r"(a*){3,50}",
            r"(a+){12}",
            r"(?:a|a){20}",
            r"^(?<path>(?:/[a-z/]*)+)\.html$",
            r"^((a+b?)+c?)+$",
            r"^(?:[a-z]+[a-z0-9]*)+$",
            r"(?i)^(?:a|A)+$",
        ] {
            assert_eq!(growth(expression, false), Some(Growth::Exponential), "{expression}");
        }
        assert_eq!(growth("^(?:a|A)+$", true), Some(Growth::Exponential));
        assert_eq!(growth("^(?:a|A)+$", false), None);
        for expression in [
            r"\d+\d+",
            r"^.*.*.*$",
            r"^\s*\s*\s*$",
            r"^\w+\s*\w+\s*\w+$",
            r"^[a-z]+[a-z0-9]*\w{2,}-$",
            r"(?:a|b)+[ab]*c",
            r"^(?:a+){3}$",
            r"[^;]*[^,]+;",
        ] {
            assert_eq!(growth(expression, false), Some(Growth::Cubic), "{expression}");
        }
    }

    #[test]
    fn usual_expressions_are_left_alone() {
        for expression in [
            r"",
            r"^/api(/.*)?$",
            r"\.(?:css|js)$",
            r"\.(jpe?g|png|gif|ico|svg|woff2?)$",
            r"^(?<a>[^/]+)/(?<b>[^/]+)$",
            r"^/docs(?:[/;]|$)",
            r"^/(.*)/(.*)$",
            r"^(.+\.php)(/.+)$",
            r"^.*.*$",
            r"^\d+\d+$",
            r"^(/[^/]+)*$",
            r"^(?:/[a-z0-9]+(?:-[a-z0-9]+)*)+/?$",
            r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
            r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$",
            r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$",
            r"^v\d+(?:\.\d+)*$",
            r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
            r"(?:^|,)\s*\d+\s*(?:,|$)",
            r"^(?:a|ab)*$",
            r"^(?:\\.|[^\\])*$",
            r"^(?:%[0-9a-f]{2}|[^%])*$",
            r"^a*b*c*$",
            r"^[a-z]{1,63}[a-z]{1,63}[a-z]{1,63}$",
            r"^(?:\r?\n)*$",
            r"^[^?]*(/|\\|%2f|%5c)(\.|%2e)(\.|%2e)(/|\\|%2f|%5c|;|\?|$)",
            r"bot|crawl|spider|curl|wget",
        ] {
            assert_eq!(growth(expression, false), None, "{expression}");
            assert_eq!(growth(expression, true), None, "{expression}");
        }
    }

    #[test]
    fn what_only_pcre_knows_is_not_judged() {
        for expression in [
            r"(a++)*",
            r"^(?:a*+)*$",
            r"(?>a+)+",
            r"^(?!x)(a+)+$",
            r"^(a)\1+$",
            r"(\w+\b\s?)+",
            r"(",
            r"a{",
            r"^(?R)+$",
        ] {
            assert_eq!(growth(expression, false), None, "{expression}");
        }
    }

    #[test]
    fn it_ends_whatever_the_expression() {
        let nested = |open: &str, close: &str| format!("{}a{}", open.repeat(60), close.repeat(60));
        for expression in [
            nested("(", "+)+"),
            nested("(", "){9}"),
            nested("(?:", "?)?"),
            nested("(^", "){9}").replace('a', ""),
            format!("(?:{})*", "a|".repeat(300)),
            "a{400}b".to_owned(),
            "[a-z]?".repeat(390),
            "x*".repeat(390),
        ] {
            growth(&expression, true);
        }
    }
}
