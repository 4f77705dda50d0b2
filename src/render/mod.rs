//! Text from values: the template engine, set up once, and a filter for each language that values land in.

pub mod tree;

use std::error::Error as _;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;

use crate::catalog::Catalog;
use crate::credential::turns;
use crate::diagnostic::Broken;

/// How many steps a template may take.
const FUEL: u64 = 20_000_000;

/// The engine with all templates of a catalogue.
pub struct Engine {
    templates: Environment<'static>,
    /// Those below `ci/`: there `{{ … }}` belongs to the workflows themselves, and ours are `{{{ … }}}`, `{{% … %}}` and
    /// `{{# … #}}`.
    workflows: Environment<'static>,
}

impl Engine {
    /// Sets up the templates of `catalog`: the project's own are compiled now, forge's when they are asked for.
    ///
    /// # Errors
    /// Those of the project's own templates that do not parse.
    pub fn new(catalog: &Catalog) -> Result<Engine, Vec<Broken>> {
        let engine = Engine {
            templates: environment(catalog, SyntaxConfig::default()),
            workflows: environment(catalog, workflow_syntax()),
        };
        let mut broken = Vec::new();
        for name in &catalog.own_templates {
            if let Err(error) = engine.of(name).get_template(name) {
                broken.push(complaint(name, &error));
            }
        }
        if broken.is_empty() { Ok(engine) } else { Err(broken) }
    }

    /// The environment that a template belongs to.
    fn of(&self, name: &str) -> &Environment<'static> {
        if name.trim_start_matches("forge/").starts_with("ci/") { &self.workflows } else { &self.templates }
    }

    /// The text of the template `name` with `values` in it, without blank lines around it and with a line end.
    ///
    /// # Errors
    /// When the template names what there is not, or a value does not fit where it is put.
    pub fn render(&self, name: &str, values: &impl Serialize) -> Result<String, Broken> {
        let template = self.of(name).get_template(name).map_err(|it| complaint(name, &it))?;
        let text = template.render(Value::from(Serde(values))).map_err(|it| complaint(name, &it))?;
        Ok(format!("{}\n", text.trim_matches('\n')))
    }
}

/// An environment with the templates of a catalogue and the filters of all languages.
fn environment(catalog: &Catalog, syntax: SyntaxConfig) -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_syntax(syntax);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    // Not one of minijinja's own kinds: macros give back finished text, and the formatter below sees all else.
    templates.set_auto_escape_callback(|_| AutoEscape::Custom("forge".into()));
    templates.set_formatter(format);
    // A hundred times what the longest file for 10,000 services takes; only a template without an end needs more.
    templates.set_fuel(Some(FUEL));
    templates.add_filter("words", words);
    templates.add_filter("command", command);
    templates.add_filter("shell", |text: Arc<str>| Value::from_safe_string(shell(&text)));
    templates.add_filter("dockerfile", |text: Arc<str>| {
        dockerfile(&text).map(Value::from_safe_string).ok_or_else(|| unfit("no line of a Dockerfile can hold this"))
    });
    templates.add_filter("nginx", |text: Arc<str>| {
        let text = nginx(&text).ok_or_else(|| unfit("nginx takes no control characters and no `$` in a text"))?;
        Ok::<Value, Error>(Value::from_safe_string(text))
    });
    templates.add_filter("comment", |text: Arc<str>| Value::from_safe_string(one_line(&text)));
    templates.add_filter("json", |text: Arc<str>| Value::from_safe_string(json(&text)));
    templates.add_filter("expression", |text: Arc<str>| {
        expression(&text).map(Value::from_safe_string).ok_or_else(|| unfit("no expression of nginx can hold this"))
    });
    templates.add_filter("rust", |text: Arc<str>| Value::from_safe_string(format!("{text:?}")));
    templates.add_filter("yaml", |text: Arc<str>| Value::from_safe_string(tree::scalar(&text, true)));
    templates.add_filter("workflow", |text: Arc<str>| Value::from_safe_string(workflow(&text)));
    templates.add_filter("env_file", |text: Arc<str>| {
        env_file(&text).map(Value::from_safe_string).ok_or_else(|| unfit("no .env can hold this"))
    });
    let texts = catalog.templates.clone();
    templates.set_loader(move |name| Ok(texts.get(name).cloned()));
    templates
}

/// Text as a regular expression that matches it and nothing else, to stand between `"` in nginx's configuration. None for
/// what would have to be quoted twice: no path has any of it.
fn expression(text: &str) -> Option<String> {
    let mut quoted = String::new();
    for it in text.chars() {
        match it {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '/' | '_' | '~' | ',' | ':' | '@' | '-' | '%' => quoted.push(it),
            '.' | '+' => quoted.extend(['\\', it]),
            _ => return None,
        }
    }
    Some(quoted)
}

/// The delimiters of templates for workflows.
fn workflow_syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .variable_delimiters("{{{", "}}}")
        .block_delimiters("{{%", "%}}")
        .comment_delimiters("{{#", "#}}")
        .build()
        .expect("the delimiters differ from each other")
}

/// What went wrong in the template `name`, or in one that it includes.
fn complaint(name: &str, error: &Error) -> Broken {
    let mut inner = error;
    while let Some(cause) = inner.source().and_then(|it| it.downcast_ref::<Error>()) {
        inner = cause;
    }
    let message = match inner.kind() {
        ErrorKind::OutOfFuel => "it does not come to an end".to_owned(),
        kind => inner.detail().map_or_else(|| kind.to_string(), |it| format!("{kind}: {it}")),
    };
    Broken::new(inner.name().unwrap_or(name), message, inner.range().unwrap_or(0..0))
}

fn unfit(why: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.to_owned())
}

/// What no template should have to think of: booleans are `true` and `false`, nothing is never printed, and a value
/// that could begin a new line needs a filter.
fn format(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "there is no value here"));
    }
    if let Ok(it) = bool::try_from(value.clone()) {
        return out.write_str(if it { "true" } else { "false" }).map_err(Error::from);
    }
    let text = value.to_string();
    if !value.is_safe() && text.chars().any(char::is_control) {
        return Err(unfit("a value with control characters needs a filter for the language that it lands in"));
    }
    out.write_str(&text).map_err(Error::from)
}

/// A list of words as a JSON array for a Dockerfile, broken between words where a line would be too long.
fn words(value: Value) -> Result<Value, Error> {
    let mut lines = vec![String::from("[")];
    for (index, word) in value.try_iter()?.enumerate() {
        let word = json(word.as_str().ok_or_else(|| unfit("`words` takes a list of texts"))?);
        let line = lines.last_mut().expect("it begins with one");
        if index == 0 {
            line.push_str(&word);
        } else if line.len() + word.len() > 105 {
            line.push_str(", \\");
            lines.push(format!("     {word}"));
        } else {
            line.push_str(", ");
            line.push_str(&word);
        }
    }
    Ok(Value::from_safe_string(lines.join("\n") + "]"))
}

/// A list of words as a command for a POSIX shell, on one line of a script: what the words hold reaches the program.
fn command(value: Value) -> Result<Value, Error> {
    let words: Result<Vec<String>, Error> = value
        .try_iter()?
        .map(|word| {
            let word = word.as_str().ok_or_else(|| unfit("`command` takes a list of texts"))?.to_owned();
            let plain = |it: char| it.is_ascii_alphanumeric() || "_./:@%+,-".contains(it);
            // Two quotings side by side are one word, and no `${{` that GitHub would look into.
            let word = if !word.is_empty() && word.chars().all(plain) { word } else { shell(&word) };
            Ok(word.replace("${{", "$\"\"{{"))
        })
        .collect();
    // Not finished: it goes on through the quoting of the file that holds the script.
    Ok(Value::from(words?.join(" ")))
}

/// A text in the YAML of a workflow of GitHub, in which no expression begins.
fn workflow(text: &str) -> String {
    tree::scalar(&text.replace("${{", "${{ '${{' }}"), true)
}

/// A JSON string that every reader of YAML and JSON takes for the same text.
pub fn json(text: &str) -> String {
    use std::fmt::Write as _;
    let quoted = serde_json::to_string(text).expect("text is JSON");
    let mut out = String::with_capacity(quoted.len());
    for it in quoted.chars() {
        // U+061C turns the direction, too.
        if is_odd(it) || it == '\u{61c}' {
            write!(out, "\\u{:04x}", it as u32).expect("a string grows");
        } else {
            out.push(it);
        }
    }
    out
}

/// A parameter of a directive of nginx that means just this text; `None` where there is no way to write it.
pub fn nginx(text: &str) -> Option<String> {
    if text.contains(char::is_control) || text.contains('$') {
        return None;
    }
    let plain = |it: char| it.is_ascii_alphanumeric() || "._/=:+,*@%-".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        return Some(text.to_owned());
    }
    Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A word for a POSIX shell.
pub fn shell(text: &str) -> String {
    // In single quotes a `$` looks like a mistake, to readers and to shellcheck.
    if text.contains(['$', '`']) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
        return format!("\"{escaped}\"");
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A value in a Dockerfile, such as that of an ARG; `None` where it would end the line.
pub fn dockerfile(text: &str) -> Option<String> {
    if text.contains(char::is_control) {
        return None;
    }
    // Between single quotes all is as it stands, but that a backslash hides the quote behind it.
    if !text.contains(['\'', '\\']) {
        return Some(format!("'{text}'"));
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    Some(format!("\"{escaped}\""))
}

/// What shows what follows in another order, or ends a line, as YAML 1.1 also takes some for line ends, or is no character to it.
fn is_odd(it: char) -> bool {
    turns(it) || it.is_control() || matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Text for a comment: on one line, whatever it holds.
pub fn one_line(text: &str) -> String {
    text.chars().map(|it| if is_odd(it) { ' ' } else { it }).collect()
}

/// A value for `.env`; `None` where none of its quotings would bring it back unchanged.
pub fn env_file(text: &str) -> Option<String> {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_./:@%+,=-".contains(it);
    if text.chars().all(plain) {
        return Some(text.to_owned());
    }
    // Single quotes keep everything but themselves.
    (!text.contains(['\'', '\n', '\r']) && !text.ends_with('\\')).then(|| format!("'{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_that_comes_with_forge_compiles() {
        let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
        let engine = Engine::new(&catalog).expect("there are no others");
        for name in catalog.templates.keys().filter(|it| it.ends_with(".j2")) {
            assert!(engine.of(name).get_template(name).is_ok(), "{name} does not compile");
        }
    }

    #[test]
    fn a_value_that_could_begin_a_new_line_needs_a_filter() {
        let own = [
            ("project/t.j2".to_owned(), "# {{ text }}".to_owned()),
            ("project/c.j2".to_owned(), "# {{ text | comment }}".to_owned()),
        ];
        let engine = Engine::new(&Catalog::new(&own).expect("templates are no facts")).expect("both compile");
        let values = serde_json::json!({ "text": "a\nrm -rf /" });
        assert!(engine.render("project/t.j2", &values).is_err());
        assert_eq!(engine.render("project/c.j2", &values).as_deref(), Ok("# a rm -rf /\n"));
    }
}
