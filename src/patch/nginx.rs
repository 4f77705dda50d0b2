//! nginx configuration, by block: `http`, `server[shop.example.com].location[/api/].proxy_read_timeout`.

use serde_json::Value;

use super::{Missed, check, key, line_end, line_start, replaced, whole_lines, words};
use crate::diagnostic::{Path, Step};
use crate::lint::nginx::{self, Directive};
use crate::project::Edit;

/// A place is a directive by its name, in the block of the one before it. Of several, one is told by what stands behind
/// its name, a server also by one of its names, or by its number from 0.
pub(super) fn apply(text: &str, at: &Path, edit: &Edit, expect: Option<&Value>) -> Result<String, Missed> {
    check_whole(edit)?;
    let (roots, _) = nginx::file(text);
    let mut block: &[Directive] = &roots;
    let mut around: Option<&Directive> = None;
    let mut found: Option<&Directive> = None;
    let mut steps = at.0.iter().peekable();
    while let Some(step) = steps.next() {
        let Step::Key(name) = step else {
            return Err(Missed::new("at", "a number tells which of several", "name a directive before it"));
        };
        if let Some(it) = found {
            let Some(inner) = &it.block else {
                return Err(Missed::new("at", format!("`{}` is no block", it.name), "name a directive in a block"));
            };
            (block, around) = (inner, Some(it));
        }
        let mut named: Vec<&Directive> = block.iter().filter(|it| *it.name == **name).collect();
        match steps.peek() {
            Some(Step::Index(index)) => {
                named = named.get(*index).copied().into_iter().collect();
                steps.next();
            }
            Some(Step::Key(label)) if named.iter().any(|it| is_called(it, label)) => {
                named.retain(|it| is_called(it, label));
                steps.next();
            }
            Some(Step::Key(label)) if named.len() > 1 => {
                let known: Vec<String> = named.iter().map(|it| args(it)).collect();
                return Err(Missed::place(name, label, known.iter().map(String::as_str).filter(|it| !it.is_empty())));
            }
            _ => {}
        }
        found = match named[..] {
            [one] => Some(one),
            [] if steps.peek().is_none() && matches!(edit, Edit::Set(_)) && expect.is_none() => {
                if let Some(meant) = block.iter().find(|it| is_misspelt(name, &it.name)) {
                    let help = format!("did you mean `{}`? Else `add:` it to the block", meant.name);
                    return Err(Missed::new("at", format!("there is no directive `{}`", name.escape_debug()), help));
                }
                return Ok(appended(text, around, block, &one(name, edit)?));
            }
            [] => return Err(Missed::place("directive", name, block.iter().map(|it| it.name.as_str()))),
            _ => {
                let message = format!("there are {} `{name}`", named.len());
                let help = format!("say which by what stands behind it, `{name}[…]`, or by its number from 0");
                return Err(Missed::new("at", message, help));
            }
        };
    }
    let Some(directive) = found else {
        let Edit::Add(value) = edit else {
            return Err(Missed::new(key(edit), "a place is missing", "write `at:` with a directive"));
        };
        return Ok(appended(text, None, block, words(value, "add")?.trim_end()));
    };
    let own = &text[directive.bytes.clone()];
    check(expect, &[own.strip_prefix(directive.name.as_str()).unwrap_or(own), own])?;
    let start = line_start(text, directive.bytes.start);
    let end = whole_lines(text, directive.end);
    let pad = &text[start..directive.bytes.start];
    // What is on a line with others is changed by itself.
    let is_alone = pad.trim().is_empty()
        && text[directive.end..end.max(directive.end)].trim_start().get(..1).is_none_or(|it| it == "#");
    if !is_alone {
        let (from, to) = (directive.bytes.start, directive.end);
        match edit {
            Edit::Before(lines) => return Ok(replaced(text, from..from, &format!("{} ", lines.trim()))),
            Edit::After(lines) => return Ok(replaced(text, to..to, &format!(" {}", lines.trim()))),
            Edit::Remove => return Ok(replaced(text, from..to, "")),
            Edit::Set(_) | Edit::Add(_) => {}
        }
    }
    Ok(match (edit, &directive.block) {
        (Edit::Add(value), Some(block)) => appended(text, Some(directive), block, words(value, "add")?.trim_end()),
        (Edit::Set(_), None) => {
            let new = one(&directive.name, edit)?;
            replaced(text, directive.bytes.clone(), new.trim_end_matches(';'))
        }
        (Edit::Before(lines), _) => replaced(text, start..start, &padded(lines, pad)),
        (Edit::After(lines), _) => replaced(text, end..end, &padded(lines, pad)),
        (Edit::Remove, _) => replaced(text, start..end, ""),
        (Edit::Add(_), None) => {
            let help = "name a block, or write `before:` or `after:`";
            return Err(Missed::new("add", format!("`{}` is no block", directive.name), help));
        }
        (Edit::Set(_), Some(_)) => {
            let help = "name a directive in it, or write `add:`";
            return Err(Missed::new("set", format!("`{}` is a block", directive.name), help));
        }
    })
}

/// Refuses lines that are no whole directives, and so would change what is around them.
fn check_whole(edit: &Edit) -> Result<(), Missed> {
    let lines = match edit {
        Edit::Add(value) => words(value, "add")?,
        Edit::Before(lines) | Edit::After(lines) => lines.clone(),
        Edit::Set(_) | Edit::Remove => return Ok(()),
    };
    match nginx::file(&lines).1.into_iter().next() {
        Some((_, problem)) => {
            Err(Missed::new(key(edit), problem, "write whole directives: `gzip on;`, `location /x { … }`"))
        }
        None => Ok(()),
    }
}

/// The directive that `set` writes, with its semicolon.
fn one(name: &str, edit: &Edit) -> Result<String, Missed> {
    let line = format!("{name} {};", value_of(name, &words(value(edit), "set")?));
    let (written, problems) = nginx::file(&line);
    match &written[..] {
        [it] if problems.is_empty() && it.block.is_none() => Ok(line),
        _ => Err(Missed::new("set", "this is not one value", "write what stands between the name and the semicolon")),
    }
}

/// Whether one letter more, less or else makes one name of the other.
fn is_misspelt(typed: &str, name: &str) -> bool {
    let same = typed.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&typed.as_bytes()[same..], &name.as_bytes()[same..]);
    let is_rest = |a: &[u8], b: &[u8]| a.get(1..) == Some(b);
    typed != name && (is_rest(a, b) || is_rest(b, a) || a.get(1..).is_some_and(|it| b.get(1..) == Some(it)))
}

/// What stands behind the name of a directive; whoever wrote all of it means the same.
fn value_of<'a>(name: &str, text: &'a str) -> &'a str {
    let text = text.trim().trim_end_matches(';').trim_end();
    text.strip_prefix(name).filter(|it| it.starts_with(char::is_whitespace)).map_or(text, str::trim_start)
}

fn value(edit: &Edit) -> &Value {
    match edit {
        Edit::Set(value) | Edit::Add(value) => value,
        _ => &Value::Null,
    }
}

/// Whether a directive is told from others of its name by this text.
fn is_called(directive: &Directive, label: &str) -> bool {
    let is_server = directive.name == "server" && directive.all("server_name").any(|it| it.says(label));
    args(directive) == label || directive.args.first().is_some_and(|it| it.text == label) || is_server
}

fn args(directive: &Directive) -> String {
    directive.args.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// `text` with lines at the end of a block; of the file, where there is no block around.
fn appended(text: &str, around: Option<&Directive>, block: &[Directive], lines: &str) -> String {
    // A block on one line stays on it.
    if let (Some(last), Some(around)) = (block.last(), around)
        && around.end <= whole_lines(text, last.end)
    {
        return replaced(text, last.end..last.end, &format!(" {}", lines.trim()));
    }
    if let Some(around) = around.filter(|it| block.is_empty() && it.end <= whole_lines(text, it.bytes.end)) {
        let end = around.end - 1;
        return replaced(text, end..end, &format!(" {} ", lines.trim()));
    }
    let pad = block.last().map(|it| {
        let pad = &text[line_start(text, it.bytes.start)..it.bytes.start];
        if pad.trim().is_empty() { pad } else { "" }
    });
    let end = match (block.last(), around) {
        (Some(last), _) => whole_lines(text, last.end),
        (None, Some(around)) => line_end(text, around.bytes.end),
        (None, None) => text.len(),
    };
    let outer = around.map_or("", |it| &text[line_start(text, it.bytes.start)..it.bytes.start]);
    let pad = pad.map_or_else(|| format!("{outer}    "), str::to_owned);
    replaced(text, end..end, &padded(lines, if around.is_none() && block.is_empty() { "" } else { &pad }))
}

/// Lines with blanks before each.
fn padded(lines: &str, pad: &str) -> String {
    lines.trim_end().lines().map(|it| if it.is_empty() { "\n".to_owned() } else { format!("{pad}{it}\n") }).collect()
}
