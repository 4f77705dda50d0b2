//! A Dockerfile, stage by stage. Lines that continue others, comments and the case of keywords do not count.

use super::subject::{Risk, Subject};
use super::value::{self, duration, variable};
use super::words::{DETAIL, IMAGE, LABEL, SETTING, USER, VARIABLE, words};
use crate::lint::dockerfile::{self, Dockerfile, Instruction, Stage};

words! {
    ADD = "{key}", "{key} from {after}", "{key} no longer from {before}", "{key}: from {before} → {after}";
    CHECK = "health check", "health check {after}", "health check removed", "health check {before} → {after}";
    DIRECTIVE = "directive {key}", "directive {key}={after} added", "directive {key} removed", "directive {key} {before} → {after}";
    PACKAGE = "package {key}", "package {key} installed {after}", "package {key} no longer installed", "package {key} {before} → {after}";
    PLATFORM = "platform", "platform {after}", "platform {before} removed", "platform {before} → {after}";
    PORT = "port {key}", "port {key} exposed", "port {key} no longer exposed", "port {key}";
    RUN = "{key}", "runs {after}", "no longer runs {before}", "runs {before} → {after}";
    ARGUMENT = "argument {key}", "argument {key}={after} added", "argument {key} removed", "argument {key} {before} → {after}";
}

/// What a Dockerfile says; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let file = dockerfile::read(text);
    if !file.problems.is_empty() {
        return None;
    }
    let mut head = Subject::new("", "", 0..0);
    for (name, value, at) in &file.directives {
        let risk = if name.eq_ignore_ascii_case("check") { checks(value) } else { Risk::NONE };
        head.say(&DIRECTIVE, name, *value, at).risk(risk);
    }
    let first = file.stages.first().map_or(usize::MAX, |it| it.at.start);
    for instruction in file.instructions.iter().filter(|it| it.name != "FROM" && it.head.start < first) {
        say(&mut head, instruction, false);
    }
    sort_variables(&mut head.order);
    let mut out = vec![head];
    for (index, it) in file.stages.iter().enumerate() {
        out.push(stage(&file, it, index));
    }
    Some(out)
}

/// What `# check=skip=…;error=true` leaves of the checks of a build.
fn checks(value: &str) -> Risk {
    let settings = || value.split(';').filter_map(|it| it.trim().split_once('='));
    let skipped: usize = settings()
        .filter(|(key, _)| key.trim().eq_ignore_ascii_case("skip"))
        .map(|(_, it)| if it.trim().eq_ignore_ascii_case("all") { 100 } else { it.split(',').count() })
        .sum();
    let stops = settings().any(|(key, it)| key.trim().eq_ignore_ascii_case("error") && it.trim() == "true");
    let skipped = f64::from(u32::try_from(skipped).unwrap_or(u32::MAX));
    Risk::of(skipped + if stops { 0.0 } else { 0.5 }, 0.5)
}

fn stage(file: &Dockerfile<'_>, stage: &Stage, index: usize) -> Subject {
    let is_last = index + 1 == file.stages.len();
    let name = match &stage.name {
        _ if is_last => "final".to_owned(),
        Some(name) => name.clone(),
        None => index.to_string(),
    };
    let own = file.of(stage);
    let mut subject = Subject::new("stage", format!("stage {name}"), stage.at.clone());
    let risk = if stage.parent.is_some() { Risk::level(0.0) } else { value::image(&stage.image) };
    subject.say(&IMAGE, "base image", &stage.image, &stage.at).risk(risk).main();
    if let Some((platform, from)) = own.first().and_then(|it| Some((it.flag("platform")?, it))) {
        subject.say(&PLATFORM, "", platform, &from.head);
    }
    if let Some(name) = stage.name.as_deref().filter(|_| is_last) {
        subject.say(&SETTING, "called", name, &stage.at);
    }
    let last_user = own.iter().rposition(|it| it.name == "USER");
    for (index, instruction) in own.iter().enumerate().skip(1) {
        say(&mut subject, instruction, last_user == Some(index));
    }
    sort_variables(&mut subject.order);
    subject
}

/// Says one instruction. Of several `USER`s only the last decides who the container is.
fn say(subject: &mut Subject, instruction: &Instruction<'_>, is_user: bool) {
    let at = &instruction.bytes;
    let text = collapsed(&instruction.text);
    let (mut counts, mut set) = (true, Vec::new());
    match instruction.name.as_str() {
        "USER" if is_user => {
            subject.say(&USER, "", &text, at).risk(value::user(&text)).main();
        }
        "ENV" | "ARG" => {
            for (name, value) in instruction.pairs() {
                let words = if instruction.name == "ENV" { &VARIABLE } else { &ARGUMENT };
                variable(subject, words, &name, value.as_deref(), at);
                let is_made = value.is_some_and(|it| it.contains('$'));
                set.push((format!("{} {name}", instruction.name), is_made));
            }
            set_before(&mut subject.order, set);
            counts = false;
        }
        "LABEL" => {
            for (name, value) in instruction.pairs() {
                subject.say(&LABEL, name, value.unwrap_or_default(), at);
            }
            counts = false;
        }
        "EXPOSE" => {
            for port in text.split_whitespace() {
                subject.say(&PORT, port.strip_suffix("/tcp").unwrap_or(port), "", at).main();
            }
            counts = false;
        }
        "HEALTHCHECK" => {
            healthcheck(subject, instruction, &text);
            counts = false;
        }
        "CMD" | "ENTRYPOINT" => {
            let (compared, shown) = words_of(instruction, &text);
            let key = if instruction.name == "CMD" { "command" } else { "entrypoint" };
            // A variable or a label can be called so as well.
            subject.facts.retain(|it| it.key != key || !std::ptr::eq(it.words, &SETTING));
            subject.say(&SETTING, key, compared, at).shown(shown);
            counts = false;
        }
        "COPY" | "ADD" => copy(subject, instruction, &text),
        "RUN" => run(subject, instruction, &text),
        name => {
            subject.say(&SETTING, name, flagged(instruction, &text), at);
        }
    }
    if counts {
        subject.order.push(format!("{} {}", instruction.name, flagged(instruction, &text)));
    }
}

/// Variables are in the list of what comes in an order as well: what runs sees those that were set before it. Among
/// themselves they have none, but where one is made of others: none is sorted across that.
fn set_before(order: &mut Vec<String>, set: Vec<(String, bool)>) {
    for (name, is_made) in set {
        if is_made {
            order.extend([String::new(), name, String::new()]);
        } else {
            order.push(name);
        }
    }
}

/// Sorts each run of variables that an order holds, and takes out what keeps runs apart.
fn sort_variables(order: &mut Vec<String>) {
    let is_variable = |it: &String| it.starts_with("ENV ") || it.starts_with("ARG ");
    for run in order.chunk_by_mut(|one, other| is_variable(one) && is_variable(other)) {
        run.sort_unstable();
    }
    order.retain(|it| !it.is_empty());
}

fn healthcheck(subject: &mut Subject, instruction: &Instruction<'_>, text: &str) {
    let at = &instruction.bytes;
    subject.facts.retain(|it| !it.words.what.starts_with("health check"));
    if text.eq_ignore_ascii_case("none") {
        subject.say(&CHECK, "", "switched off", at).risk(Risk::of(1.0, 1.0));
        return;
    }
    let (compared, shown) = words_of(instruction, text);
    let shown = shown.strip_prefix("CMD").map_or(shown.clone(), |it| it.trim_start().to_owned());
    subject.say(&CHECK, "", compared, at).shown(shown).risk(Risk::GUARDS);
    for (name, value) in &instruction.flags {
        let compared = duration(value).map_or_else(|| value.clone(), |it| it.to_string());
        subject.say(&DETAIL, name.replace('-', " "), compared, at).shown(value).of(&CHECK, "");
    }
}

/// The words of a command, as they are compared and as they are shown. A shell runs the one form and not the other.
fn words_of(instruction: &Instruction<'_>, text: &str) -> (String, String) {
    match &instruction.json {
        Some(words) => (format!("[{}", words.join("\u{1f}")), words.join(" ")),
        None => (text.to_owned(), text.to_owned()),
    }
}

fn copy(subject: &mut Subject, instruction: &Instruction<'_>, text: &str) {
    let mut words = match &instruction.json {
        Some(words) => words.clone(),
        None => text.split_whitespace().map(str::to_owned).collect(),
    };
    let target = words.pop().unwrap_or_default();
    // The body of a here-document is what is copied.
    let raw = if text.contains("<<") { instruction.raw() } else { "" };
    let flags = flags(instruction);
    let sources = words.join(" ");
    let shown =
        [flags.as_str(), sources.as_str()].iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let is_remote = instruction.name == "ADD" && words.iter().any(|it| it.contains("://"));
    let remote = if is_remote { 1.0 } else { 0.0 };
    let risk = Risk::of(remote + instruction.flag("chmod").map_or(0.0, given_to_all), 0.0);
    let key = format!("{} to {target}", instruction.name);
    subject.say(&ADD, key, format!("{shown}{raw}"), &instruction.bytes).shown(shown).risk(risk);
}

/// What a mode gives to everybody: to write, and to run it as its owner.
fn given_to_all(mode: &str) -> f64 {
    let given = match u32::from_str_radix(mode, 8) {
        Ok(bits) => [bits & 0o002 != 0, bits & 0o6000 != 0],
        Err(_) => {
            // `u=rwx,go+w`: who, then how, then what.
            let parts = || mode.split(',').filter_map(|it| it.split_once(['+', '=']));
            [
                parts().any(|(who, what)| (who.is_empty() || who.contains(['o', 'a'])) && what.contains('w')),
                parts().any(|(_, what)| what.contains('s')),
            ]
        }
    };
    given.into_iter().map(|it| if it { 1.0 } else { 0.0 }).sum()
}

fn run(subject: &mut Subject, instruction: &Instruction<'_>, text: &str) {
    // A body is another language, in which blanks may count.
    if text.contains("<<") {
        let value = format!("{} {}", flags(instruction), instruction.raw());
        subject.say(&RUN, "RUN with a here-document", value, &instruction.bytes).shown(text);
        return;
    }
    let (text, packages) = without_packages(text);
    for (name, version) in packages {
        subject.say(&PACKAGE, name, version, &instruction.bytes);
    }
    // What it runs first says which one it is.
    let main = instruction.commands.iter().find(|it| !matches!(it.program(), "set" | "cd" | "export" | "true" | ""));
    let key = main.map_or_else(|| "RUN".to_owned(), |it| format!("RUN {}", it.program()));
    let flags = flags(instruction);
    let value = if flags.is_empty() { text } else { format!("{flags} {text}") };
    let shown = format!("`{}`", value.replace('`', "'"));
    subject.say(&RUN, key, value, &instruction.bytes).shown(shown);
}

/// Takes the names of Debian's, Alpine's and Red Hat's packages out of a shell's text: what is left, and the packages with the
/// versions that they are held to.
fn without_packages(text: &str) -> (String, Vec<(String, String)>) {
    const MANAGERS: [&str; 7] = ["apt-get", "apt", "apk", "dnf", "yum", "microdnf", "zypper"];
    let (mut left, mut packages) = (Vec::new(), Vec::new());
    let (mut manager, mut installs, mut is_value) = (false, false, false);
    for word in text.split(' ') {
        let is_end = matches!(word, "&&" | "||" | ";" | "|" | "&" | "}" | ")" | "(" | "{");
        if is_end {
            (manager, installs) = (false, false);
        } else if MANAGERS.contains(&word.rsplit('/').next().unwrap_or(word)) {
            (manager, installs) = (true, false);
        } else if manager && matches!(word, "install" | "add") {
            installs = true;
        } else if installs && !is_value {
            let name = word.trim_end_matches(';');
            let plain = |it: char| it.is_ascii_alphanumeric() || ".+-_:=~^<>*/@".contains(it);
            if !name.is_empty() && name.starts_with(|it: char| it.is_ascii_alphanumeric()) && name.chars().all(plain) {
                let (name, version) = name.split_once('=').unwrap_or((name, ""));
                packages.push((name.to_owned(), version.to_owned()));
                if word.ends_with(';') {
                    left.push(";");
                    installs = false;
                }
                continue;
            }
        }
        // What follows these is no package.
        is_value =
            matches!(word, "-t" | "--virtual" | "-o" | "--repository" | "-X" | "--target-release" | "--root" | "-p");
        left.push(word);
        if word.ends_with(';') {
            (manager, installs) = (false, false);
        }
    }
    (left.join(" "), packages)
}

/// The flags of an instruction; their order does not count.
fn flags(instruction: &Instruction<'_>) -> String {
    let mut flags: Vec<String> = instruction
        .flags
        .iter()
        .map(|(name, value)| if value.is_empty() { format!("--{name}") } else { format!("--{name}={value}") })
        .collect();
    flags.sort();
    flags.join(" ")
}

fn flagged(instruction: &Instruction<'_>, text: &str) -> String {
    let flags = flags(instruction);
    if flags.is_empty() { text.to_owned() } else { format!("{flags} {text}") }
}

/// `text` with one blank for each run of them that no quotes protect.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut escaped = false;
    for it in text.trim().chars() {
        if quote.is_none() && it.is_whitespace() && !escaped {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        match quote {
            _ if escaped => {}
            Some(open) if open == it => quote = None,
            None if matches!(it, '"' | '\'') => quote = Some(it),
            _ => {}
        }
        escaped = it == '\\' && !escaped && quote != Some('\'');
        out.push(it);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{check, said};

    #[test]
    fn spellings_of_one_thing_are_the_same() {
        for (before, after) in [
            ("FROM a:1\nRUN a && \\\n  # why\n\n  b\n", "from a:1\nrun a &&   b\n"),
            ("FROM a:1\nEXPOSE 80\nEXPOSE 81/tcp", "FROM a:1\nEXPOSE 81 80"),
            ("FROM a:1\nENV A=1\nENV B=2", "FROM a:1\nENV B=\"2\" A=1"),
            ("FROM a:1\nHEALTHCHECK --interval=60s CMD a", "FROM a:1\nHEALTHCHECK --interval=1m CMD  a"),
            ("FROM a:1\nCMD [\"a\", \"b\"]", "FROM a:1\nCMD [\"a\",\"b\"] # c\n".trim_end_matches(" # c\n")),
            ("FROM a:1 AS b\nFROM b\n", "FROM a:1 as B\n\n# x\nFROM b"),
            ("FROM a:1\nCMD a\nEXPOSE 1", "FROM a:1\nEXPOSE 1\nCMD a"),
            ("FROM a:1\nCOPY --chown=1 --link a b", "FROM a:1\nCOPY --link --chown=1 a b"),
        ] {
            assert_eq!(said("Dockerfile", before, after), [""; 0], "{before}\n{after}");
        }
    }

    #[test]
    fn instructions_have_their_words() {
        check(
            "api.Dockerfile",
            &[
                ("USER 1000", "USER 0", &["! stage final: user 1000 → 0"]),
                ("USER 0", "USER 1000", &["stage final: user 0 → 1000"]),
                ("USER 1000", "", &["! stage final: user 1000 removed"]),
                ("USER root\nRUN a\nUSER 1000", "RUN a\nUSER 1000", &["stage final: USER root removed"]),
                ("HEALTHCHECK CMD a", "", &["! stage final: health check removed"]),
                ("HEALTHCHECK CMD a", "HEALTHCHECK NONE", &["! stage final: health check a → switched off"]),
                (
                    "HEALTHCHECK NONE",
                    "HEALTHCHECK --retries=2 CMD a",
                    &["stage final: health check switched off → a", "stage final: health check retries 2"],
                ),
                ("", "EXPOSE 80 81", &["stage final: port 80 exposed", "stage final: port 81 exposed"]),
                ("ENV A=1", "ENV A=2", &["stage final: variable A 1 → 2"]),
                ("", "ENV API_TOKEN=abcdefgh1234", &["! stage final: variable API_TOKEN added"]),
                ("ARG A", "ARG A=1", &["stage final: argument A (from outside) → 1"]),
                ("CMD [\"a\"]", "CMD a", &["stage final: command changed"]),
                ("CMD [\"a\", \"b\"]", "CMD [\"a\", \"c\"]", &["stage final: command a b → a c"]),
                ("COPY a /b", "COPY --chown=1 a c /b", &["stage final: COPY to /b: from a → --chown=1 a c"]),
                ("", "ADD https://x.org/y /y", &["! stage final: ADD to /y from https://x.org/y"]),
                (
                    "COPY --chmod=0555 a /b",
                    "COPY --chmod=0777 a /b",
                    &["! stage final: COPY to /b: from --chmod=0555 a → --chmod=0777 a"],
                ),
                (
                    "COPY --chmod=0777 a /b",
                    "COPY --chmod=0555 a /b",
                    &["stage final: COPY to /b: from --chmod=0777 a → --chmod=0555 a"],
                ),
                (
                    "COPY --chmod=u=rw,go=r a /b",
                    "COPY --chmod=a+rw a /b",
                    &["! stage final: COPY to /b: from --chmod=u=rw,go=r a → --chmod=a+rw a"],
                ),
                ("", "COPY --chmod=4755 a /b", &["! stage final: COPY to /b from --chmod=4755 a"]),
                ("ENV B=1\nENV A=1\nENV C=$A", "ENV A=1\nENV B=1\nENV C=$A", &[]),
                ("ENV A=1\nENV C=$A", "ENV C=$A\nENV A=1", &["stage final: ENV C comes earlier"]),
                (
                    "RUN apt-get update && apt-get install -y --no-install-recommends curl=7 git && rm -rf /x",
                    "RUN apt-get update && apt-get install -y --no-install-recommends curl=8 \\\n gcc && rm -rf /x",
                    &[
                        "stage final: package curl 7 → 8",
                        "stage final: package gcc installed",
                        "stage final: package git no longer installed",
                    ],
                ),
                ("RUN make a", "RUN make a b", &["stage final: runs `make a` → `make a b`"]),
                ("RUN echo 'a  b'", "RUN echo 'a b'", &["stage final: runs `echo 'a  b'` → `echo 'a b'`"]),
                ("RUN a\nCOPY b c", "COPY b c\nRUN a", &["stage final: COPY b c comes earlier"]),
                ("RUN <<E\na\nE", "RUN <<E\nb\nE", &["stage final: RUN with a here-document changed"]),
                ("ENV A=1\nRUN a", "RUN a\nENV A=1", &["stage final: RUN a comes earlier"]),
                ("ENV A=1\nENV B=$A", "ENV B=$A\nENV A=1", &["stage final: ENV B comes earlier"]),
                ("LABEL a=b", "LABEL a=c", &["stage final: label a b → c"]),
                (
                    "LABEL entrypoint=b\nENTRYPOINT [\"x\"]",
                    "LABEL entrypoint=c\nENTRYPOINT [\"x\"]",
                    &["stage final: label entrypoint b → c"],
                ),
                ("WORKDIR /a", "WORKDIR /b", &["stage final: WORKDIR /a → /b"]),
                ("STOPSIGNAL SIGTERM", "", &["stage final: STOPSIGNAL SIGTERM removed"]),
            ],
            |it| format!("FROM a:1\n{it}\n"),
        );
    }

    #[test]
    fn stages_have_their_words() {
        let digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000";
        check(
            "Dockerfile",
            &[
                ("FROM a:1", "FROM a:2", &["stage final: base image a:1 → a:2"]),
                ("FROM a:1", "FROM a", &["! stage final: base image a:1 → a"]),
                (
                    &format!("FROM a:1{digest}"),
                    "FROM a:1",
                    &["! stage final: base image a:1@sha256:000000000000… → a:1"],
                ),
                (
                    "ARG V=1\nFROM a:$V",
                    "ARG V=2\nFROM a:$V",
                    &["argument V 1 → 2", "stage final: base image a:1 → a:2"],
                ),
                ("FROM a:1", "FROM b:1 AS build\nRUN x\nFROM a:1", &["stage build: stage added: base image b:1"]),
                ("FROM b:1 AS build\nUSER 1\nFROM a:1", "FROM a:1", &["stage build: stage removed"]),
                ("# check=error=true\nFROM a:1", "FROM a:1", &["! directive check removed"]),
                (
                    "# check=error=true\nFROM a:1",
                    "# check=skip=all\nFROM a:1",
                    &["! directive check error=true → skip=all"],
                ),
                (
                    "# check=skip=A;error=true\nFROM a:1",
                    "# check=error=true\nFROM a:1",
                    &["directive check skip=A;error=true → error=true"],
                ),
                (
                    "# check=skip=A;error=true\nFROM a:1",
                    "# check=skip=A,B;error=true\nFROM a:1",
                    &["! directive check skip=A;error=true → skip=A,B;error=true"],
                ),
                ("FROM --platform=x a:1", "FROM a:1", &["stage final: platform x removed"]),
            ],
            str::to_owned,
        );
    }

    #[test]
    fn what_is_no_dockerfile_has_no_meaning() {
        assert_eq!(crate::meaning::between("Dockerfile", Some("hello"), Some("FROM a")), None);
    }
}
