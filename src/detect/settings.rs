//! The variables of a program: what somebody sets for it, which ones it reads, what they hold, and what of that is a secret.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use indexmap::map::Entry;
use regex::Regex;

use super::command::without_needless;
use super::docker::ComposeService;
use super::found::{Confidence, Evidence, Fact, Start, Variable};
use super::rules::{Scope, is_comment};
use super::service::{Draft, Look};
use super::tree::{join, line_at, name_of, settings, upwards, within};
use crate::catalog::FieldRule;
use crate::credential::{has_credential, is_secret};

/// How code reads a variable.
#[derive(Debug, Clone)]
pub(super) struct Read {
    evidence: Evidence,
    /// The value that it takes otherwise.
    fallback: Option<String>,
    /// Whether it ends without one.
    demanded: bool,
    number: bool,
}

/// A line of an env file.
struct Example {
    value: String,
    /// Whether the file lies in the folder of the program, and not above it, where it is for others, too.
    own: bool,
    /// Whether the program names the variable anywhere.
    is_read: bool,
    evidence: Evidence,
}

impl<'t> Look<'t> {
    /// The names of variables in env files and in code, with where they stand.
    pub(super) fn variables(&self, scope: &Scope<'_>, env_files: &[String]) -> BTreeMap<String, Evidence> {
        let examples = self.examples(scope, env_files);
        let mut out: BTreeMap<String, Evidence> =
            examples.into_iter().filter(|(_, it)| it.own || it.is_read).map(|(name, it)| (name, it.evidence)).collect();
        for (name, read) in self.reads(scope) {
            out.entry(name).or_insert(read.evidence);
        }
        out
    }

    /// What each variable that a program reads, or is given, holds for those who wrote it; an empty text, where nobody says so.
    /// The compose file goes before env files, and those before the code.
    pub(super) fn values(&self, draft: &Draft<'t>) -> BTreeMap<String, String> {
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        let composed = draft.linked.into_iter().flat_map(|(_, it)| &it.environment);
        for (name, value, _) in composed {
            out.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (name, it) in self.examples(&draft.scope, &draft.env_files) {
            if it.own || it.is_read {
                out.entry(name).or_insert(it.value);
            }
        }
        for (name, read) in self.reads(&draft.scope) {
            let fallback = read.fallback.unwrap_or_default();
            let known = out.entry(name).or_default();
            if known.is_empty() {
                *known = fallback;
            }
        }
        let is_system = |name: &String| self.known.common.system.iter().any(|it| self.tree.fits(it, name));
        out.retain(|name, _| !is_system(name));
        out
    }

    /// The lines of env files, the first file that has a name first.
    fn examples(&self, scope: &Scope<'_>, env_files: &[String]) -> BTreeMap<String, Example> {
        let words = self.words(scope);
        let committed = scope.every(&scope.stack.committed);
        let mut out: BTreeMap<String, Example> = BTreeMap::new();
        for file in env_files {
            let Some(text) = self.tree.text(file) else { continue };
            let own = within(file, &scope.folder).is_some();
            for (name, value, line) in settings(&text) {
                // `null` is Laravel's word for nothing.
                let value = if value == "null" { String::new() } else { value };
                // What nobody meant to show: only that there is such a variable. What every browser gets to see is no secret.
                let is_own = self.known.common.own_env_files.iter().any(|it| it == name_of(file))
                    && !committed.iter().any(|it| it.value == name_of(file));
                let is_public = || scope.stack.build_variables.iter().any(|it| self.tree.fits(it, &name));
                let value = if is_own && !is_public() { String::new() } else { value };
                let is_read = words.contains(&name.to_uppercase());
                let evidence = Evidence::place(file, Some(line));
                out.entry(name).or_insert(Example { value, own, is_read, evidence });
            }
        }
        out
    }

    /// All words of its sources that could be names of variables, in capitals: some libraries read `log_level` from `LOG_LEVEL`.
    fn words(&self, scope: &Scope<'_>) -> BTreeSet<String> {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let mut out = BTreeSet::new();
        for text in scope.sources.iter().filter_map(|it| self.tree.text(it)) {
            out.extend(text.split(|it| !is_part(it)).filter(|it| it.len() > 2).map(str::to_uppercase));
        }
        out
    }

    /// The variables that the code reads by name.
    pub(super) fn reads(&self, scope: &Scope<'_>) -> BTreeMap<String, Read> {
        let mut out: BTreeMap<String, Read> = BTreeMap::new();
        let common = &self.known.common;
        let groups = [(&common.reads, false, false), (&common.demands, true, false), (&common.numbers, false, true)];
        let patterns =
            groups.into_iter().flat_map(|(them, demanded, number)| them.iter().map(move |it| (it, demanded, number)));
        for (pattern, demanded, number) in patterns {
            let Some(pattern) = self.tree.pattern(pattern) else { continue };
            for file in &scope.sources {
                let Some(text) = self.tree.text(file) else { continue };
                for it in pattern.captures_iter(&text) {
                    let (Some(all), Some(name)) = (it.get(0), it.get(1)) else { continue };
                    let line = text[..all.start()].rfind('\n').map_or(0, |it| it + 1);
                    if is_comment(text[line..].trim_start()) {
                        continue;
                    }
                    let fallback = it.iter().skip(2).flatten().next().map(|it| it.as_str().to_owned());
                    let known = out.entry(name.as_str().to_owned()).or_insert_with(|| Read {
                        evidence: Evidence::place(file, Some(line_at(&text, all.start()))),
                        fallback: None,
                        demanded: false,
                        number: false,
                    });
                    known.fallback = known.fallback.take().or(fallback);
                    known.demanded |= demanded;
                    known.number |= number;
                }
            }
        }
        for rule in &common.fields {
            for file in &scope.sources {
                for (name, read) in self.fields(rule, file) {
                    out.entry(name).or_insert(read);
                }
            }
        }
        out
    }

    /// The fields of classes in a file that are variables.
    fn fields(&self, rule: &FieldRule, file: &str) -> Vec<(String, Read)> {
        let mut out = Vec::new();
        let patterns = [&rule.class, &rule.prefix, &rule.field, &rule.name, &rule.value, &rule.demanded];
        let compiled: Vec<_> = patterns.into_iter().filter_map(|it| self.tree.pattern(it)).collect();
        let [class, prefix, field, name, value, demanded] = &compiled[..] else { return out };
        let Some(text) = self.tree.text(file) else { return out };
        for begin in class.find_iter(&text) {
            let lines = text[begin.end()..].split_inclusive('\n').skip(1);
            let is_body = |line: &&str| line.trim().is_empty() || line.starts_with([' ', '\t']);
            let body: Vec<&str> = lines.take_while(is_body).collect();
            let first = |pattern: &Regex, text: &str| Some(pattern.captures(text)?.get(1)?.as_str().to_owned());
            let prefix = body.iter().find_map(|line| first(prefix, line)).unwrap_or_default();
            let at = line_at(&text, begin.end());
            for (index, line) in body.iter().enumerate() {
                let Some(found) = field.captures(line.trim_end()) else { continue };
                let behind = found.get(3).map(|it| it.as_str());
                let own = behind.and_then(|it| first(name, it));
                let name = own.unwrap_or_else(|| format!("{prefix}{}", &found[1])).to_uppercase();
                let is_demanded = behind.is_none_or(|it| demanded.is_match(it));
                let plain = behind.and_then(|it| value.captures(it));
                let plain = plain.and_then(|it| it.iter().skip(1).flatten().next().map(|it| it.as_str().to_owned()));
                let read = Read {
                    evidence: Evidence::place(file, Some(at + index + 1)),
                    fallback: (!is_demanded).then(|| plain.unwrap_or_default()),
                    demanded: is_demanded,
                    number: found.get(2).is_some(),
                };
                out.push((name, read));
            }
        }
        out
    }

    /// All variables of a program, with what is known of them.
    pub(super) fn environment(&self, draft: &mut Draft<'t>) {
        let mut out: IndexMap<String, Fact<Variable>> = IndexMap::new();
        let scope = &draft.scope;
        for (name, rules) in &scope.stack.environment {
            if let Some(fact) = scope.find(rules) {
                let value = Variable { value: Some(fact.value.clone()), set: true, ..Variable::default() };
                out.insert(name.clone(), fact.with(value));
            }
        }
        for (name, fact) in draft.service.start.iter().flat_map(|it| self.set_before(it)) {
            out.entry(name).or_insert(fact);
        }
        if let Some((compose, it)) = draft.linked {
            for (name, fact) in of_compose(it, |line| compose.at(line)) {
                out.entry(name).or_insert(fact);
            }
        }
        // What is compiled in, and the compose file gives the build.
        if let Some((compose, it)) = draft.linked {
            let is_built_in = |name: &str| scope.stack.build_variables.iter().any(|it| self.tree.fits(it, name));
            for (name, value, line) in it.args.iter().filter(|(name, ..)| is_built_in(name)) {
                let value = reference(value).map_or_else(|| Some(value.clone()), |(default, _)| default);
                let variable = Variable { given: value.is_some(), value, ..Variable::default() };
                out.insert(name.clone(), Fact::new(variable, compose.at(*line), Confidence::High));
            }
        }
        if let Some(it) = &draft.dockerfile {
            for (name, value, line) in &it.env {
                let is_images = self.known.common.image_variables.iter().any(|it| self.tree.fits(it, name));
                let is_plain = !value.contains('$') && !is_secret(name) && !has_credential(value);
                if is_plain && !is_images {
                    let value = Variable { value: Some(value.clone()), set: true, ..Variable::default() };
                    out.entry(name.clone()).or_insert_with(|| Fact::new(value, it.at(*line), Confidence::High));
                }
            }
        }
        let examples = self.examples(scope, &draft.env_files);
        let reads = self.reads(scope);
        for (name, evidence) in &scope.variables {
            let example = examples.get(name).map(|it| it.value.as_str()).filter(|it| !it.is_empty());
            let read = reads.get(name);
            let fallback = read.and_then(|it| it.fallback.as_deref()).filter(|it| !it.is_empty());
            // The value of a URL can hold a password, whatever its name is.
            let secret = is_secret(name) || example.is_some_and(has_credential) || fallback.is_some_and(has_credential);
            let variable = Variable {
                value: example.or(fallback).filter(|_| !secret).map(str::to_owned),
                secret,
                given: example.is_some(),
                set: false,
                required: read.is_some_and(|it| it.demanded && it.fallback.is_none()),
                number: read.is_some_and(|it| it.number),
                optional: !examples.contains_key(name) && read.is_some_and(|it| it.fallback.is_some()),
            };
            match out.entry(name.clone()) {
                Entry::Vacant(free) => {
                    free.insert(Fact::new(variable, evidence.clone(), Confidence::Medium));
                }
                // Who only passes it on does not know what it holds.
                Entry::Occupied(mut known) if known.get().value.value.is_none() && !known.get().value.secret => {
                    known.get_mut().value.value = variable.value;
                    known.get_mut().value.secret = secret;
                    known.get_mut().value.number = variable.number;
                }
                Entry::Occupied(_) => {}
            }
        }
        draft.service.variables = out;
    }

    /// The variables that a command sets for its program, without secrets and what every image sets.
    pub(super) fn set_before(&self, start: &Fact<Start>) -> IndexMap<String, Fact<Variable>> {
        let common = &self.known.common;
        let is_plain = |(name, value): &&(String, String)| {
            let is_images = common.image_variables.iter().any(|it| self.tree.fits(it, name));
            let is_usual = common.production.iter().any(|(it, usual)| usual == value && self.tree.fits(it, name));
            !value.contains('$') && !is_images && !is_usual && !is_secret(name) && !has_credential(value)
        };
        let plain = start.value.environment.iter().filter(is_plain);
        plain
            .map(|(name, value)| {
                let value = Variable { value: Some(value.clone()), set: true, ..Variable::default() };
                (name.clone(), start.with(value))
            })
            .collect()
    }

    /// What a command says in a variable to a program that it only starts by another one, if that is no secret: forge sets the
    /// variable itself, and a command's own words have no place for it.
    pub(super) fn lost_flags(&self, start: &Fact<Start>) -> Vec<Evidence> {
        let common = &self.known.common;
        let flags = start.value.environment.iter().filter(|(name, _)| common.flags.contains_key(name));
        let lost = flags.filter_map(|(name, value)| {
            let kept = without_needless(self.tree, common, &format!(" {value}"));
            let kept = kept.trim();
            if kept.is_empty() || has_credential(kept) {
                return None;
            }
            let (program, started) = (&common.flags[name], &start.value.text);
            let evidence = start.evidence.first()?.clone();
            Some(evidence.because(format!("{name} has `{kept}` for `{started}`, and forge sets it, too: write both below `environment`, or start the file itself with `command: [{program}, {kept}, FILE]`")))
        });
        lost.collect()
    }

    /// The files of databases that a program keeps itself.
    pub(super) fn data(&self, scope: &Scope<'_>, env_files: &[String]) -> Vec<Fact<String>> {
        let mut out: Vec<Fact<String>> = Vec::new();
        let own = env_files.iter().filter(|it| within(it, &scope.folder).is_some());
        for file in scope.sources.iter().chain(own) {
            let Some(text) = self.tree.text(file) else { continue };
            for pattern in self.known.common.files.iter().filter_map(|it| self.tree.pattern(it)) {
                for it in pattern.captures_iter(&text) {
                    let (Some(all), Some(path)) = (it.get(0), it.get(1)) else { continue };
                    let line = text[..all.start()].rfind('\n').map_or(0, |it| it + 1);
                    let is_known = out.iter().any(|it| it.value == path.as_str());
                    if !is_known && !is_comment(text[line..].trim_start()) && !path.as_str().contains("test") {
                        let evidence = Evidence::place(file, Some(line_at(&text, all.start())));
                        out.push(Fact::new(path.as_str().to_owned(), evidence, Confidence::Medium));
                    }
                }
            }
        }
        out
    }

    /// The env files of a folder and of those above it.
    pub(super) fn env_files(&self, folder: &str) -> Vec<String> {
        let common = &self.known.common;
        let names = || common.env_files.iter().chain(&common.own_env_files);
        let named = upwards(folder).into_iter().flat_map(|folder| names().map(move |it| join(folder, it)));
        named.filter(|it| self.tree.has(it)).collect()
    }
}

/// What a compose file sets for a program.
pub(super) fn of_compose(it: &ComposeService, at: impl Fn(usize) -> Evidence) -> IndexMap<String, Fact<Variable>> {
    let mut out = IndexMap::new();
    for (name, value, line) in &it.environment {
        let (value, set, required) = match reference(value) {
            Some((default, required)) => (default, false, required),
            None if value.contains('$') => (None, false, false),
            None => (Some(value.clone()).filter(|it| !it.is_empty()), true, false),
        };
        let secret = is_secret(name) || value.as_deref().is_some_and(has_credential);
        let variable = Variable {
            given: value.is_some(),
            value: value.filter(|_| !secret),
            secret,
            set: set && !secret,
            required,
            number: false,
            optional: false,
        };
        out.entry(name.clone()).or_insert_with(|| Fact::new(variable, at(*line), Confidence::High));
    }
    out
}

/// What `${NAME}`, `${NAME:-default}` and `${NAME:?why}` stand for where nothing else is in the value: the default, and whether
/// there has to be one.
pub(super) fn reference(value: &str) -> Option<(Option<String>, bool)> {
    let inner = value.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    let Some(inner) = inner else {
        let name = value.strip_prefix('$')?;
        let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        return is_name.then_some((None, false));
    };
    let end = inner.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).unwrap_or(inner.len());
    let rest = inner[end..].strip_prefix(':').unwrap_or(&inner[end..]);
    let default = rest.strip_prefix('-').filter(|it| !it.is_empty() && !it.contains('$'));
    (rest.is_empty() || rest.starts_with(['-', '?'])).then(|| (default.map(str::to_owned), rest.starts_with('?')))
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn references_of_compose_files_are_read() {
        assert_eq!(reference("${A}"), Some((None, false)));
        assert_eq!(reference("$A"), Some((None, false)));
        assert_eq!(reference("${A:-info}"), Some((Some("info".to_owned()), false)));
        assert_eq!(reference("${A-${B}}"), Some((None, false)));
        assert_eq!(reference("${A:?set it}"), Some((None, true)));
        assert_eq!(reference("x${A}"), None);
        assert_eq!(reference("plain"), None);
    }
}
