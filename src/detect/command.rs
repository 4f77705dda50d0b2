//! Commands as people write them down: what of them runs, and what only finds it or runs before.

use super::found::Start;
use super::tree::{Tree, join, within};
use crate::catalog::{Common, Supervisor};

/// No command comes to more parts than these, but for one that was written to be endless.
const MOST_PARTS: usize = 64;

/// Reads commands of one folder.
pub(super) struct Commands<'c> {
    pub(super) tree: &'c Tree<'c>,
    pub(super) common: &'c Common,
    pub(super) folder: &'c str,
    /// The folder that the image of its own Dockerfile starts in: `/app`.
    pub(super) workdir: Option<&'c str>,
    /// The scripts with names.
    pub(super) scripts: &'c [(String, String)],
}

/// One command of several.
#[derive(Debug, Clone, Default)]
struct Part {
    text: String,
    /// The folder that `cd` has led to.
    folder: String,
    /// What is set for it alone.
    environment: Vec<(String, String)>,
}

impl Commands<'_> {
    /// What a command comes to.
    pub(super) fn read(&self, text: &str) -> Start {
        let mut parts = Vec::new();
        self.follow(text, &Part::default(), &mut Vec::new(), &mut parts);
        let shown = parts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" && ");
        // A script with a line for waiting at its end runs what comes before that.
        let last = parts.pop().unwrap_or_default();
        let program = last.text.split_whitespace().next();
        let is_flag = |(name, _): &(String, String)| self.common.flags.get(name).is_some_and(|it| program == Some(it));
        let (flags, environment): (Vec<_>, Vec<_>) = last.environment.into_iter().partition(is_flag);
        let words = if needs_shell(&last.text) { Vec::new() } else { self.words(&last.text, &flags) };
        Start {
            text: shown,
            words,
            before: parts.into_iter().map(|it| it.text).collect(),
            folder: last.folder,
            environment,
            kept: None,
        }
    }

    /// The words of a command with the flags that variables hold for its program, and without those that forge sees to.
    fn words(&self, text: &str, flags: &[(String, String)]) -> Vec<String> {
        let flags: Vec<&str> = flags.iter().map(|(_, it)| it.as_str()).collect();
        let mut text = text.to_owned();
        if let Some(at) = text.find(char::is_whitespace).filter(|_| !flags.is_empty()) {
            text.insert_str(at, &format!(" {}", flags.join(" ")));
        }
        split(&without_needless(self.tree, self.common, &text))
    }

    /// Whether only developers run such a command: what it comes to, or how it is written.
    pub(super) fn is_for_development(&self, text: &str) -> bool {
        let mut parts = Vec::new();
        self.follow(text, &Part::default(), &mut Vec::new(), &mut parts);
        parts.iter().any(|part| self.common.development.iter().any(|it| self.tree.fits(it, &part.text)))
    }

    /// Whether a command brings a database to its newest shape.
    pub(super) fn is_migration(&self, text: &str) -> bool {
        self.common.migrations.iter().any(|it| self.tree.fits(it, text))
    }

    /// `around` is where and with what a command is run, `within` the scripts on the way here: one that calls itself stays as
    /// it is written.
    fn follow(&self, text: &str, around: &Part, within: &mut Vec<String>, parts: &mut Vec<Part>) {
        let text = without_shell(text.trim());
        let mut folder = around.folder.clone();
        for part in separate(&text) {
            let mut part = self.unwrapped(part.trim());
            if let Some(to) = part.text.strip_prefix("cd ") {
                folder = self.changed(&folder, to).unwrap_or(folder);
            }
            if part.text.is_empty() || is_quiet(&part.text) {
                continue;
            }
            if parts.len() >= MOST_PARTS {
                return;
            }
            part.folder.clone_from(&folder);
            part.environment.splice(0..0, around.environment.iter().cloned());
            match self.behind(&part.text).filter(|it| !within.contains(it)) {
                Some(script) => {
                    within.push(script.clone());
                    self.follow(&script, &part, within, parts);
                    within.pop();
                }
                None => parts.push(part),
            }
        }
    }

    /// The folder that `cd` leads to, from that of the program. Where variables lead only a shell knows, and a path of an
    /// image is one of ours where it lies in the folder that the image starts in.
    fn changed(&self, folder: &str, to: &str) -> Option<String> {
        if to.contains(['$', '`']) || to.starts_with(['-', '~']) {
            return None;
        }
        let to = split(to).into_iter().next()?;
        if !to.starts_with('/') {
            return Some(join(folder, &to));
        }
        let (place, root) = (join("", &to), join("", self.workdir?));
        let below = |place: &str, folder: &str| match place == folder {
            true => Some(String::new()),
            false => within(place, folder).map(str::to_owned),
        };
        let place = below(&place, &root)?;
        Some(below(&place, self.folder).unwrap_or(place))
    }

    /// A command without `exec` and what only finds the program; its variables taken off.
    fn unwrapped(&self, text: &str) -> Part {
        let mut part = Part { text: text.to_owned(), ..Part::default() };
        loop {
            let word = first_word(&part.text);
            let name = word.split_once('=').map_or("", |(name, _)| name);
            let is_assignment = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
            if is_assignment {
                let value = split(&word[name.len() + 1..]).concat();
                part.environment.push((name.to_owned(), value));
            }
            if is_assignment || matches!(word, "exec" | "env" | "cross-env" | "cross-env-shell" | "time" | "nohup") {
                part.text = part.text[word.len()..].trim_start().to_owned();
                continue;
            }
            let found = self.common.wrappers.iter().find_map(|it| {
                let pattern = self.tree.pattern(it)?;
                let end = pattern.find(&part.text).filter(|it| it.start() == 0)?.end();
                Some(part.text[end..].trim_start().to_owned())
            });
            match found {
                Some(rest) if rest != part.text => part.text = rest,
                _ => return part,
            }
        }
    }

    /// The script that a command runs: one with a name, or a file of shell commands.
    fn behind(&self, part: &str) -> Option<String> {
        let script = |name: &str| self.scripts.iter().find(|(it, _)| it == name).map(|(_, it)| it.clone());
        let named = self.common.runners.iter().find_map(|it| {
            let runner = self.tree.pattern(it)?;
            script(runner.captures(part)?.get(1)?.as_str())
        });
        if named.is_some() {
            return named.filter(|it| it != part);
        }
        let supervised = self.common.supervisors.iter().find_map(|it| {
            let named = self.tree.pattern(&it.command)?.captures(part)?.get(1)?.as_str().to_owned();
            Some((it, named))
        });
        if let Some((supervisor, named)) = supervised {
            return self.watched(supervisor, named);
        }
        let words = split(part);
        let file = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["sh" | "bash" | "/bin/sh" | "/bin/bash", file, ..] | [file, ..] => file,
            [] => return None,
        };
        let text = self.shell_script(file)?;
        Some(lines_of(&text).join(" && "))
    }

    /// The first program that a supervisor starts: what its command names, or the file that it reads.
    fn watched(&self, supervisor: &Supervisor, named: String) -> Option<String> {
        let program = match &supervisor.lists {
            Some(lists) => {
                let text = self.tree.text(&join(self.folder, &named))?;
                self.tree.pattern(lists)?.captures(&text)?.get(1)?.as_str().to_owned()
            }
            None => named,
        };
        Some(supervisor.run.replace("$1", &program))
    }

    /// The text of a script in the folder, wherever an image has it.
    fn shell_script(&self, file: &str) -> Option<std::rc::Rc<str>> {
        let name = super::tree::name_of(file);
        let places = [join(self.folder, file), join(self.folder, name), join(self.folder, &format!("docker/{name}"))];
        let path = places.into_iter().find(|it| self.tree.has(it))?;
        let text = self.tree.text(&path)?;
        let first = text.lines().next().unwrap_or_default();
        let is_shell = path.ends_with(".sh") || first.starts_with("#!") && first.contains("sh");
        // What chooses between ways is no list of commands.
        let chooses = text.lines().map(str::trim_start).any(|it| {
            ["if ", "case ", "while ", "until ", "for ", "function "].iter().any(|word| it.starts_with(word))
        });
        (is_shell && !chooses).then_some(text)
    }
}

/// A command without the flags that forge sees to.
pub(super) fn without_needless(tree: &Tree<'_>, common: &Common, text: &str) -> String {
    let patterns = common.needless_flags.iter().filter_map(|it| tree.pattern(it));
    patterns.fold(text.to_owned(), |text, it| it.replace_all(&text, "").into_owned())
}

/// The characters that stand between no quotes, with their places; the quotes are not among them.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |(_, it)| {
        match quote {
            Some(open) if *it == open => quote = None,
            Some(_) => {}
            None if matches!(it, '"' | '\'') => quote = Some(*it),
            None => return true,
        }
        false
    })
}

/// The commands of a line that run one after the other: `&&` and `;` between quotes separate nothing.
fn separate(text: &str) -> Vec<&str> {
    let (mut out, mut start) = (Vec::new(), 0);
    for (at, it) in unquoted(text) {
        let is_end = it == ';' || text[at..].starts_with("&&");
        // The second one of `&&` is before the next start.
        if is_end && at >= start {
            out.push(&text[start..at]);
            start = at + if it == ';' { 1 } else { 2 };
        }
    }
    out.push(text.get(start..).unwrap_or_default());
    out
}

/// The first word as it is written, quotes in it included.
fn first_word(text: &str) -> &str {
    let end = unquoted(text).find(|(_, it)| it.is_whitespace());
    end.map_or(text, |(at, _)| &text[..at])
}

/// The commands of a script, one a line.
fn lines_of(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
    lines.filter(|it| !it.contains("\"$@\"")).map(str::to_owned).collect()
}

/// What only sets up a shell, or talks.
fn is_quiet(part: &str) -> bool {
    let word = part.split_whitespace().next().unwrap_or_default();
    matches!(word, "set" | "export" | "cd" | "true" | ":" | "sleep" | "ulimit" | "umask" | "source" | "." | "wait")
}

/// The command inside of `sh -c "…"`.
fn without_shell(text: &str) -> String {
    let words = split(text);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sh" | "bash" | "ash" | "/bin/sh" | "/bin/bash", flag, inner, ..]
            if flag.starts_with('-') && flag.ends_with('c') =>
        {
            inner.to_owned()
        }
        _ => text.to_owned(),
    }
}

/// Whether only a shell knows what this comes to. Variables are not meant: ports are known.
fn needs_shell(text: &str) -> bool {
    let is_shells = |(_, it)| matches!(it, '|' | '<' | '>' | '`' | '&' | '(' | '*');
    unquoted(text).any(is_shells) || text.contains("$(")
}

/// The words of a command, quotes taken off.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut escaped = false;
    for it in text.chars() {
        match quote {
            _ if escaped => {
                word.get_or_insert_default().push(it);
                escaped = false;
            }
            _ if it == '\\' && quote != Some('\'') => escaped = true,
            Some(open) if it == open => quote = None,
            Some(_) => word.get_or_insert_default().push(it),
            None if matches!(it, '"' | '\'') => {
                quote = Some(it);
                word.get_or_insert_default();
            }
            None if it.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(it),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::tests::common;

    fn read(text: &str, scripts: &[(&str, &str)], files: &[(&str, &str)]) -> Start {
        let texts: Vec<(String, String)> = files.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let text_of = |path: &str| texts.iter().find(|(it, _)| it == path).map(|(_, it)| it.clone());
        let tree = Tree::new(texts.iter().map(|(it, _)| it.clone()), &text_of);
        let scripts: Vec<(String, String)> = scripts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Commands { tree: &tree, common: common(), folder: "", workdir: Some("/app"), scripts: &scripts }.read(text)
    }

    #[test]
    fn a_command_is_followed_to_what_runs() {
        for (text, expected, before) in [
            ("npm start", "node server.js", ""),
            ("sh -c 'poetry run uvicorn app:app --port 80'", "uvicorn app:app --port 80", ""),
            ("NODE_ENV=production exec node server.js", "node server.js", ""),
            ("npx prisma migrate deploy && npm run start", "node server.js", "prisma migrate deploy"),
            ("./start.sh", "node server.js", "alembic upgrade head"),
            ("bundle exec puma -C config/puma.rb", "puma -C config/puma.rb", ""),
        ] {
            let scripts = [("start", "npm run serve"), ("serve", "node server.js")];
            let files = [("start.sh", "#!/bin/sh\nset -e\nalembic upgrade head\nexec npm start\n")];
            let start = read(text, &scripts, &files);
            assert_eq!(start.words.join(" "), expected, "{text}");
            assert_eq!(start.before.join(" && "), before, "{text}");
        }
    }

    #[test]
    fn where_and_with_what_it_runs_is_kept() {
        for (text, words, folder, environment) in [
            ("cd dist && node main.js", "node main.js", "dist", ""),
            ("sh -c 'cd /app && node main.js'", "node main.js", "", ""),
            ("cd /app/dist/ && node main.js", "node main.js", "dist", ""),
            ("cd /srv/app && node main.js", "node main.js", "", ""),
            ("cd \"$(dirname \"$0\")\" && node main.js", "node main.js", "", ""),
            ("cd $APP_HOME && cd - && cd ~ && cd dist && node main.js", "node main.js", "dist", ""),
            ("NODE_OPTIONS='--require ./a.js' next start", "next start", "", "NODE_OPTIONS=--require ./a.js"),
            ("TZ=UTC cross-env A='x y' node b.js", "node b.js", "", "TZ=UTC A=x y"),
            (
                "NODE_OPTIONS='--import ./a.mjs --max-old-space-size=4096' node b.js",
                "node --import ./a.mjs b.js",
                "",
                "",
            ),
            ("node --env-file=.env --env-file .env.local -r ./a b.js", "node -r ./a b.js", "", ""),
            ("nginx -g 'daemon off;'", "nginx -g daemon off;", "", ""),
            ("pm2-runtime start ecosystem.config.js --env production", "node src/a.js", "", ""),
            ("pm2-runtime dist/b.js -i max", "node dist/b.js", "", ""),
            ("pm2-runtime start npm.config.js", "pm2-runtime start npm.config.js", "", ""),
            ("pm2-runtime start gone.config.js", "pm2-runtime start gone.config.js", "", ""),
        ] {
            let files = [
                ("ecosystem.config.js", "module.exports = { apps: [{ name: 'a', script: './src/a.js' }] }"),
                ("npm.config.js", "module.exports = { apps: [{ script: 'npm', args: 'start' }, { script: 'b.js' }] }"),
            ];
            let start = read(text, &[], &files);
            assert_eq!((start.words.join(" ").as_str(), start.folder.as_str()), (words, folder), "{text}");
            let given: Vec<String> = start.environment.iter().map(|(name, it)| format!("{name}={it}")).collect();
            assert_eq!(given.join(" "), environment, "{text}");
        }
    }

    #[test]
    fn any_number_of_ampersands_is_read() {
        for (text, parts) in
            [("a &&& b", vec!["a ", "& b"]), ("&&&&", vec!["", "", ""]), ("a && b;c", vec!["a ", " b", "c"])]
        {
            assert_eq!(separate(text), parts, "{text}");
        }
    }

    #[test]
    fn scripts_that_call_each_other_end() {
        let start = read("npm run a", &[("a", "npm run b"), ("b", "npm run a")], &[]);
        assert!(!start.text.is_empty());
    }

    #[test]
    fn what_needs_a_shell_has_no_words() {
        assert_eq!(read("cat a | node b.js", &[], &[]).words, [""; 0]);
        assert_eq!(read("node b.js --port $PORT", &[], &[]).words, ["node", "b.js", "--port", "$PORT"]);
    }
}
