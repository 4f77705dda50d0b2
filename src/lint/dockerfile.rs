//! A Dockerfile as instructions and stages. Text that is none becomes problems, never a panic.

use std::collections::HashMap;
use std::ops::Range;

use super::shell::{self, Command};

/// A Dockerfile that was read.
pub(crate) struct Dockerfile<'a> {
    /// `# check=error=true` at its top: name, value, place.
    pub(crate) directives: Vec<(String, &'a str, Range<usize>)>,
    /// All instructions in their order.
    pub(crate) instructions: Vec<Instruction<'a>>,
    /// What each `FROM` begins.
    pub(crate) stages: Vec<Stage>,
    /// What could not be read.
    pub(crate) problems: Vec<(Range<usize>, String)>,
}

/// One instruction.
pub(crate) struct Instruction<'a> {
    /// In capitals: `RUN`.
    pub(crate) name: String,
    /// `--mount=…`: name without dashes, value.
    pub(crate) flags: Vec<(String, String)>,
    /// What follows the flags: as long as in the file, with blanks where lines are continued.
    pub(crate) text: String,
    /// The words of the JSON form.
    pub(crate) json: Option<Vec<String>>,
    /// What a shell would run: of `RUN`, and of `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD`.
    pub(crate) commands: Vec<Command>,
    /// Its first line.
    pub(crate) head: Range<usize>,
    /// All of it.
    pub(crate) bytes: Range<usize>,
    file: &'a str,
}

/// One stage.
pub(crate) struct Stage {
    /// What comes after `AS`, in lower case.
    pub(crate) name: Option<String>,
    /// What it is built on; arguments with a default are filled in.
    pub(crate) image: String,
    /// Where that stands.
    pub(crate) at: Range<usize>,
    /// The stage of this file that it is built on.
    pub(crate) parent: Option<usize>,
    /// Its instructions, the `FROM` included.
    instructions: Range<usize>,
}

const KNOWN: &[&str] = &[
    "FROM",
    "RUN",
    "CMD",
    "LABEL",
    "EXPOSE",
    "ENV",
    "ADD",
    "COPY",
    "ENTRYPOINT",
    "VOLUME",
    "USER",
    "WORKDIR",
    "ARG",
    "ONBUILD",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
    "MAINTAINER",
];

impl<'a> Dockerfile<'a> {
    /// The instructions of a stage, without its parents'.
    pub(crate) fn of(&self, stage: &Stage) -> &[Instruction<'a>] {
        self.instructions.get(stage.instructions.clone()).unwrap_or_default()
    }

    /// The last stage, which becomes the image, and its own instructions.
    pub(crate) fn last(&self) -> Option<(&Stage, &[Instruction<'a>])> {
        self.stages.last().map(|it| (it, self.of(it)))
    }

    /// The instructions that make the image: the last stage's, after those of the stages that it is built on.
    pub(crate) fn image(&self) -> Vec<&Instruction<'a>> {
        let mut line = Vec::new();
        let mut next = self.stages.last();
        while let Some(stage) = next {
            line.push(stage);
            next = stage.parent.and_then(|it| self.stages.get(it));
        }
        line.into_iter().rev().flat_map(|it| self.of(it)).collect()
    }

    /// The last instruction `name` of the image.
    pub(crate) fn final_one(&self, name: &str) -> Option<&Instruction<'a>> {
        self.image().into_iter().rfind(|it| it.name == name)
    }

    /// All `RUN` instructions.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Instruction<'a>> {
        self.instructions.iter().filter(|it| it.name == "RUN")
    }

    /// The stage that an instruction's `--from` names, or what stands there.
    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        let by_name = self.stages.iter().rfind(|it| it.name.as_deref() == Some(&name.to_lowercase()));
        by_name.or_else(|| name.parse::<usize>().ok().and_then(|it| self.stages.get(it)))
    }

    /// `text` with what `ARG` and `ENV` give its variables; the others stay.
    pub(crate) fn expand(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let values = self.instructions.iter().flat_map(Instruction::pairs);
        fill_in(text, &values.filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

impl Instruction<'_> {
    /// The value of its flag `name`.
    pub(crate) fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The values of all flags `name`.
    pub(crate) fn flags<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i str> {
        self.flags.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// All of its text as it stands in the file.
    pub(crate) fn raw(&self) -> &str {
        self.file.get(self.bytes.clone()).unwrap_or_default()
    }

    /// Where `needle` stands in it; its first line where it does not.
    pub(crate) fn find(&self, needle: &str) -> Range<usize> {
        let raw = self.raw();
        let found = if needle.is_empty() { None } else { raw.find(needle) };
        found.map_or(self.head.clone(), |it| self.bytes.start + it..self.bytes.start + it + needle.len())
    }

    /// The words of its text, in JSON form or not.
    pub(crate) fn words(&self) -> Vec<String> {
        match &self.json {
            Some(words) => words.clone(),
            None => self.text.split_whitespace().map(|it| it.trim_matches(['"', '\'']).to_owned()).collect(),
        }
    }

    /// What `ENV`, `ARG` and `LABEL` set: names, and values where there is one.
    pub(crate) fn pairs(&self) -> Vec<(String, Option<String>)> {
        if !matches!(self.name.as_str(), "ENV" | "ARG" | "LABEL") {
            return Vec::new();
        }
        let words = shell::commands(self.text.trim(), 0).into_iter().flat_map(|it| it.words).collect::<Vec<_>>();
        if self.name != "ARG" && words.len() > 1 && !words[0].contains('=') {
            // `ENV NAME some words`, the old form.
            return vec![(words[0].clone(), Some(words[1..].join(" ")))];
        }
        let pair = |it: &String| match it.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (it.clone(), None),
        };
        words.iter().map(pair).collect()
    }

    /// Whether it has a mount of this type on a folder that ends like this.
    pub(crate) fn mounts(&self, kind: &str) -> impl Iterator<Item = &str> {
        let wanted = format!("type={kind}");
        self.flags("mount").filter(move |it| it.split(',').any(|it| it == wanted))
    }
}

/// Reads any text as a Dockerfile.
pub(crate) fn read(text: &str) -> Dockerfile<'_> {
    let mut reader = Reader { text, lines: lines(text), next: 0, escape: '\\', problems: Vec::new() };
    let directives = reader.directives();
    let mut instructions = Vec::new();
    while let Some(instruction) = reader.instruction() {
        instructions.push(instruction);
    }
    let stages = stages(&instructions);
    Dockerfile { directives, instructions, stages, problems: reader.problems }
}

/// Each line's place, without its line end.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut out = Vec::new();
    for line in text[start..].split_inclusive('\n') {
        out.push(start..start + line.trim_end_matches(['\n', '\r']).len());
        start += line.len();
    }
    out
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<Range<usize>>,
    next: usize,
    escape: char,
    problems: Vec<(Range<usize>, String)>,
}

impl<'a> Reader<'a> {
    /// The line to read next: where it is, and its text.
    fn line(&self) -> Option<(Range<usize>, &'a str)> {
        let at = self.lines.get(self.next)?.clone();
        Some((at.clone(), &self.text[at]))
    }

    /// The comments `# name=value` at the top; the first line that is something else ends them.
    fn directives(&mut self) -> Vec<(String, &'a str, Range<usize>)> {
        let mut out = Vec::new();
        while let Some((at, line)) = self.line() {
            let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|it| it.split_once('=')) else {
                break;
            };
            let name = name.trim().to_lowercase();
            if name.is_empty() || !name.chars().all(|it| it.is_ascii_alphanumeric()) {
                break;
            }
            if name == "escape" && value.trim() == "`" {
                self.escape = '`';
            }
            out.push((name, value.trim(), at));
            self.next += 1;
        }
        out
    }

    fn instruction(&mut self) -> Option<Instruction<'a>> {
        let (first, start) = loop {
            let (at, line) = self.line()?;
            let blank = line.len() - line.trim_start().len();
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                break (at.clone(), at.start + blank);
            }
            self.next += 1;
        };
        let (logical, end) = self.logical(start);
        let name_length = logical.find(char::is_whitespace).unwrap_or(logical.len());
        let name = logical[..name_length].to_uppercase();
        let head = start..start + self.text[start..first.end].trim_end().len();
        if !KNOWN.contains(&name.as_str()) {
            let shown: String = logical[..name_length].chars().take(30).collect();
            self.problems.push((head.clone(), format!("`{shown}` is no instruction")));
        }
        let (flags, after_flags) = flags(&logical, name_length);
        let text = logical[after_flags..].trim_end().to_owned();
        let mut instruction = Instruction {
            json: json(&name, &text),
            commands: Vec::new(),
            name,
            flags,
            text,
            head,
            bytes: start..end,
            file: self.text,
        };
        if matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") && instruction.json.is_none() {
            let bodies = self.heredocs(&instruction);
            instruction.bytes.end = bodies.last().map_or(end, |it| it.end.max(end));
            if let [body] = bodies.as_slice()
                && instruction.name == "RUN"
                && instruction.text.starts_with("<<")
            {
                instruction.commands = shell::commands(&self.text[body.clone()], body.start);
                return Some(instruction);
            }
        }
        instruction.commands = commands(&instruction, start + after_flags);
        Some(instruction)
    }

    /// The text from `start` to where the instruction ends, byte for byte, with blanks for what continues lines and
    /// for the comments between them; and its end.
    fn logical(&mut self, start: usize) -> (String, usize) {
        let mut out = String::new();
        let mut end = start;
        while let Some((at, line)) = self.line() {
            let from = at.start.max(start);
            // What was skipped since the last piece: line ends.
            out.extend(std::iter::repeat_n(' ', from - (start + out.len()).min(from)));
            self.next += 1;
            let comment = !out.trim().is_empty() && line.trim_start().starts_with('#');
            if comment || (line.trim().is_empty() && !out.is_empty()) {
                out.extend(std::iter::repeat_n(' ', at.end - from));
                continue;
            }
            let piece = &self.text[from..at.end];
            end = from + piece.trim_end().len();
            match piece.trim_end().strip_suffix(self.escape) {
                Some(continued) => {
                    out.push_str(continued);
                    out.extend(std::iter::repeat_n(' ', piece.len() - continued.len()));
                }
                None => {
                    out.push_str(piece);
                    break;
                }
            }
        }
        (out, end)
    }

    /// Reads over the bodies of the here-documents that `instruction` begins.
    fn heredocs(&mut self, instruction: &Instruction<'_>) -> Vec<Range<usize>> {
        let mut bodies = Vec::new();
        for (name, indented) in heredoc_names(&instruction.text) {
            let Some((first, _)) = self.line() else {
                self.problems.push((instruction.head.clone(), format!("the here-document `{name}` has no end")));
                break;
            };
            let mut body = first.start..first.start;
            let mut ended = false;
            while let Some((at, line)) = self.line() {
                self.next += 1;
                let line = if indented { line.trim_start_matches('\t') } else { line };
                ended = line == name;
                if ended {
                    break;
                }
                body.end = at.end;
            }
            if !ended {
                self.problems.push((instruction.head.clone(), format!("the here-document `{name}` has no end")));
            }
            bodies.push(body);
        }
        bodies
    }
}

/// The names of here-documents in `text`, and whether tabs before their lines go.
fn heredoc_names(text: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("<<") {
        let rest = &text[at + 2..];
        if rest.starts_with('<') || text[..at].ends_with('<') {
            continue;
        }
        let (indented, rest) = rest.strip_prefix('-').map_or((false, rest), |it| (true, it));
        let rest = rest.trim_start_matches(['"', '\'']);
        let name: String = rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        if name.starts_with(|it: char| it.is_alphabetic() || it == '_') {
            out.push((name, indented));
        }
    }
    out
}

/// The flags after an instruction's name, and where the rest begins.
fn flags(logical: &str, from: usize) -> (Vec<(String, String)>, usize) {
    let mut out = Vec::new();
    let mut at = from;
    loop {
        let rest = &logical[at..];
        let word_at = at + (rest.len() - rest.trim_start().len());
        let Some(word) = logical[word_at..].split_whitespace().next().filter(|it| it.starts_with("--")) else {
            return (out, word_at);
        };
        let (name, value) = word[2..].split_once('=').unwrap_or((&word[2..], ""));
        out.push((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
        at = word_at + word.len();
    }
}

/// The JSON form, where `text` is one. `HEALTHCHECK` has it after `CMD`.
fn json(name: &str, text: &str) -> Option<Vec<String>> {
    let text = if name == "HEALTHCHECK" { text.strip_prefix("CMD")?.trim_start() } else { text };
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

fn commands(instruction: &Instruction<'_>, start: usize) -> Vec<Command> {
    if !matches!(instruction.name.as_str(), "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK") {
        return Vec::new();
    }
    match &instruction.json {
        // `["sh", "-c", "…"]` is a shell's text again.
        Some(words) => match words.as_slice() {
            [shell, option, script, ..] if option.starts_with('-') && option.ends_with('c') && is_shell(shell) => {
                let mut commands = shell::commands(script, 0);
                commands.iter_mut().for_each(|it| it.bytes = instruction.head.clone());
                commands
            }
            _ => vec![Command::of(words.clone(), instruction.head.clone())],
        },
        None => {
            let skipped = if instruction.name == "HEALTHCHECK" && instruction.text.starts_with("CMD") { 3 } else { 0 };
            shell::commands(&instruction.text[skipped..], start + skipped)
        }
    }
}

/// Whether `program` is a shell.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "zsh"))
}

fn stages(instructions: &[Instruction<'_>]) -> Vec<Stage> {
    let mut defaults = HashMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    for (index, instruction) in instructions.iter().enumerate() {
        if instruction.name != "FROM" {
            if stages.is_empty() && instruction.name == "ARG" {
                defaults.extend(instruction.pairs().into_iter().filter_map(|(name, value)| Some((name, value?))));
            } else if let Some(stage) = stages.last_mut() {
                stage.instructions.end = index + 1;
            }
            continue;
        }
        let words: Vec<&str> = instruction.text.split_whitespace().collect();
        let written = words.first().copied().unwrap_or("");
        let named = words.get(1).is_some_and(|it| it.eq_ignore_ascii_case("as"));
        let image = fill_in(written, &defaults);
        let parent = stages.iter().rposition(|it| it.name.as_deref() == Some(&image.to_lowercase()));
        stages.push(Stage {
            name: words.get(2).filter(|_| named).map(|it| it.to_lowercase()),
            parent,
            image,
            at: instruction.find(written),
            instructions: index..index + 1,
        });
    }
    stages
}

/// `text` with the variables that `values` has; `${NAME:-x}` is `x` where it has none. Others stay as they are.
fn fill_in(text: &str, values: &HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (inner, length) = match after.strip_prefix('{') {
            Some(braced) => {
                let end = braced.find('}').unwrap_or(braced.len());
                (&braced[..end], (end + 2).min(after.len()))
            }
            None => {
                let end = after.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        let name_end = inner.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(inner.len());
        let (name, operator) = inner.split_at(name_end);
        let fallback = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'));
        match values.get(name).map(String::as_str).filter(|it| !it.is_empty()).or(fallback) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[dollar..=dollar + length]),
        }
        rest = &after[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_names_flags_and_text() {
        let text = "# syntax=docker/dockerfile:1\n# check=error=true\n\nFROM a AS b\nrun --mount=type=cache,target=/x \\\n  # why\n  make && \\\n\n  install\nCMD [\"x\", \\\n  \"y\"]\n";
        let read = read(text);
        assert_eq!(
            read.directives.iter().map(|it| (it.0.as_str(), it.1)).collect::<Vec<_>>(),
            [("syntax", "docker/dockerfile:1"), ("check", "error=true")]
        );
        let names: Vec<_> = read.instructions.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["FROM", "RUN", "CMD"]);
        let run = &read.instructions[1];
        assert_eq!(run.flag("mount"), Some("type=cache,target=/x"));
        assert_eq!(run.commands.iter().map(|it| &text[it.bytes.clone()]).collect::<Vec<_>>(), ["make", "install"]);
        assert_eq!(&text[run.head.clone()], "run --mount=type=cache,target=/x \\");
        assert_eq!(&text[run.find("install")], "install");
        assert_eq!(read.instructions[2].json.as_deref(), Some(&["x".to_owned(), "y".to_owned()][..]));
        assert!(read.problems.is_empty());
    }

    #[test]
    fn here_documents_are_bodies_and_no_instructions() {
        let text = "FROM a\nRUN <<EOF\nFROM b\nmake\nEOF\nCOPY <<-\"A\" <<B /x\n\tA\none\n\tA\nB\nUSER 1\n";
        let read = read(text);
        let names: Vec<_> = read.instructions.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["FROM", "RUN", "COPY", "USER"]);
        assert_eq!(read.instructions[1].commands.len(), 2);
    }

    #[test]
    fn stages_know_what_they_are_built_on() {
        let text = "ARG V=1\nARG R\nFROM python:${V}-slim AS Base\nUSER 5\nFROM base\nFROM $R/x:$V\nFROM 1\n";
        let read = read(text);
        let images: Vec<_> = read.stages.iter().map(|it| (it.image.as_str(), it.parent)).collect();
        assert_eq!(images, [("python:1-slim", None), ("base", Some(0)), ("$R/x:1", None), ("1", None)]);
        let read = super::read("FROM a AS b\nUSER 5\nFROM b\nCMD x\n");
        assert_eq!(read.final_one("USER").map(|it| it.text.as_str()), Some("5"));
    }

    #[test]
    fn variables_are_filled_in_where_they_have_a_value() {
        let read = read("FROM a\nARG UID=1000\nENV GID 7\nUSER ${UID}:$GID\n");
        assert_eq!(read.expand("${UID}:$GID"), "1000:7");
        for (text, expected) in
            [("${A:-b}", "b"), ("$A", "$A"), ("${A", "${A"), ("$", "$"), ("a$$", "a$$"), ("${A:?x}é", "${A:?x}é")]
        {
            assert_eq!(read.expand(text), expected, "{text}");
        }
    }

    #[test]
    fn windows_continues_lines_with_a_backtick() {
        let read = read("# escape=`\nFROM a\nRUN b `\n  c\nWORKDIR C:\\\nCMD d\n");
        assert_eq!(read.instructions.len(), 4);
    }

    #[test]
    fn what_is_no_dockerfile_becomes_problems() {
        for text in [
            "",
            "\u{feff}",
            "é",
            "FROM",
            "\\",
            "RUN <<A",
            "RUN \\\n\\\n",
            "CMD [",
            "{% if x %}\nFROM a",
            "FROM \\\n# x",
            "RUN <<A\n",
        ] {
            read(text);
        }
        assert_eq!(read("hello world\n").problems[0].1, "`hello` is no instruction");
    }
}
