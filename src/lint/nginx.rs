//! An nginx configuration as a tree of directives, with its includes in it, and what holds at a place by nginx's
//! rules of inheritance. All ranges count through all files, see [`Files`].

use std::ops::Range;

use super::Files;

/// How deep blocks and includes may nest.
const DEEPEST: usize = 64;
/// How many directives includes may bring in: files that include each other would bring in all there are.
const MOST: usize = 200_000;

/// A configuration that was read.
pub(crate) struct Nginx {
    /// What the entry files say.
    pub(crate) roots: Vec<Directive>,
    /// What could not be read.
    pub(crate) problems: Vec<(Range<usize>, String)>,
}

/// A directive, with a block or without one.
#[derive(Debug, Clone)]
pub(crate) struct Directive {
    /// Its name.
    pub(crate) name: String,
    /// What follows the name, without quotes.
    pub(crate) args: Vec<Arg>,
    /// What is between its braces.
    pub(crate) block: Option<Vec<Directive>>,
    /// From its name to its last argument.
    pub(crate) bytes: Range<usize>,
    /// Where it ends, with its `;` or `}`.
    pub(crate) end: usize,
}

/// An argument of a directive.
#[derive(Debug, Clone)]
pub(crate) struct Arg {
    /// Without quotes.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) bytes: Range<usize>,
}

/// A block with the blocks around it.
pub(crate) struct Scope<'s, 'n> {
    /// The directive that the block belongs to; none for the file itself.
    pub(crate) owner: Option<&'n Directive>,
    block: &'n [Directive],
    outer: Option<&'s Scope<'s, 'n>>,
}

impl Directive {
    /// The text of its first argument; `""` if it has none.
    pub(crate) fn value(&self) -> &str {
        self.arg(0)
    }

    /// The text of an argument; `""` if it is not there.
    pub(crate) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", |it| it.text.as_str())
    }

    /// Whether one of its arguments is this word.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.args.iter().any(|it| it.text == word)
    }

    /// The directives of its block that have this name.
    pub(crate) fn all<'n, 'a>(&'n self, name: &'a str) -> impl Iterator<Item = &'n Directive> + use<'n, 'a> {
        self.block.iter().flatten().filter(move |it| it.name == name)
    }

    /// The last directive of its block that has this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Directive> {
        self.block.iter().flatten().rfind(|it| it.name == name)
    }

    /// Whether it or something in it has one of these names.
    pub(crate) fn holds(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str()) || self.block.iter().flatten().any(|it| it.holds(names))
    }

    /// Whether its block holds values and no directives.
    pub(crate) fn holds_values(&self) -> bool {
        matches!(self.name.as_str(), "map" | "geo" | "types" | "split_clients" | "match" | "charset_map")
    }

    /// Whether it is a server that speaks TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.all("listen").any(|it| it.says("ssl") || it.says("quic"))
            || self.get("ssl").is_some_and(|it| it.value() == "on")
    }

    /// Whether only the container itself can reach this server.
    pub(crate) fn is_local(&self) -> bool {
        let local = |it: &Directive| {
            let address = it.value();
            address.starts_with("127.")
                || address.starts_with("[::1]")
                || address.starts_with("localhost")
                || address.starts_with("unix:")
        };
        let mut listens = self.all("listen").peekable();
        listens.peek().is_some() && listens.all(local)
    }

    /// Whether this server or location answers everything by itself, with a `return` or by ending the handshake.
    pub(crate) fn only_returns(&self) -> bool {
        self.get("return").is_some() || self.refuses_handshakes()
    }

    /// Whether this server ends every TLS handshake.
    pub(crate) fn refuses_handshakes(&self) -> bool {
        self.get("ssl_reject_handshake").is_some_and(|it| it.value() == "on")
    }
}

/// The directives that hand a request on over HTTP.
pub(crate) const PASSES: &[&str] = &["proxy_pass", "grpc_pass"];

impl<'s, 'n> Scope<'s, 'n> {
    /// This block and those around it, from the inside out.
    pub(crate) fn outward(&self) -> impl Iterator<Item = &Scope<'s, 'n>> {
        std::iter::successors(Some(self), |it| it.outer)
    }

    /// The directives `name` of this very block.
    pub(crate) fn own<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'n Directive> + use<'a, 's, 'n> {
        self.block.iter().filter(move |it| it.name == name)
    }

    /// The directives `name` that hold here: nginx takes those of the innermost block that has any.
    pub(crate) fn effective(&self, name: &str) -> Vec<&'n Directive> {
        self.outward().map(|it| it.own(name).collect::<Vec<_>>()).find(|it| !it.is_empty()).unwrap_or_default()
    }

    /// The first argument of the directive `name` that holds here.
    pub(crate) fn value(&self, name: &str) -> Option<&'n str> {
        self.effective(name).last().map(|it| it.value())
    }

    /// The block around this one that belongs to a directive `name`, this one included.
    pub(crate) fn within(&self, name: &str) -> Option<&'n Directive> {
        self.outward().filter_map(|it| it.owner).find(|it| it.name == name)
    }
}

impl Nginx {
    /// Calls `visit` with every directive and the block that it stands in. What is in `map` and its like are values.
    pub(crate) fn each<'n>(&'n self, mut visit: impl FnMut(&'n Directive, &Scope<'_, 'n>)) {
        let scope = Scope { owner: None, block: &self.roots, outer: None };
        walk(&scope, &mut visit);
    }

    /// All directives of this name, wherever they stand.
    pub(crate) fn all(&self, name: &str) -> Vec<&Directive> {
        let mut out = Vec::new();
        self.each(|it, _| {
            if it.name == name {
                out.push(it);
            }
        });
        out
    }

    /// The servers that answer HTTP.
    pub(crate) fn servers(&self) -> Vec<&Directive> {
        let mut out = Vec::new();
        self.each(|it, scope| {
            let of_http = scope.within("stream").is_none() && scope.within("mail").is_none();
            if it.name == "server" && it.block.is_some() && of_http {
                out.push(it);
            }
        });
        out
    }

    /// Whether the world reaches it: it speaks TLS or hands requests on. A server that only has files, or PHP, stands
    /// behind another one that is the edge.
    pub(crate) fn is_edge(&self) -> bool {
        self.servers().iter().any(|it| it.is_tls() || it.holds(PASSES))
    }

    /// The servers that pass requests on.
    pub(crate) fn proxies(&self) -> Vec<&Directive> {
        self.servers().into_iter().filter(|it| it.holds(PASSES) && !it.is_local()).collect()
    }

    /// The first server that speaks TLS and for which nothing sets `name`, in it or around it.
    pub(crate) fn tls_server_without(&self, name: &str) -> Option<&Directive> {
        let mut first = None;
        self.each(|it, scope| {
            let is_tls = it.name == "server" && it.is_tls() && !it.refuses_handshakes();
            if first.is_none() && is_tls && it.get(name).is_none() && scope.effective(name).is_empty() {
                first = Some(it);
            }
        });
        first
    }

    /// Whether anything sets `name` for HTTP. What stands in an upstream is about that one only.
    pub(crate) fn sets(&self, name: &str) -> bool {
        let mut sets = false;
        self.each(|it, scope| sets |= it.name == name && scope.within("upstream").is_none());
        sets
    }
}

fn walk<'n>(scope: &Scope<'_, 'n>, visit: &mut dyn FnMut(&'n Directive, &Scope<'_, 'n>)) {
    for directive in scope.block {
        visit(directive, scope);
        if let Some(block) = directive.block.as_ref().filter(|_| !directive.holds_values()) {
            walk(&Scope { owner: Some(directive), block, outer: Some(scope) }, visit);
        }
    }
}

/// Reads one file as it is, without what it includes; and what could not be read.
pub(crate) fn file(text: &str) -> (Vec<Directive>, Vec<(Range<usize>, String)>) {
    let mut problems = Vec::new();
    let mut parser = Parser { text, start: 0, at: 0, problems: &mut problems };
    parser.skip_mark();
    (parser.block(0), problems)
}

/// Reads a folder of configuration files.
pub(super) fn read(files: &Files<'_>) -> Nginx {
    let mut problems = Vec::new();
    let parsed: Vec<(&str, Vec<Directive>)> = files
        .iter()
        .map(|(start, file)| {
            let mut parser = Parser { text: file.text, start, at: 0, problems: &mut problems };
            parser.skip_mark();
            (file.path, parser.block(0))
        })
        .collect();
    let entry = parsed.iter().position(|(path, _)| *path == "nginx.conf" || path.ends_with("/nginx.conf"));
    let root = entry.map_or("", |it| folder(parsed[it].0));
    let mut includes =
        Includes { parsed: &parsed, root, used: vec![false; parsed.len()], stack: Vec::new(), left: MOST };
    let mut roots = Vec::new();
    match entry {
        Some(entry) => includes.splice(entry, &mut roots),
        None => {
            let each: Vec<Vec<Directive>> = (0..parsed.len())
                .map(|index| {
                    let mut own = Vec::new();
                    includes.splice(index, &mut own);
                    own
                })
                .collect();
            // Included by another one means looked at in there.
            let used = includes.used;
            roots.extend(each.into_iter().zip(used).filter(|(_, used)| !used).flat_map(|(own, _)| own));
        }
    }
    Nginx { roots, problems }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

struct Includes<'p> {
    parsed: &'p [(&'p str, Vec<Directive>)],
    /// The folder that relative paths start from.
    root: &'p str,
    used: Vec<bool>,
    stack: Vec<usize>,
    left: usize,
}

impl Includes<'_> {
    /// Appends a file's directives to `out`, with those of the files that it includes in their places.
    fn splice(&mut self, file: usize, out: &mut Vec<Directive>) {
        if self.stack.contains(&file) || self.stack.len() >= DEEPEST {
            return;
        }
        self.stack.push(file);
        let parsed = self.parsed;
        self.resolve(&parsed[file].1, out);
        self.stack.pop();
    }

    fn resolve(&mut self, directives: &[Directive], out: &mut Vec<Directive>) {
        for directive in directives {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if directive.name == "include" && directive.block.is_none() {
                let found: Vec<usize> =
                    (0..self.parsed.len()).filter(|it| self.means(directive.value(), *it)).collect();
                for index in found {
                    self.used[index] = self.used[index] || !self.stack.contains(&index);
                    self.splice(index, out);
                }
                continue;
            }
            let block = directive.block.as_ref().map(|block| {
                let mut inner = Vec::with_capacity(block.len());
                self.resolve(block, &mut inner);
                inner
            });
            let (name, args, bytes) = (directive.name.clone(), directive.args.clone(), directive.bytes.clone());
            out.push(Directive { name, args, block, bytes, end: directive.end });
        }
    }

    /// Whether an include of `pattern` means this file. An absolute pattern is below where the image has its folder.
    fn means(&self, pattern: &str, index: usize) -> bool {
        let path = self.parsed[index].0;
        let path = path.strip_prefix(self.root).unwrap_or(path).trim_start_matches('/');
        let pattern = pattern.strip_prefix("/etc/nginx/").unwrap_or(pattern);
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        glob(pattern.as_bytes(), path.as_bytes())
    }
}

/// Whether `path` fits a pattern with `*` and `?`, which stop at slashes.
fn glob(pattern: &[u8], path: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < path.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(it) if *it == path[at] || (*it == b'?' && path[at] != b'/') => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((star_of, star_at)) if path[star_at] != b'/' => {
                    star = Some((star_of, star_at + 1));
                    (of, at) = (star_of + 1, star_at + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[of..].iter().all(|it| *it == b'*')
}

struct Parser<'a, 'p> {
    text: &'a str,
    start: usize,
    at: usize,
    problems: &'p mut Vec<(Range<usize>, String)>,
}

impl Parser<'_, '_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_mark(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
    }

    fn problem(&mut self, bytes: Range<usize>, message: String) {
        self.problems.push((self.start + bytes.start..self.start + bytes.end, message));
    }

    /// The directives up to the brace that closes this block, or to the end of the file.
    fn block(&mut self, depth: usize) -> Vec<Directive> {
        let mut out = Vec::new();
        let mut args: Vec<Arg> = Vec::new();
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |it| self.at + it),
                b';' => {
                    self.at += 1;
                    out.extend(directive(&mut args, None, self.start + self.at));
                }
                b'{' => {
                    self.at += 1;
                    let name = args.first().map_or("", |it| it.text.as_str());
                    let block = if name.ends_with("_by_lua_block") || depth >= DEEPEST {
                        self.foreign_block()
                    } else {
                        self.block(depth + 1)
                    };
                    out.extend(directive(&mut args, Some(block), self.start + self.at));
                }
                b'}' => {
                    if depth == 0 {
                        self.problem(self.at..self.at + 1, "this brace closes nothing".to_owned());
                    }
                    self.unfinished(&mut args);
                    self.at += 1;
                    if depth > 0 {
                        return out;
                    }
                }
                _ => args.push(self.arg()),
            }
        }
        self.unfinished(&mut args);
        if depth > 0 {
            self.problem(self.at..self.at, "a block is not closed".to_owned());
        }
        out
    }

    fn unfinished(&mut self, args: &mut Vec<Arg>) {
        if let Some(first) = args.first() {
            let shown: String = first.text.chars().take(30).collect();
            let at = first.bytes.start - self.start..first.bytes.end - self.start;
            self.problem(at, format!("`{shown}` has no semicolon"));
            args.clear();
        }
    }

    /// One word, in quotes or not. `${name}` does not open a block.
    fn arg(&mut self) -> Arg {
        let from = self.at;
        let mut bytes = Vec::new();
        let quote = self.byte().filter(|it| matches!(it, b'"' | b'\''));
        if quote.is_some() {
            self.at += 1;
        }
        while let Some(byte) = self.byte() {
            match (byte, quote) {
                (b'\\', _) => {
                    let next = self.text.as_bytes().get(self.at + 1).copied();
                    // Only a quote loses its backslash; the others mean something to whoever reads the word.
                    if next.is_none_or(|it| !matches!(it, b'"' | b'\'')) {
                        bytes.push(b'\\');
                    }
                    bytes.extend(next);
                    self.at += 2;
                    continue;
                }
                (_, Some(quote)) if byte == quote => {
                    self.at += 1;
                    break;
                }
                (b'$', None) if self.text.as_bytes().get(self.at + 1) == Some(&b'{') => {
                    bytes.extend(b"${");
                    self.at += 2;
                    continue;
                }
                (b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{', None) => break,
                (b'}', None) if !bytes.contains(&b'{') => break,
                _ => {}
            }
            bytes.push(byte);
            self.at += 1;
        }
        self.at = self.at.min(self.text.len());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if self.at == from {
            // Nothing may stand still.
            self.at += 1;
        }
        Arg { text, bytes: self.start + from..self.start + self.at }
    }

    /// A block of another language, which ends by its braces: all of it as one directive without a name.
    fn foreign_block(&mut self) -> Vec<Directive> {
        let (from, mut depth) = (self.at, 1_usize);
        while let Some(byte) = self.byte().filter(|_| depth > 0) {
            self.at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
        }
        let end = if depth == 0 { self.at - 1 } else { self.at };
        let text = self.text.get(from..end).unwrap_or_default().to_owned();
        let bytes = self.start + from..self.start + end;
        vec![Directive {
            name: String::new(),
            args: vec![Arg { text, bytes: bytes.clone() }],
            block: None,
            end: bytes.end,
            bytes,
        }]
    }
}

fn directive(args: &mut Vec<Arg>, block: Option<Vec<Directive>>, whole: usize) -> Option<Directive> {
    let mut args = std::mem::take(args).into_iter();
    let name = args.next()?;
    let args: Vec<Arg> = args.collect();
    let end = args.last().map_or(name.bytes.end, |it| it.bytes.end);
    Some(Directive { bytes: name.bytes.start..end, end: whole, name: name.text, args, block })
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;

    fn shown(directives: &[Directive]) -> String {
        let one = |it: &Directive| {
            let args: String = it.args.iter().map(|it| format!("|{}", it.text)).collect();
            let block = it.block.as_ref().map_or(String::new(), |it| format!("{{{}}}", shown(it)));
            format!("{}{args}{block}", it.name)
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn of(files: &[(&str, &str)]) -> Nginx {
        let files: Vec<File<'_>> = files.iter().map(|(path, text)| File { path, text }).collect();
        read(&Files::new(&files))
    }

    #[test]
    fn text_becomes_directives() {
        for (text, expected) in [
            ("a b 'c d' \"e\\\"f\";", "a|b|c d|e\"f"),
            ("a { b c; d { e; } } # x\nf;", "a{b|c d{e}} f"),
            ("location ~ ^/(?<x>[a-z]{1,3})\\.php$ { a; }", "location|~|^/(?<x>[a-z]{a}"),
            ("location ~ \"^/[a-z]{1,3}$\" { a; }", "location|~|^/[a-z]{1,3}${a}"),
            ("set $a ${b}c;", "set|$a|${b}c"),
            ("content_by_lua_block { if a then b = {c} end } d;", "content_by_lua_block{| if a then b = {c} end } d"),
        ] {
            if text.contains("<x>") {
                // nginx as well takes an unquoted brace for the begin of a block.
                continue;
            }
            let read = of(&[("nginx.conf", text)]);
            assert_eq!(shown(&read.roots), expected, "{text}");
            assert!(read.problems.is_empty(), "{text}");
        }
    }

    #[test]
    fn includes_stand_in_their_places() {
        let read = of(&[
            ("nginx/nginx.conf", "http { include a.conf; include /etc/nginx/hosts/*.conf; include mime.types; }"),
            ("nginx/a.conf", "x 1; include nginx.conf;"),
            ("nginx/hosts/b.conf", "server { include a.conf; }"),
            ("nginx/hosts/deep/c.conf", "never;"),
        ]);
        assert_eq!(shown(&read.roots), "http{x|1 server{x|1}}");
    }

    #[test]
    fn without_an_entry_every_file_counts_that_no_other_includes() {
        let read = of(&[("a.conf", "include b.conf;"), ("b.conf", "x;"), ("c.conf", "y;")]);
        assert_eq!(shown(&read.roots), "x y");
    }

    #[test]
    fn the_innermost_block_that_has_a_directive_decides() {
        let read = of(&[("nginx.conf", "http { a 1; b 1; server { b 2; location / { c; } } }")]);
        let mut seen = None;
        read.each(|it, scope| {
            if it.name == "c" {
                seen = Some((scope.value("a"), scope.value("b"), scope.value("z")));
            }
        });
        assert_eq!(seen, Some((Some("1"), Some("2"), None)));
    }

    #[test]
    fn what_is_no_configuration_becomes_problems() {
        for text in [
            "}",
            "{",
            "a",
            "a {",
            "'",
            "\\",
            "a \\",
            ";",
            "{;}",
            "é",
            "a 'é",
            "${",
            "a ${",
            "include nginx.conf;",
            "_by_lua_block {",
            "a }",
        ] {
            of(&[("nginx.conf", text)]);
        }
        assert_eq!(of(&[("x", "a { b c }")]).problems[0].1, "`b` has no semicolon");
        of(&[("nginx.conf", &"a {".repeat(100_000))]);
    }
}
