//! Shell text as simple commands: enough to see which program gets which words, and whose failure goes unseen.
//! No shell: nothing is expanded, and what does not parse is skipped over.

use std::ops::Range;

/// How deep substitutions may nest before they are taken as plain text.
const DEEPEST: usize = 40;

/// What stands between a command and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// `;`, a newline, or the end.
    End,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
}

/// A simple command: words without their quotes.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// All words, with assignments and keywords such as `if` before the program.
    pub(super) words: Vec<String>,
    /// Redirections: the operator and where to.
    pub(super) redirects: Vec<(String, String)>,
    /// From its first word to its last.
    pub(super) bytes: Range<usize>,
    /// What follows it.
    pub(super) next: Join,
    /// What stands before it.
    pub(super) before: Join,
    /// Where its program stands in `words`.
    program: usize,
}

impl Command {
    /// A command from words that no shell has to split.
    pub(super) fn of(words: Vec<String>, bytes: Range<usize>) -> Command {
        let program = program_of(&words);
        Command { words, redirects: Vec::new(), bytes, next: Join::End, before: Join::End, program }
    }

    /// The program's name without its folder; `""` where there is none.
    pub(crate) fn program(&self) -> &str {
        let word = self.words.get(self.program).map_or("", String::as_str);
        word.rsplit('/').next().unwrap_or(word)
    }

    /// The words after the program.
    pub(super) fn args(&self) -> &[String] {
        self.words.get(self.program + 1..).unwrap_or_default()
    }

    /// The first argument that is no option.
    pub(crate) fn verb(&self) -> &str {
        self.args().iter().find(|it| !it.starts_with('-')).map_or("", String::as_str)
    }

    /// Whether one of `options` is among its arguments; `--option=value` counts.
    pub(super) fn has(&self, options: &[&str]) -> bool {
        self.args().iter().any(|it| options.contains(&it.split('=').next().unwrap_or(it)))
    }

    /// Whether the words before the program have this one: `sudo`, `if`, `!`.
    pub(super) fn led_by(&self, word: &str) -> bool {
        self.words.iter().take(self.program).any(|it| it == word)
    }
}

/// Where in `words` the program stands: after keywords, assignments, and programs that only start another one.
fn program_of(words: &[String]) -> usize {
    const KEYWORDS: &[&str] = &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"];
    const STARTERS: &[&str] = &["sudo", "env", "exec", "command", "nohup", "nice"];
    let mut options = false;
    let before = |it: &&String| {
        let word = it.as_str();
        if STARTERS.contains(&word) {
            options = true;
            return true;
        }
        let name = word.split('=').next().unwrap_or("");
        let assigns =
            name.len() < word.len() && !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
        KEYWORDS.contains(&word) || assigns || (options && word.starts_with('-'))
    };
    words.iter().take_while(before).count()
}

/// The simple commands of `text`, those in substitutions before the one that they are in. Ranges count from `start`.
pub(super) fn commands(text: &str, start: usize) -> Vec<Command> {
    let mut out = Vec::new();
    Lexer::new(text, start, 0).run(&mut out);
    out
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    start: usize,
    depth: usize,
    at: usize,
    word: Option<Vec<u8>>,
    words: Vec<String>,
    redirect: Option<String>,
    redirects: Vec<(String, String)>,
    begin: usize,
    end: usize,
    before: Join,
    cases: usize,
    heredocs: Vec<(String, bool)>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, start: usize, depth: usize) -> Lexer<'a> {
        Lexer {
            text,
            bytes: text.as_bytes(),
            start,
            depth,
            at: 0,
            word: None,
            words: Vec::new(),
            redirect: None,
            redirects: Vec::new(),
            begin: 0,
            end: 0,
            before: Join::End,
            cases: 0,
            heredocs: Vec::new(),
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(mut self, out: &mut Vec<Command>) {
        while self.at < self.bytes.len() {
            let byte = self.peek(0);
            match byte {
                b'\n' => {
                    self.end_command(Join::End, out);
                    self.at += 1;
                    self.skip_heredocs();
                }
                b' ' | b'\t' | b'\r' => {
                    self.end_word(out);
                    self.at += 1;
                }
                b'#' if self.word.is_none() => self.skip_line(),
                b'\\' => {
                    match self.peek(1) {
                        b'\n' => {}
                        0 => self.push(b"\\"),
                        _ => self.push(&self.bytes[self.at + 1..self.at + 2]),
                    }
                    self.at += 2;
                }
                b'\'' => {
                    let end = self.find(self.at + 1, b'\'');
                    self.push(&self.bytes[self.at + 1..end]);
                    self.at = end + 1;
                }
                b'"' => self.double_quotes(out),
                b'$' | b'`' => self.dollar(out),
                b';' => {
                    let cases = self.peek(1) == b';' || self.peek(1) == b'&';
                    self.end_command(Join::End, out);
                    self.at += 1 + usize::from(cases);
                    if cases && self.cases > 0 {
                        self.skip_pattern();
                    }
                }
                b'&' if self.peek(1) == b'&' => self.join(Join::And, 2, out),
                b'&' if self.peek(1) == b'>' => self.redirect(out),
                b'|' if self.peek(1) == b'|' => self.join(Join::Or, 2, out),
                b'|' => self.join(Join::Pipe, 1 + usize::from(self.peek(1) == b'&'), out),
                b'(' if self.word.is_some() && self.peek(1) == b')' => {
                    // A function's name is no command.
                    self.word = None;
                    self.words.clear();
                    self.at += 2;
                }
                b'&' | b'(' | b')' => self.join(Join::End, 1, out),
                b'<' | b'>' => self.redirect(out),
                _ => {
                    self.push(&self.bytes[self.at..=self.at]);
                    self.at += 1;
                }
            }
        }
        self.end_command(Join::End, out);
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.word.is_none() && self.words.is_empty() && self.redirect.is_none() {
            self.begin = self.at;
        }
        self.word.get_or_insert_default().extend_from_slice(bytes);
    }

    fn end_word(&mut self, out: &mut Vec<Command>) {
        let Some(word) = self.word.take() else { return };
        let word = String::from_utf8_lossy(&word).into_owned();
        self.end = self.at;
        if let Some(operator) = self.redirect.take() {
            if operator.starts_with("<<") && operator != "<<<" {
                self.heredocs.push((word.clone(), operator == "<<-"));
            }
            self.redirects.push((operator, word));
            return;
        }
        self.words.push(word);
        let is_case = self.words.len() >= 3 && self.words[self.words.len() - 3] == "case";
        if is_case && self.words.last().is_some_and(|it| it == "in") {
            self.end_command(Join::End, out);
            self.cases += 1;
            self.skip_pattern();
        }
    }

    fn end_command(&mut self, next: Join, out: &mut Vec<Command>) {
        self.end_word(out);
        self.redirect = None;
        let words = std::mem::take(&mut self.words);
        let redirects = std::mem::take(&mut self.redirects);
        if !words.is_empty() || !redirects.is_empty() {
            let bytes = self.start + self.begin..self.start + self.end.max(self.begin);
            out.push(Command { redirects, next, before: self.before, ..Command::of(words, bytes) });
        } else if next == Join::End && self.before != Join::End {
            // The line ends after `|` or `&&`: the next one goes on with it.
            return;
        }
        self.before = next;
    }

    fn join(&mut self, join: Join, length: usize, out: &mut Vec<Command>) {
        self.end_command(join, out);
        self.at += length;
    }

    fn redirect(&mut self, out: &mut Vec<Command>) {
        // `2>`: the digits belong to the operator.
        if self.word.as_ref().is_some_and(|it| it.iter().all(u8::is_ascii_digit)) {
            self.word = None;
        }
        self.end_word(out);
        let from = self.at;
        while matches!(self.peek(0), b'<' | b'>' | b'&' | b'|') && self.at - from < 3 {
            self.at += 1;
        }
        if self.peek(0) == b'-' && &self.bytes[from..self.at] == b"<<" {
            self.at += 1;
        }
        self.redirect = Some(self.text[from..self.at].to_owned());
    }

    fn double_quotes(&mut self, out: &mut Vec<Command>) {
        self.push(b"");
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' if matches!(self.peek(1), b'"' | b'\\' | b'$' | b'`') => {
                    self.push(&self.bytes[self.at + 1..self.at + 2]);
                    self.at += 2;
                }
                b'$' | b'`' => self.dollar(out),
                byte => {
                    self.push(&[byte]);
                    self.at += 1;
                }
            }
        }
    }

    /// A substitution: its commands are read, its text stays part of the word.
    fn dollar(&mut self, out: &mut Vec<Command>) {
        let from = self.at;
        let (inner, to) = match (self.peek(0), self.peek(1)) {
            (b'`', _) => {
                let end = self.find(from + 1, b'`');
                (Some(from + 1..end), end + 1)
            }
            (_, b'(') if self.peek(2) == b'(' => (None, self.closing(from + 1, b'(', b')')),
            (_, b'(') => {
                let to = self.closing(from + 1, b'(', b')');
                (Some(from + 2..to.saturating_sub(1).max(from + 2)), to)
            }
            (_, b'{') => (None, self.closing(from + 1, b'{', b'}')),
            _ => (None, from + 1),
        };
        let to = to.min(self.bytes.len());
        if let Some(inner) = inner.filter(|_| self.depth < DEEPEST)
            && let Some(text) = self.text.get(inner.start..inner.end.min(to))
        {
            Lexer::new(text, self.start + inner.start, self.depth + 1).run(out);
        }
        self.push(&self.bytes[from..to]);
        self.at = to;
    }

    /// The first `byte` from `from` on, or the end.
    fn find(&self, from: usize, byte: u8) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        rest.iter().position(|it| *it == byte).map_or(self.bytes.len(), |it| from + it)
    }

    /// After the bracket that closes the one at `from`; quotes hide brackets.
    fn closing(&self, from: usize, open: u8, close: u8) -> usize {
        let (mut depth, mut at, mut quote) = (0_usize, from, 0);
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\\' if quote != b'\'' => at += 1,
                b'\'' | b'"' if quote == 0 => quote = byte,
                // Brackets in double quotes can be a substitution's own.
                _ if byte == quote => quote = 0,
                _ if quote == b'\'' => {}
                _ if byte == open => depth += 1,
                _ if byte == close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.bytes.len()
    }

    fn skip_line(&mut self) {
        self.at = self.find(self.at, b'\n');
    }

    /// Over the patterns of a `case` up to their bracket, or over `esac`.
    fn skip_pattern(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' | b'\n' if self.at < self.bytes.len() => self.at += 1,
                b'#' => self.skip_line(),
                _ => break,
            }
        }
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        if rest.starts_with(b"esac") && !rest.get(4).is_some_and(u8::is_ascii_alphanumeric) {
            self.at += 4;
            self.cases = self.cases.saturating_sub(1);
            return;
        }
        let opening = usize::from(self.peek(0) == b'(');
        self.at += opening;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b')' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.at += 2,
                quote @ (b'\'' | b'"') => self.at = self.find(self.at + 1, quote) + 1,
                _ => self.at += 1,
            }
        }
    }

    fn skip_heredocs(&mut self) {
        for (name, indented) in std::mem::take(&mut self.heredocs) {
            while self.at < self.bytes.len() {
                let end = self.find(self.at, b'\n');
                let line = self.text.get(self.at..end).unwrap_or("").trim_end_matches('\r');
                self.at = end + 1;
                if (if indented { line.trim_start_matches('\t') } else { line }) == name {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands as `program|word|word`, one after the other.
    fn words(text: &str) -> Vec<String> {
        let end = |it: &Command| match it.next {
            Join::End => "",
            Join::And => " &&",
            Join::Or => " ||",
            Join::Pipe => " |",
        };
        commands(text, 0).iter().map(|it| format!("{}{}", it.words.join("|"), end(it))).collect()
    }

    #[test]
    fn text_becomes_simple_commands() {
        for (text, expected) in [
            ("a b && c 'd e' || f \"g h\"", &["a|b &&", "c|d e ||", "f|g h"][..]),
            ("a | b\nc # d | e", &["a |", "b", "c"]),
            ("a |\n  b", &["a |", "b"]),
            ("x=$(a | b) c", &["a |", "b", "x=$(a | b)|c"]),
            ("echo \"$(a \"$b\")\" `c`", &["a|$b", "c", "echo|$(a \"$b\")|`c`"]),
            ("case $1 in\n  a | b) c ;;\n  *) d | e ;;\nesac\nf", &["case|$1|in", "c", "d |", "e", "f"]),
            ("cat <<EOF\na | b\nEOF\nc", &["cat", "c"]),
            ("f() {\n a\n}", &["{", "a", "}"]),
            ("a >b 2>&1 | c", &["a |", "c"]),
            ("a \\\n b", &["a|b"]),
            ("echo $((1 | 2)) ${a|b}", &["echo|$((1 | 2))|${a|b}"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn the_program_stands_after_what_only_leads_to_it() {
        for (text, program) in [
            ("if ! a b", "a"),
            ("A=1 /usr/bin/b c", "b"),
            ("sudo -E apt-get x", "apt-get"),
            ("exec env A=1 node x", "node"),
        ] {
            assert_eq!(commands(text, 0)[0].program(), program, "{text}");
        }
    }

    #[test]
    fn unfinished_text_is_read_to_its_end() {
        for text in [
            "'",
            "\"",
            "$(",
            "${",
            "`",
            "a <<",
            "case x in",
            "\\",
            "a >",
            "case x in a",
            "é\\",
            "$(é",
            "x)",
            "$((",
            "\"\\",
        ] {
            commands(text, 0);
        }
    }
}
