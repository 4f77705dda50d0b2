//! For a comment on a pull request.

use std::fmt::Write as _;

use super::{kept, lack, meaning, owner, sides, summary};
use crate::report::visible;
use crate::review::{Names, Review, Reviewed};

/// By this a program finds the comment that it wrote before, to write it again.
const MARKER: &str = "<!-- forge diff -->";

/// GitHub takes 65,536 characters; what is counted here is bytes, which are never fewer.
const MOST: usize = 65_000;

/// How many lines of each file are shown, in turn until all fits.
const LINES: [usize; 6] = [usize::MAX, 400, 100, 30, 10, 0];

/// A line for each file that differs, which opens to what the difference means and to its lines; the files of a conflict and
/// those that loosen security or may cost data are open. As short as the comment has to be, and honest about what is left out.
pub fn markdown(review: &Review) -> String {
    let mut head = format!("{MARKER}\n");
    if let Some(trouble) = &review.trouble {
        let _ = writeln!(head, "**forge** could not compare the files: {}", plain(&trouble.message));
        if let Some(help) = &trouble.help {
            let _ = writeln!(head, "\n{}", plain(help));
        }
        return head;
    }
    if review.files.is_empty() {
        head.push_str("**forge**: nothing differs\n\n");
    } else {
        let _ = writeln!(head, "**forge**: {}\n", plain(&summary(review)));
    }
    head.push_str(&of_the_owner(review));
    if review.files.is_empty() && review.strangers.is_empty() {
        return head.trim_end().to_owned() + "\n";
    }
    let tail = strangers(review);
    let most = MOST.saturating_sub(head.len() + tail.len());
    let mut sections = Vec::new();
    for lines in LINES {
        sections = review.files.iter().map(|it| file(&review.sides, it, lines)).collect::<Vec<String>>();
        if sections.iter().map(String::len).sum::<usize>() <= most {
            break;
        }
    }
    let mut out = head;
    let mut shown = 0;
    for section in &sections {
        // Room for the line that says what is missing.
        if out.len() + section.len() + tail.len() + 200 > MOST && shown < sections.len() {
            break;
        }
        out.push_str(section);
        shown += 1;
    }
    if shown < sections.len() {
        let _ = writeln!(
            out,
            "… and {} more files, for which there is no room: run `forge diff`\n",
            sections.len() - shown
        );
    }
    out + &tail
}

/// What gives up security, or may cost data, in kept blocks: as much as fits into a quarter of the comment.
fn of_the_owner(review: &Review) -> String {
    let items = kept(review).map(|(path, said)| format!("- ⚠️ {}: {}\n", code(path), plain(&said)));
    let mut out = String::new();
    let (mut shown, mut all) = (0, 0);
    for item in items {
        all += 1;
        if out.len() + item.len() <= MOST / 4 {
            out.push_str(&item);
            shown += 1;
        }
    }
    if shown < all {
        let _ = writeln!(out, "- … and {} more: run `forge diff`", all - shown);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Files that do under another name what forge's do: as many as fit into a quarter of the comment.
fn strangers(review: &Review) -> String {
    let mut out = String::new();
    let mut shown = 0;
    for stranger in review.strangers.iter().take(20) {
        let line = format!("- {}: {}\n", code(&stranger.path), plain(&stranger.note));
        if out.len() + line.len() > MOST / 4 {
            break;
        }
        out.push_str(&line);
        shown += 1;
    }
    if shown < review.strangers.len() {
        let _ = writeln!(out, "- … and {} more: run `forge diff`", review.strangers.len() - shown);
    }
    out
}

fn file(names: &Names, file: &Reviewed, most: usize) -> String {
    let (more, fewer) = file.counts();
    let is_open = file.hunks.iter().any(|it| it.conflict) || file.costs().next().is_some();
    let mut out = format!(
        "<details{}><summary>{}: {} (+{more} −{fewer})</summary>\n\n",
        if is_open { " open" } else { "" },
        code(&file.path),
        plain(&file.reason),
    );
    let mut items: Vec<String> = Vec::new();
    for said in file.meanings.iter().flatten() {
        items.push(format!("{}{}", if said.cost.is_some() { "⚠️ " } else { "" }, plain(&meaning(file, said))));
    }
    items.extend(file.changelog.iter().map(|it| format!("forge {}: {}", plain(&it.version), plain(&it.text))));
    if let Some(contact) = &file.contact {
        items.extend(contact.lacks.iter().map(|it| format!("breaks {}", plain(&lack(it)))));
        let has = |it: &crate::review::Said| {
            format!(
                "{}has what the spec does not say: {}",
                if it.cost.is_some() { "⚠️ " } else { "" },
                plain(&it.words())
            )
        };
        items.extend(contact.has.iter().map(has));
    }
    // What gives something up is first, and stays.
    let room = most.max(20).max(file.costs().count());
    for item in items.iter().take(room) {
        let _ = writeln!(out, "- {item}");
    }
    if items.len() > room {
        let _ = writeln!(out, "- … and {} more", items.len() - room);
    }
    out.push_str(&lines(names, file, most));
    out.push_str("\n</details>\n\n");
    out
}

/// The hunks of a file as a fenced block, so many lines of it.
fn lines(names: &Names, file: &Reviewed, most: usize) -> String {
    let mut text: Vec<String> = Vec::new();
    let mut named = None;
    if let Some(executable) = file.executable {
        let (old, new) = if executable { ("100644", "100755") } else { ("100755", "100644") };
        text.extend([format!("old mode {old}"), format!("new mode {new}")]);
    }
    for hunk in &file.hunks {
        let pair = sides(names, file, hunk.stays);
        if named.as_ref() != Some(&pair) {
            text.extend([format!("--- {}", pair.0), format!("+++ {}", pair.1)]);
        }
        text.push(format!("{}{}", hunk.header(), owner(file, hunk)));
        text.extend(hunk.lines.iter().cloned());
        named = Some(pair);
    }
    if text.is_empty() {
        return String::new();
    }
    let left_out = text.len().saturating_sub(most);
    text.truncate(most);
    let note = match left_out {
        0 => String::new(),
        _ => format!("\n{left_out} lines are left out: `forge diff` shows them\n"),
    };
    if text.is_empty() {
        return note;
    }
    // A fence is longer than any that the text could close it with.
    let longest = text.iter().flat_map(|it| it.split(|it| it != '`')).map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}diff\n{}\n{fence}\n{note}", text.join("\n"))
}

/// Text that is neither HTML nor Markdown, calls nobody and links nowhere.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in visible(text).chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // As entities: GitHub makes mentions and links of the characters themselves, also behind a backslash.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '*' | '_' | '[' | ']' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(it);
            }
            // forge's own messages have names in backticks, always in pairs; one alone would open a span that never ends.
            it => out.push(it),
        }
    }
    if out.matches('`').count() % 2 == 1 { out.replace('`', "&#96;") } else { out }
}

fn code(path: &str) -> String {
    let path = path.escape_debug().to_string();
    format!("<code>{}</code>", path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Kind, Party};
    use crate::review::{Hunk, Lines, Said, Stranger};

    fn reviewed(path: &str, lines: Vec<String>, what: &str) -> Reviewed {
        let count = Lines { start: 1, count: lines.len() };
        Reviewed {
            path: path.into(),
            from: None,
            id: None,
            kind: Kind::Moved,
            reason: "the spec moved".into(),
            executable: None,
            meanings: Some(vec![Said {
                by: vec![Party::Spec],
                at: "services.api".into(),
                what: what.into(),
                cost: Some(crate::meaning::Cost::Security),
                gone: false,
                line: None,
            }]),
            changelog: Vec::new(),
            contact: None,
            hunks: vec![Hunk { by: vec![Party::Spec], conflict: false, stays: false, old: count, new: count, lines }],
        }
    }

    #[test]
    fn a_comment_fits_and_says_what_is_left_out() {
        let many = |count: usize| vec!["+a line of some length, as they are".to_owned(); count];
        let review = Review {
            files: (0..20).map(|it| reviewed(&format!("{it}"), many(3000), "x")).collect(),
            ..Review::default()
        };
        let text = markdown(&review);
        assert!(text.len() <= 65_536 && text.starts_with(MARKER), "{}", text.len());
        assert!(text.contains("lines are left out") && text.matches("<details").count() == 20);
        let review = Review {
            files: (0..3000).map(|it| reviewed(&format!("{it}"), many(1), "x")).collect(),
            ..Review::default()
        };
        let text = markdown(&review);
        assert!(text.len() <= 65_536 && text.contains("more files, for which there is no room"), "{}", text.len());
        assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    }

    #[test]
    fn strangers_with_long_names_fit_too() {
        let stranger = |it| Stranger { path: format!("{}{it}", "&".repeat(4000)), note: "n".repeat(100) };
        let review = Review { strangers: (0..25).map(stranger).collect(), ..Review::default() };
        let text = markdown(&review);
        assert!(text.len() <= 65_536 && text.contains("more: run `forge diff`"), "{}", text.len());
    }

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let text = "`</details><img src=x> @everyone #1 ![x](http://x) **b**\n# head";
        let fence = vec!["+````".to_owned(), "+</details>".to_owned()];
        let review = Review { files: vec![reviewed("a</code>`@b", fence, text)], ..Review::default() };
        let text = markdown(&review);
        assert_eq!(text.matches("</details>").count(), 2, "one of them in a fence:\n{text}");
        assert!(
            text.contains("\n`````diff\n") && text.contains("&lt;/details&gt;&lt;img src=x&gt; &#64;everyone &#35;1")
        );
        assert!(text.contains("<code>a&lt;/code&gt;`@b</code>") && !text.contains("![x]") && !text.contains("**b**"));
    }
}
