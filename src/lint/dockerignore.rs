//! A `.dockerignore`, and which paths it leaves out, as Docker decides it: the last pattern that fits wins, a pattern
//! that fits a folder holds for all in it.

use std::ops::Range;

/// A `.dockerignore` that was read.
pub(crate) struct Dockerignore<'a> {
    /// Its patterns in their order.
    pub(crate) patterns: Vec<Pattern<'a>>,
}

/// One line that is a pattern.
pub(crate) struct Pattern<'a> {
    /// As written.
    pub(crate) text: &'a str,
    /// Where that is.
    pub(crate) bytes: Range<usize>,
    /// With `!`: it takes paths back in.
    takes_back: bool,
    glob: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Char(char),
    /// `?`
    One,
    /// `*`
    Name,
    /// `**`
    All,
    /// `**/`
    Folders,
    /// `[a-z]`
    Class(bool, Vec<(char, char)>),
}

impl Dockerignore<'_> {
    /// Whether `path`, relative to the context, is left out.
    pub(crate) fn ignores(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let parents: Vec<Vec<char>> = ends.map(|it| path[..it].chars().collect()).collect();
        let mut ignored = false;
        for pattern in &self.patterns {
            // One that would change nothing need not be looked at.
            if pattern.takes_back == ignored && parents.iter().any(|it| fits(&pattern.glob, it)) {
                ignored = !pattern.takes_back;
            }
        }
        ignored
    }

    /// Where a finding about the whole file points.
    pub(crate) fn head(&self) -> Range<usize> {
        self.patterns.first().map_or(0..0, |it| it.bytes.clone())
    }
}

/// Reads any text.
pub(crate) fn read(text: &str) -> Dockerignore<'_> {
    let mut patterns = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches('\u{feff}').trim();
        let at = start + (line.len() - line.trim_start_matches('\u{feff}').trim_start().len());
        start += line.len();
        if trimmed.is_empty() || line.starts_with('#') {
            continue;
        }
        let (takes_back, pattern) = trimmed.strip_prefix('!').map_or((false, trimmed), |it| (true, it.trim()));
        let glob = glob(&clean(pattern));
        patterns.push(Pattern { text: trimmed, bytes: at..at + trimmed.len(), takes_back, glob });
    }
    Dockerignore { patterns }
}

/// Without `.`, empty parts, and slashes at either end.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn glob(pattern: &str) -> Vec<Piece> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        at += 1;
        pieces.push(match char {
            '*' if chars.get(at) == Some(&'*') => {
                at += 1;
                if chars.get(at) == Some(&'/') {
                    at += 1;
                    Piece::Folders
                } else {
                    Piece::All
                }
            }
            '*' => Piece::Name,
            '?' => Piece::One,
            '\\' => {
                at += 1;
                Piece::Char(chars.get(at - 1).copied().unwrap_or('\\'))
            }
            '[' => match chars[at..].iter().position(|it| *it == ']').filter(|it| *it > 0) {
                Some(length) => {
                    let class = &chars[at..at + length];
                    at += length + 1;
                    let (not, class) = class.strip_prefix(&['^']).map_or((false, class), |it| (true, it));
                    Piece::Class(not, ranges(class))
                }
                None => Piece::Char('['),
            },
            other => Piece::Char(other),
        });
    }
    pieces
}

fn ranges(class: &[char]) -> Vec<(char, char)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&from) = class.get(at) {
        let to = if class.get(at + 1) == Some(&'-') { class.get(at + 2).copied() } else { None };
        out.push((from, to.unwrap_or(from)));
        at += if to.is_some() { 3 } else { 1 };
    }
    out
}

/// Whether the whole of `path` fits. All the ways through the pattern are followed at once, so that no pattern is slow.
fn fits(glob: &[Piece], path: &[char]) -> bool {
    let mut ways = vec![false; glob.len() + 1];
    ways[0] = true;
    pass_over(glob, &mut ways, true);
    for (index, &char) in path.iter().enumerate() {
        let mut next = vec![false; glob.len() + 1];
        for at in (0..glob.len()).filter(|it| ways[*it]) {
            match &glob[at] {
                Piece::Char(it) => next[at + 1] |= *it == char,
                Piece::One => next[at + 1] |= char != '/',
                Piece::Name => next[at] |= char != '/',
                Piece::All | Piece::Folders => next[at] = true,
                Piece::Class(not, ranges) => {
                    let within = ranges.iter().any(|(from, to)| (*from..=*to).contains(&char));
                    next[at + 1] |= within != *not && char != '/';
                }
            }
        }
        ways = next;
        let after_slash = path.get(index) == Some(&'/');
        pass_over(glob, &mut ways, after_slash);
    }
    ways[glob.len()]
}

/// Stars may stand for nothing; `**/` only where a folder begins.
fn pass_over(glob: &[Piece], ways: &mut [bool], at_folder: bool) {
    for at in 0..glob.len() {
        let may_be_nothing = match glob[at] {
            Piece::Name | Piece::All => true,
            Piece::Folders => at_folder,
            _ => false,
        };
        if ways[at] && may_be_nothing {
            ways[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_docker_has_it() {
        for (patterns, path, ignored) in [
            (".env", ".env", true),
            (".env", "sub/.env", false),
            ("/.env", ".env", true),
            ("./.env/", ".env", true),
            ("**/.env", ".env", true),
            ("**/.env", "a/b/.env", true),
            ("**/.env", "a/b.env", false),
            ("**/.env*", "a/.env.local", true),
            ("*.pem", "a/b.pem", false),
            ("*/*.pem", "a/b.pem", true),
            ("**.pem", "a/b.pem", true),
            ("node_modules", "node_modules/a/b.js", true),
            ("a/**", "a/b/c", true),
            ("a/**/d", "a/b/c/d", true),
            ("a/**/d", "a/d", true),
            ("*\n!src", "src/main.rs", false),
            ("*\n!src", "other", true),
            ("*\n!src\nsrc/**/*.key", "src/a/b.key", true),
            ("**/.env*\n!**/.env.example", "a/.env.example", false),
            ("# .env", ".env", false),
            ("[a-c]?", "bz", true),
            ("[^a-c]?", "bz", false),
            ("\\*", "a", false),
            ("\\*", "*", true),
            ("[", "[", true),
        ] {
            assert_eq!(read(patterns).ignores(path), ignored, "{patterns:?} and {path}");
        }
    }

    #[test]
    fn a_hostile_pattern_is_no_slower() {
        let pattern = "**/*a*".repeat(60);
        assert!(!read(&pattern).ignores(&"b/".repeat(200)));
    }
}
