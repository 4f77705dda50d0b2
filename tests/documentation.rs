//! What the documentation shows: specs that are whole are valid, and links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use forge::diagnostic::Severity;

use crate::properties::told;
use crate::sandbox::Sandbox;

/// README.md and all of `docs`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    let docs = fs::read_dir(root.join("docs")).expect("there is documentation");
    pages.extend(
        docs.map(|it| it.expect("it is readable").path()).filter(|it| it.extension().is_some_and(|it| it == "md")),
    );
    pages.sort();
    pages
}

/// The blocks of a language in a page, with the lines on which they begin.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.trim_end()) {
            (None, it) if it == format!("```{language}") => open = Some((number + 1, String::new())),
            (Some(_), "```") => found.extend(open.take()),
            (Some((_, block)), it) => *block += &format!("{it}\n"),
            _ => {}
        }
    }
    found
}

#[test]
fn whole_specs_in_the_documentation_are_valid() {
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("it is text");
        for (line, block) in blocks(&text, "yaml").into_iter().filter(|(_, it)| it.starts_with("forge: 1\n")) {
            seen += 1;
            let (doc, them) = told(&block);
            // What shows how something is called without using it is not worth a line more.
            let wrong: Vec<_> = them.iter().filter(|it| it.severity == Severity::Error).collect();
            assert!(wrong.is_empty(), "{}:{line}: {wrong:#?}\n{}", page.display(), doc.text);
        }
    }
    assert!(seen > 0, "no page shows a whole spec");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("it is text");
        for link in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || link.contains("://") || link.contains(' ') {
                continue;
            }
            let folder = page.parent().expect("a page is in a folder");
            assert!(folder.join(path).exists(), "{}: `{link}` leads nowhere", page.display());
        }
    }
}

#[test]
fn the_readme_names_every_command_and_leads_to_every_page() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("it is text");
    let said = Sandbox::new("commands").run(&["--help"]).stdout;
    let listed = said.split("Commands:\n").nth(1).and_then(|it| it.split("\n\n").next()).expect("a list of commands");
    // A line that goes on stands further to the right.
    let names = listed.lines().filter(|it| !it.starts_with("   ")).filter_map(|it| it.split_whitespace().next());
    let names: Vec<&str> = names.filter(|it| *it != "help").collect();
    assert!(names.len() > 10, "{said}");
    let table: String = text.lines().filter(|it| it.starts_with("| `forge ")).collect();
    for name in names {
        let is_there = [format!("`forge {name} "), format!("`forge {name}`")].iter().any(|it| table.contains(it));
        assert!(is_there, "README.md lacks `forge {name}` in its table");
    }
    for page in pages().iter().filter_map(|it| it.file_name()?.to_str()).filter(|it| *it != "README.md") {
        assert!(text.contains(&format!("](docs/{page})")), "README.md has no link to docs/{page}");
    }
}
