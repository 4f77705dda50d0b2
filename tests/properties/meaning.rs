//! What a generated file says to the program that reads it: a small reader for each format, written after that
//! program's manual and not after forge, so that a value which breaks out of its place shows as another meaning.

use std::sync::LazyLock;

use forge::schema::COMPOSE;
use forge::targets::Artifact;
use forge::yaml::{self, Node};
use regex::Regex;
use serde_json::{Map, Value, json};

/// Before a `$` or a backtick that a shell, Docker or nginx would replace.
const EXPANDS: char = '\u{e000}';
/// Before a character that a shell takes for a pattern.
const MATCHES: char = '\u{e001}';

/// The meaning of a file, by what it is: a layout can call it anything.
pub(super) fn meaning(artifact: &Artifact) -> Result<Value, String> {
    let text = &without_ids(&artifact.text);
    match artifact.id.split(':').next().unwrap_or_default() {
        "compose" => compose(text),
        "dockerfile" => dockerfile(text),
        // SQL and the like: names in it have patterns of their own, and a text that breaks out makes another line.
        "backing" | "dockerignore" | "lines" | "maintenance" | "secrets" => {
            Ok(text.lines().filter(|it| !it.starts_with('#')).collect())
        }
        "entrypoint" | "script" => shell(text).map(|it| json!(it)),
        "env" => dotenv(text),
        "nginx" | "file/nginx_conf" => nginx(text),
        "ci" => workflow(text),
        // Programs and settings of a stack's own: what the spec gives them has a pattern that no quote is in.
        it if it.starts_with("file/") => Ok(text.lines().collect()),
        _ => Err("no reader knows this file".to_owned()),
    }
}

/// A text without what names of the gateway's variables and mounts end with: made from host, path or class, and not the same,
/// since a variable has letters, digits and `_` alone.
fn without_ids(text: &str) -> std::borrow::Cow<'_, str> {
    static IDS: LazyLock<Regex> = LazyLock::new(|| {
        let stems = "refused|stays_open|stranger|outside|moved|files_age|stripped|canary|preflight|rest|retry_after|cors_(?:origin|credentials|expose|methods|headers|age)";
        Regex::new(&format!(r"([$<](?:{stems}))_[A-Za-z0-9_]+|(/srv/routes/)[a-z0-9_]+")).expect("it is one")
    });
    IDS.replace_all(text, "$1$2")
}

// ---- workflows --------------------------------------------------------------------------------------------------

fn workflow(text: &str) -> Result<Value, String> {
    let doc = yaml::read(text).map_err(|it| it.message)?;
    workflow_node(&doc.root, "")
}

fn workflow_node(node: &Node, key: &str) -> Result<Value, String> {
    let below = |it: &Node, key: &str| workflow_node(it, key);
    Ok(match &node.value {
        yaml::Value::String(text) if ["SERVICES", "DOCKERFILES"].contains(&key) => {
            serde_json::from_str(text).map_err(|it| it.to_string())?
        }
        yaml::Value::String(text) if key == "changes" => json!(pattern(text)),
        yaml::Value::String(text) => {
            let parts = expressions(text)?;
            // GitLab replaces what stands behind a `$` in most places; in a script, the shell does.
            let is_script = ["run", "script", "before_script"].contains(&key);
            let read = |it: &Value| match it.as_str() {
                Some(it) if is_script => shell(it).map(|it| json!(it)),
                _ => Ok(it.clone()),
            };
            parts.iter().map(read).collect::<Result<Vec<_>, _>>()?.into()
        }
        yaml::Value::Map(entries) => {
            let read = |(key, it): (&String, &Node)| Ok((key.clone(), below(it, key)?));
            Value::Object(entries.iter().map(read).collect::<Result<_, String>>()?)
        }
        yaml::Value::List(items) => items.iter().map(|it| below(it, key)).collect::<Result<Vec<_>, _>>()?.into(),
        _ => node.json(),
    })
}

/// A pattern as Ruby's `File.fnmatch` reads it, which GitLab asks: behind a backslash a character stands for itself.
fn pattern(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(it) = characters.next() {
        match it {
            '\\' => out.extend(characters.next()),
            '*' | '?' | '[' | ']' | '{' | '}' => out.extend([MATCHES, it]),
            it => out.push(it),
        }
    }
    out
}

/// A text with the expressions of GitHub in it: those that are a text of their own are that text.
fn expressions(text: &str) -> Result<Vec<Value>, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        plain.push_str(before);
        let (inside, after) = after.split_once("}}").ok_or_else(|| format!("an expression has no end in {text:?}"))?;
        match inside.trim().strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).filter(|it| !it.contains('\'')) {
            Some(constant) => plain.push_str(constant),
            None => {
                parts.push(json!(std::mem::take(&mut plain)));
                parts.push(json!({ "expression": inside }));
            }
        }
        rest = after;
    }
    plain.push_str(rest);
    parts.push(json!(plain));
    Ok(parts)
}

// ---- compose ---------------------------------------------------------------------------------------------------

fn compose(text: &str) -> Result<Value, String> {
    let doc = yaml::read(text).map_err(|it| it.message)?;
    let valid = without_resets(&doc.root);
    if let Some(error) = COMPOSE.iter_errors(&valid).next() {
        return Err(format!("at {}: {error}", error.instance_path()));
    }
    read_node(&doc.root, "")
}

/// A `!reset` takes an entry away: there is nothing that a schema could judge.
fn without_resets(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Map(entries) => {
            let kept = entries.iter().filter(|(_, it)| it.tag.as_deref() != Some("!reset"));
            kept.map(|(key, it)| (key.clone(), without_resets(it))).collect()
        }
        yaml::Value::List(items) => items.iter().map(without_resets).collect(),
        _ => node.json(),
    }
}

fn read_node(node: &Node, key: &str) -> Result<Value, String> {
    let value = match &node.value {
        // A digest of files, in which the value that is looked for may stand.
        yaml::Value::String(text) if key == "forge.nginx" => json!(text.len()),
        yaml::Value::String(text) => interpolate(text)?,
        yaml::Value::Map(entries) => {
            let mut map = Map::new();
            for (key, it) in entries {
                map.insert(key.clone(), read_node(it, key)?);
            }
            Value::Object(map)
        }
        yaml::Value::List(items) => {
            Value::Array(items.iter().map(|it| read_node(it, "")).collect::<Result<Vec<_>, _>>()?)
        }
        _ => node.json(),
    };
    Ok(match &node.tag {
        Some(tag) => json!({ &**tag: value }),
        None => value,
    })
}

/// What compose makes of a text: `$$` is a `$`, `${NAME:-default}` is replaced, any other `$` is an error.
fn interpolate(text: &str) -> Result<Value, String> {
    let mut parts: Vec<Value> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            plain.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after).ok_or_else(|| format!("compose finds no end of the reference in {text:?}"))?;
            let inside = &after[..end];
            let name = inside.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(inside.len());
            let (name, after_name) = inside.split_at(name);
            let operator = [":-", ":?", ":+"].into_iter().find(|it| after_name.starts_with(it)).unwrap_or_default();
            if name.is_empty() || (operator.is_empty() && !after_name.is_empty()) {
                return Err(format!("compose knows no reference like {text:?}"));
            }
            if !plain.is_empty() {
                parts.push(json!(std::mem::take(&mut plain)));
            }
            parts.push(json!([name, operator, interpolate(&after_name[operator.len()..])?]));
            rest = &after[end + 1..];
        } else {
            return Err(format!("compose replaces a single `$` in {text:?}"));
        }
    }
    plain.push_str(rest);
    if parts.is_empty() {
        return Ok(json!(plain));
    }
    if !plain.is_empty() {
        parts.push(json!(plain));
    }
    Ok(Value::Array(parts))
}

/// The `}` that closes a reference; compose counts those of references inside of it.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    let mut before = ' ';
    for (at, it) in text.char_indices() {
        match it {
            '{' if before == '$' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        before = it;
    }
    None
}

// ---- Dockerfile ------------------------------------------------------------------------------------------------

fn dockerfile(text: &str) -> Result<Value, String> {
    if let Some(line) = text.lines().find(|it| it.len() > 65_000) {
        return Err(format!("BuildKit reads lines of 65,535 bytes at most, and this one has {}", line.len()));
    }
    let mut instructions: Vec<Value> = Vec::new();
    let mut line = String::new();
    for part in text.split('\n') {
        if part.trim_start().starts_with('#') || (part.trim().is_empty() && line.is_empty()) {
            continue;
        }
        match part.trim_end().strip_suffix('\\') {
            Some(begun) => line.push_str(begun),
            None => {
                line.push_str(part);
                instructions.push(instruction(&std::mem::take(&mut line))?);
            }
        }
    }
    if !line.is_empty() {
        return Err("the last line goes on".to_owned());
    }
    Ok(Value::Array(instructions))
}

fn instruction(line: &str) -> Result<Value, String> {
    let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let known =
        ["ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR"];
    if !known.contains(&name) {
        return Err(format!("`{name}` is no instruction: {line:?}"));
    }
    let (flags, command) = match rest.split_once(" CMD ") {
        Some((flags, command)) if name == "HEALTHCHECK" => (flags, Some(command)),
        _ if name == "RUN" && rest.ends_with(']') => {
            let at = if rest.starts_with('[') { Some(0) } else { rest.find(" [").map(|it| it + 1) };
            at.map_or((rest, None), |at| (&rest[..at], Some(&rest[at..])))
        }
        _ => ("", ["CMD", "ENTRYPOINT"].contains(&name).then_some(rest)),
    };
    // What is no JSON would be given to a shell.
    let command = command.map(|it| {
        serde_json::from_str::<Vec<String>>(it.trim()).map_err(|error| format!("{name} is no JSON: {error}: {it:?}"))
    });
    match command.transpose()? {
        Some(words) => Ok(json!([name, shell(flags)?, words])),
        None => Ok(json!([name, shell(rest)?])),
    }
}

// ---- .env ------------------------------------------------------------------------------------------------------

/// As docker compose documents it: single quotes keep everything, `\'` is a quote in them; without quotes a ` #`
/// begins a comment; without quotes and in double quotes `$` is replaced.
fn dotenv(text: &str) -> Result<Value, String> {
    let mut values = Map::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            rest = after;
            continue;
        }
        let (key, value) = rest.split_once('=').ok_or_else(|| format!("no `=` in {line:?}"))?;
        if key.is_empty() || !key.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
            return Err(format!("{key:?} is no name"));
        }
        let value = if let Some(quoted) = value.strip_prefix('\'') {
            let mut before = '\'';
            let end = quoted.char_indices().find(|(_, it)| {
                *it == '\'' && std::mem::replace(&mut before, *it) != '\\' || {
                    before = *it;
                    false
                }
            });
            let (end, _) = end.ok_or_else(|| format!("no quote ends the value of {key}"))?;
            rest = &quoted[end + 1..];
            let (behind, after) = rest.split_once('\n').unwrap_or((rest, ""));
            if !behind.trim().is_empty() {
                return Err(format!("{behind:?} stands behind the value of {key}"));
            }
            rest = after;
            quoted[..end].replace("\\'", "'")
        } else {
            let (line, after) = value.split_once('\n').unwrap_or((value, ""));
            rest = after;
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.contains('$') || line.starts_with('"') {
                return Err(format!("compose replaces something in the value of {key}: {line:?}"));
            }
            line.to_owned()
        };
        if values.insert(key.to_owned(), json!(value)).is_some() {
            return Err(format!("{key} is set twice"));
        }
    }
    Ok(Value::Object(values))
}

// ---- nginx -----------------------------------------------------------------------------------------------------

/// Directives with their parameters and blocks, as `ngx_conf_read_token` finds them.
fn nginx(text: &str) -> Result<Value, String> {
    let mut characters = text.chars().peekable();
    Ok(json!({ "inside": block(&mut characters, 0)? }))
}

fn block(text: &mut std::iter::Peekable<std::str::Chars<'_>>, depth: usize) -> Result<Vec<Value>, String> {
    let mut directives: Vec<Value> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    loop {
        let Some(it) = text.next() else {
            return if depth == 0 && words.is_empty() {
                Ok(directives)
            } else {
                Err("the end comes too early".to_owned())
            };
        };
        match it {
            ' ' | '\t' | '\r' | '\n' => {}
            '#' => while text.next_if(|it| *it != '\n').is_some() {},
            ';' if words.is_empty() => return Err("a `;` without a directive".to_owned()),
            ';' => directives.push(json!(std::mem::take(&mut words))),
            '{' => {
                let inside = block(text, depth + 1)?;
                directives.push(json!({ "words": std::mem::take(&mut words), "inside": inside }));
            }
            '}' if depth > 0 && words.is_empty() => return Ok(directives),
            '}' => return Err("a `}` too many".to_owned()),
            '"' | '\'' => words.push(quoted_word(text, it)?),
            first => words.push(word(text, first)),
        }
    }
}

fn quoted_word(text: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> Result<String, String> {
    let mut word = String::new();
    loop {
        match text.next() {
            None => return Err("a quote has no end".to_owned()),
            Some(it) if it == quote => return Ok(word),
            Some('\\') => word.extend(text.next()),
            Some('$') => word.extend([EXPANDS, '$']),
            Some(it) => word.push(it),
        }
    }
}

fn word(text: &mut std::iter::Peekable<std::str::Chars<'_>>, first: char) -> String {
    let mut word = String::new();
    let mut next = Some(first);
    while let Some(it) = next {
        match it {
            '\\' => word.extend(text.next()),
            '$' => word.extend([EXPANDS, '$']),
            it => word.push(it),
        }
        next = text.next_if(|it| !matches!(it, ' ' | '\t' | '\r' | '\n' | ';' | '{'));
    }
    word
}

// ---- shell -----------------------------------------------------------------------------------------------------

/// Words and operators, quotes taken away; what a shell would replace is marked.
fn shell(text: &str) -> Result<Vec<String>, String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(it) = characters.next() {
        match it {
            ' ' | '\t' => tokens.extend(word.take()),
            '#' if word.is_none() => while characters.next_if(|it| *it != '\n').is_some() {},
            '\n' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => {
                tokens.extend(word.take());
                tokens.push(format!("{EXPANDS}{it}"));
            }
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or("a quote has no end")? {
                        '\'' => break,
                        it => word.push(it),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next().ok_or("a quote has no end")? {
                        '"' => break,
                        it @ ('$' | '`') => word.extend([EXPANDS, it]),
                        '\\' => match characters.next().ok_or("nothing behind a backslash")? {
                            it @ ('$' | '`' | '"' | '\\') => word.push(it),
                            '\n' => {}
                            it => word.extend(['\\', it]),
                        },
                        it => word.push(it),
                    }
                }
            }
            '\\' => match characters.next() {
                Some('\n') => {}
                Some(it) => word.get_or_insert_default().push(it),
                None => return Err("nothing behind a backslash".to_owned()),
            },
            '$' | '`' => word.get_or_insert_default().extend([EXPANDS, it]),
            '*' | '?' | '[' | '~' => word.get_or_insert_default().extend([MATCHES, it]),
            it => word.get_or_insert_default().push(it),
        }
    }
    tokens.extend(word);
    Ok(tokens)
}

/// `value` with `old` replaced in every text and key, and sorted wherever the order is only that of names.
pub(super) fn substituted(value: &Value, old: &str, new: &str) -> Value {
    // Names stand in variables as `OLD_URL`.
    let loud = |it: &str| it.to_uppercase().replace('-', "_");
    let put = |text: &str| {
        let text = text.replace(old, new);
        if loud(old) == old { text } else { text.replace(&loud(old), &loud(new)) }
    };
    match value {
        Value::String(text) => Value::String(sorted_abilities(put(text))),
        Value::Array(items) => items.iter().map(|it| substituted(it, old, new)).collect(),
        Value::Object(entries) => {
            let entry = |(key, it): (&String, &Value)| {
                let mut it = substituted(it, old, new);
                if let (Value::Array(items), true) = (&mut it, UNORDERED.contains(&key.as_str())) {
                    items.sort_by_key(Value::to_string);
                }
                (put(key), it)
            };
            entries.iter().map(entry).collect()
        }
        other => other.clone(),
    }
}

/// A `Permissions-Policy` in one order, whatever its abilities are called.
fn sorted_abilities(word: String) -> String {
    let mut parts: Vec<&str> = word.split(", ").collect();
    if !parts.iter().all(|it| it.contains("=(")) {
        return word;
    }
    parts.sort_unstable();
    parts.join(", ")
}

/// Keys of lists in which the order means nothing; `inside` is a block of nginx.
const UNORDERED: [&str; 5] = ["inside", "networks", "secrets", "tmpfs", "volumes"];
