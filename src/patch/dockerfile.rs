//! Dockerfiles, by stage: `final`, `dependencies`, `final.CMD`, `final.RUN[1]`.

use serde_json::Value;

use super::{Missed, check, key, line_start, replaced, whole_lines, words};
use crate::diagnostic::{Path, Step};
use crate::lint::dockerfile::{self, Dockerfile, Instruction, Stage};
use crate::project::Edit;

/// A place is a stage by its name (`final`, or nothing, is the last), then an instruction of it, then which of several, from 0.
pub(super) fn apply(text: &str, at: &Path, edit: &Edit, expect: Option<&Value>) -> Result<String, Missed> {
    let file = dockerfile::read(text);
    let stage = stage(&file, at)?;
    let instructions = file.of(stage);
    let last = instructions.last().map_or(stage.at.end, |it| it.bytes.end);
    let Some(Step::Key(name)) = at.0.get(1) else {
        let Edit::Add(value) = edit else {
            let help = "name an instruction of the stage, as in `final.CMD`, or write `add:`";
            return Err(Missed::new(key(edit), "a whole stage can only be added to", help));
        };
        // Where its owner's lines would go, who runs the image is not set yet.
        let body = instructions.first().map_or(last, |it| it.bytes.start);
        let keep = text[body..last].find("# forge:keep").map(|it| line_start(text, body + it));
        let end = keep.unwrap_or_else(|| whole_lines(text, last));
        return Ok(replaced(text, end..end, &words(value, "add")?));
    };
    let name = name.to_uppercase();
    let found: Vec<&Instruction<'_>> = instructions.iter().filter(|it| it.name == name).collect();
    let instruction = match (at.0.get(2), &found[..]) {
        (None, [one]) => *one,
        (None, []) if matches!(edit, Edit::Set(_)) && expect.is_none() => {
            let end = whole_lines(text, last);
            return Ok(replaced(text, end..end, &instruction_text(&name, edit)?));
        }
        (None, [_, ..]) => {
            let message = format!("the stage has {} `{name}`", found.len());
            return Err(Missed::new("at", message, format!("say which, from 0: `{at}[0]`")));
        }
        (Some(Step::Index(index)), all) if *index < all.len() => all[*index],
        (Some(Step::Index(_)), all @ [_, ..]) => {
            let message = format!("the stage has {} `{name}`", all.len());
            return Err(Missed::new("at", message, "numbers begin with 0"));
        }
        _ => {
            let names = instructions.iter().map(|it| it.name.as_str());
            return Err(Missed::place("instruction", &name, names));
        }
    };
    let raw = instruction.raw();
    check(expect, &[raw.get(name.len()..).unwrap_or_default(), raw])?;
    let bytes = instruction.bytes.start..whole_lines(text, instruction.bytes.end);
    Ok(match edit {
        Edit::Set(_) => replaced(text, bytes, &instruction_text(&name, edit)?),
        Edit::Before(lines) => replaced(text, bytes.start..bytes.start, &format!("{}\n", lines.trim_end())),
        Edit::After(lines) => replaced(text, bytes.end..bytes.end, &format!("{}\n", lines.trim_end())),
        Edit::Remove => replaced(text, bytes, ""),
        Edit::Add(_) => {
            let help = "write `before:` or `after:`, or name the stage alone";
            return Err(Missed::new("add", "nothing can be added to an instruction", help));
        }
    })
}

fn stage<'f>(file: &'f Dockerfile<'_>, at: &Path) -> Result<&'f Stage, Missed> {
    let name = match at.0.first() {
        Some(Step::Key(name)) => name.to_string(),
        Some(Step::Index(index)) => index.to_string(),
        // The end of the file is the end of its last stage.
        None => "final".to_owned(),
    };
    let last = file.stages.last().filter(|_| name == "final");
    let named = file.stages.iter().filter_map(|it| it.name.as_deref());
    file.stage(&name).or(last).ok_or_else(|| Missed::place("stage", &name, named.chain(["final"])))
}

/// An instruction with what a patch sets; a list is its JSON form.
fn instruction_text(name: &str, edit: &Edit) -> Result<String, Missed> {
    let Edit::Set(value) = edit else { return Ok(String::new()) };
    match value {
        Value::Array(_) => Ok(format!("{name} {value}\n")),
        value => {
            let text = words(value, "set")?;
            // Whoever wrote the whole instruction means the same.
            let first = text.split_whitespace().next().unwrap_or_default();
            let rest =
                if first.eq_ignore_ascii_case(name) { text.trim_start()[first.len()..].trim_start() } else { &text };
            Ok(format!("{name} {rest}"))
        }
    }
}
