//! A folder as a listing and a function that gives texts, with what was read of it: formats, never names of frameworks.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use crate::yaml;

/// The files below a folder, and their texts.
pub struct Tree<'a> {
    /// Paths relative to the folder, with `/`; the shallow ones first.
    files: Vec<String>,
    /// Places in `files`, by path: what lies below a folder stands together.
    by_path: Vec<usize>,
    text: &'a dyn Fn(&str) -> Option<String>,
    texts: RefCell<HashMap<String, Option<Rc<str>>>>,
    values: RefCell<HashMap<String, Option<Rc<Value>>>>,
    /// Structured files that could not be read, each with the line and what is wrong there.
    broken: RefCell<BTreeMap<String, (Option<usize>, String)>>,
    globs: RefCell<HashMap<String, Option<Rc<GlobMatcher>>>>,
    patterns: RefCell<HashMap<String, Option<Rc<Regex>>>>,
}

impl<'a> Tree<'a> {
    /// A tree of these files, whose texts `text` gives: `None` for what is no text, or too large.
    pub fn new(files: impl IntoIterator<Item = String>, text: &'a dyn Fn(&str) -> Option<String>) -> Tree<'a> {
        let mut files: Vec<String> = files.into_iter().collect();
        files.sort_by_cached_key(|it| (it.matches('/').count(), it.clone()));
        let mut by_path: Vec<usize> = (0..files.len()).collect();
        by_path.sort_by_key(|it| files[*it].as_str());
        Tree {
            files,
            by_path,
            text,
            texts: RefCell::default(),
            values: RefCell::default(),
            broken: RefCell::default(),
            globs: RefCell::default(),
            patterns: RefCell::default(),
        }
    }

    /// All files, the shallow ones first.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Whether this file is there.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    fn find(&self, path: &str) -> Option<usize> {
        let key = (path.matches('/').count(), path);
        self.files.binary_search_by(|it| (it.matches('/').count(), it.as_str()).cmp(&key)).ok()
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<Rc<str>> {
        if !self.has(path) {
            return None;
        }
        let known = self.texts.borrow().get(path).cloned();
        known.unwrap_or_else(|| {
            let read = (self.text)(path).map(|it| Rc::from(it.trim_start_matches('\u{feff}')));
            self.texts.borrow_mut().insert(path.to_owned(), read.clone());
            read
        })
    }

    /// What a structured file says; `None` where it is no such file, or broken.
    pub fn value(&self, path: &str) -> Option<Rc<Value>> {
        let known = self.values.borrow().get(path).cloned();
        known.unwrap_or_else(|| {
            let read = self.text(path).and_then(|it| match parsed(path, &it) {
                Ok(read) => Some(Rc::new(read)),
                Err(why) => {
                    self.broken.borrow_mut().insert(path.to_owned(), why);
                    None
                }
            });
            self.values.borrow_mut().insert(path.to_owned(), read.clone());
            read
        })
    }

    /// The structured files that were asked for and could not be read: path, line, and what is wrong there.
    pub(super) fn broken(&self) -> Vec<(String, Option<usize>, String)> {
        self.broken.borrow().iter().map(|(path, (line, why))| (path.clone(), *line, why.clone())).collect()
    }

    /// The files below `folder` whose path from there fits a glob, the shallow ones first.
    pub fn glob(&self, folder: &str, glob: &str) -> Vec<&str> {
        if !glob.contains(['*', '?', '[', '{']) {
            let path = join(folder, glob);
            return self.find(&path).map(|at| self.files[at].as_str()).into_iter().collect();
        }
        let Some(matcher) = self.matcher(glob) else { return Vec::new() };
        let fits = |it: &usize| within(&self.files[*it], folder).is_some_and(|it| matcher.is_match(it));
        let mut found: Vec<usize> = self.below(folder).iter().copied().filter(fits).collect();
        found.sort_unstable();
        found.into_iter().map(|it| self.files[it].as_str()).collect()
    }

    /// Where the files below a folder are, by path.
    fn below(&self, folder: &str) -> &[usize] {
        if folder.is_empty() {
            return &self.by_path;
        }
        let start = format!("{folder}/");
        let from = self.by_path.partition_point(|it| self.files[*it] < start);
        let count = self.by_path[from..].partition_point(|it| self.files[*it].starts_with(&start));
        &self.by_path[from..from + count]
    }

    fn matcher(&self, glob: &str) -> Option<Rc<GlobMatcher>> {
        let made = || {
            let glob = GlobBuilder::new(glob).literal_separator(true).build().ok()?;
            Some(Rc::new(glob.compile_matcher()))
        };
        self.globs.borrow_mut().entry(glob.to_owned()).or_insert_with(made).clone()
    }

    /// A pattern, compiled once; `^` and `$` are about lines. A pattern that is none finds nothing: those of forge are tested.
    pub fn pattern(&self, pattern: &str) -> Option<Rc<Regex>> {
        let made = || RegexBuilder::new(pattern).multi_line(true).size_limit(4 << 20).build().ok().map(Rc::new);
        self.patterns.borrow_mut().entry(pattern.to_owned()).or_insert_with(made).clone()
    }

    /// Whether a text fits a pattern.
    pub fn fits(&self, pattern: &str, text: &str) -> bool {
        self.pattern(pattern).is_some_and(|it| it.is_match(text))
    }
}

/// `folder/name`, where the folder may be the root, `""`.
pub(super) fn join(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The path of `file` from `folder`, where it lies below it.
pub(super) fn within<'f>(file: &'f str, folder: &str) -> Option<&'f str> {
    if folder.is_empty() { Some(file) } else { file.strip_prefix(folder)?.strip_prefix('/') }
}

/// The folder that a file lies in; the root is `""`.
pub(super) fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder itself and those above it, the nearest first.
pub(super) fn upwards(folder: &str) -> Vec<&str> {
    let mut out = vec![folder];
    while let Some(last) = out.last().filter(|it| !it.is_empty()) {
        out.push(folder_of(last));
    }
    out
}

/// The line, counted from 1, at a byte.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())].iter().filter(|it| **it == b'\n').count() + 1
}

/// The line on which `key` stands, together with `value` if some line has both.
pub(super) fn line_of(text: &str, key: &str, value: &str) -> Option<usize> {
    let lines = || text.lines().enumerate();
    let both = lines().find(|(_, it)| it.contains(key) && !value.is_empty() && it.contains(value));
    let key = key.trim_start_matches('@');
    both.or_else(|| lines().find(|(_, it)| it.contains(key))).map(|(index, _)| index + 1)
}

/// What stands at a dotted place, with the last key of each: `*` is any key, and a step into a list is one into each item.
pub(super) fn at<'v>(value: &'v Value, place: &str) -> Vec<(String, &'v Value)> {
    if let Some(found) = value.get(place) {
        return vec![(place.to_owned(), found)];
    }
    let mut found = vec![(String::new(), value)];
    for step in place.split('.') {
        found = found.into_iter().flat_map(|(_, it)| steps(it, step)).collect();
    }
    found
}

fn steps<'v>(value: &'v Value, step: &str) -> Vec<(String, &'v Value)> {
    match value {
        Value::Array(items) => items.iter().flat_map(|it| steps(it, step)).collect(),
        Value::Object(map) if step == "*" => map.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Object(map) => map.get(step).map(|it| (step.to_owned(), it)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A value as one text; `None` of a list, a map or nothing.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(it) => Some(it.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Reads a file by what its name says that it is; or else on which line it is none, and why.
fn parsed(path: &str, text: &str) -> Result<Value, (Option<usize>, String)> {
    let name = name_of(path).to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|it| name.ends_with(it));
    if ends(&[".toml", "pipfile", "poetry.lock", "uv.lock", "cargo.lock"]) {
        return toml::from_str(text).map_err(|it: toml::de::Error| {
            (it.span().map(|it| line_at(text, it.start)), format!("no TOML: {}", it.message()))
        });
    }
    if ends(&[".json", ".jsonc", "pipfile.lock", "composer.lock"]) {
        let read = if may_have_comments(&name) { without_comments(text) } else { text.to_owned() };
        return serde_json::from_str(&read).map_err(|it| (Some(it.line()), format!("no JSON: {it}")));
    }
    if ends(&[".xml", "proj", ".props", ".slnx"]) {
        let document = roxmltree::Document::parse(text);
        let document = document.map_err(|it| (Some(it.pos().row as usize), format!("no XML: {it}")))?;
        let root = document.root_element();
        return Ok(Value::Object(Map::from_iter([(root.tag_name().name().to_owned(), element(root))])));
    }
    if yaml::is_yaml(&name) {
        return yaml::plain(text).map_err(|it| (None, format!("no YAML: {it}")));
    }
    Ok(Value::Object(settings(text).into_iter().map(|(name, value, _)| (name, value.into())).collect()))
}

/// Whether the programs that read a file of this name take comments and commas before a bracket in it: compilers
/// do, and package managers do not.
fn may_have_comments(name: &str) -> bool {
    let is_settings = |start: &str| name.starts_with(start) && name.ends_with(".json");
    let is_one = || ["tsconfig", "jsconfig", "appsettings"].into_iter().any(is_settings);
    name.ends_with(".jsonc") || matches!(name, "angular.json" | "global.json") || is_one()
}

/// JSON without what some programs allow in it, such as compilers in their settings: comments, and commas before a bracket.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(it) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inner) = rest.strip_prefix("/*") {
            let length = inner.find("*/").map_or(rest.len(), |it| it + 4);
            // Lines are counted.
            out.extend(rest[..length].chars().filter(|it| *it == '\n'));
            length
        } else if it == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|it| {
                let is_end = it == '"' && !escaped;
                escaped = it == '\\' && !escaped;
                is_end
            });
            let length = end.map_or(rest.len(), |it| it + 2);
            out.push_str(&rest[..length]);
            length
        } else {
            if let Some(before) = out.trim_end().strip_suffix(',').filter(|_| matches!(it, '}' | ']')) {
                out.remove(before.len());
            }
            out.push(it);
            it.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// An element of XML: its attributes with `@`, its children by name, or its text alone.
fn element(node: roxmltree::Node<'_, '_>) -> Value {
    let mut map = Map::new();
    for attribute in node.attributes() {
        map.insert(format!("@{}", attribute.name()), attribute.value().into());
    }
    for child in node.children().filter(roxmltree::Node::is_element) {
        let (name, value) = (child.tag_name().name().to_owned(), element(child));
        match map.get_mut(&name) {
            Some(Value::Array(items)) => items.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => drop(map.insert(name, value)),
        }
    }
    let text = node.text().unwrap_or_default().trim();
    if map.is_empty() { text.into() } else { Value::Object(map) }
}

/// `NAME=value` and `NAME: value` lines, as env files, properties and Procfiles have them: name, value without quotes, line.
pub(super) fn settings(text: &str) -> Vec<(String, String, usize)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';', '!', '[']) {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some(end) = line.find(['=', ':']) else { continue };
        let (name, value) = (line[..end].trim(), line[end + 1..].trim());
        if name.is_empty() || !name.chars().all(|it| it.is_alphanumeric() || "_.-".contains(it)) {
            continue;
        }
        let quoted = value.chars().next().filter(|it| matches!(it, '"' | '\''));
        let value = match quoted.and_then(|it| value[1..].split(it).next()) {
            Some(inner) => inner,
            None => value.split(" #").next().unwrap_or(value).trim_end(),
        };
        out.push((name.to_owned(), value.to_owned(), index + 1));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_by_name() {
        let text = |path: &str| {
            Some(match path {
                "a/pom.xml" => "<project><dependencies><dependency><artifactId>x</artifactId></dependency><dependency><artifactId>y</artifactId></dependency></dependencies></project>".to_owned(),
                "Pipfile" => "[packages]\nflask = \"*\"\n".to_owned(),
                _ => "server.port=3030\n# no\n".to_owned(),
            })
        };
        let tree = Tree::new(["a/pom.xml", "Pipfile", "application.properties"].map(str::to_owned), &text);
        let said = |file: &str, place: &str| -> Vec<String> {
            let value = tree.value(file).expect("it can be read");
            at(&value, place).into_iter().filter_map(|(key, it)| Some(format!("{key}={}", scalar(it)?))).collect()
        };
        assert_eq!(said("a/pom.xml", "project.dependencies.dependency.artifactId"), ["artifactId=x", "artifactId=y"]);
        assert_eq!(said("Pipfile", "packages.*"), ["flask=*"]);
        assert_eq!(said("application.properties", "server.port"), ["server.port=3030"]);
    }

    #[test]
    fn json_with_comments_is_read_and_what_is_broken_is_known() {
        let text = |path: &str| {
            Some(match path {
                "tsconfig.json" => "{ // a\n/* b */ \"a\": [\"//\\\"\", 1,],\n}".to_owned(),
                _ => "{\n\"a\": \n".to_owned(),
            })
        };
        let tree = Tree::new(["tsconfig.json", "package.json"].map(str::to_owned), &text);
        assert_eq!(tree.value("tsconfig.json").expect("it is read")["a"], serde_json::json!(["//\"", 1]));
        assert!(tree.value("package.json").is_none());
        let broken = tree.broken();
        assert_eq!((broken.len(), &*broken[0].0, broken[0].1), (1, "package.json", Some(3)));
    }

    #[test]
    fn only_settings_of_compilers_have_comments() {
        for (path, text, is_read) in [
            ("tsconfig.build.json", "{ /*/ a */ \"a\": 1, }", true),
            ("tsconfig.json", "{ \"a\": 1 } /*/", true),
            ("wrangler.jsonc", "{ // a\n}", true),
            ("package.json", "{ // a\n}", false),
            ("composer.json", "{ \"a\": 1, }", false),
        ] {
            assert_eq!(parsed(path, text).is_ok(), is_read, "{path}");
        }
        assert_eq!(parsed("tsconfig.json", "{ /*/ \"a\": 1, */ }"), Ok(serde_json::json!({})));
    }

    #[test]
    fn what_lies_below_a_folder_is_found_the_shallow_first() {
        let files = ["a/b/c.js", "a/z.js", "a-b/d.js", "a.js", "ab/e.js"];
        let tree = Tree::new(files.map(str::to_owned), &|_| None);
        assert_eq!(tree.glob("a", "**/*.js"), ["a/z.js", "a/b/c.js"]);
        assert_eq!(tree.glob("", "*.js"), ["a.js"]);
        assert_eq!(tree.glob("", "**/*.js").len(), 5);
    }

    #[test]
    fn paths_go_up_and_down() {
        assert_eq!(join("docker", "../api/./x"), "api/x");
        assert_eq!(upwards("a/b"), ["a/b", "a", ""]);
        assert_eq!(within("a/b", "a"), Some("b"));
        assert_eq!(within("ab", "a"), None);
    }
}
