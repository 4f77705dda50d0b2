//! For people, in the picture that rustc and cargo draw.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Look, Notice, visible};
use crate::credential::with_even_stars;
use crate::diagnostic::Severity;

/// Nobody reads on; what is wrong in so many places has one cause.
const MOST: usize = 100;

pub(super) fn notices(notices: &[Notice], look: Look) -> String {
    let renderer = if look.color { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
    let mut out = String::new();
    for notice in notices.iter().take(MOST) {
        let level = match notice.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let message = visible(&notice.message);
        let path = visible(&notice.path).replace('\n', "\\n");
        let help = notice.help.as_deref().map(visible);
        let title = level.primary_title(&*message).id(&*notice.code);
        let mut group = match notice.text.as_deref().filter(|it| !it.is_empty() && notice.bytes.end <= it.len()) {
            Some(text) => {
                let (text, bytes) = with_even_stars(text, notice.bytes.clone());
                let annotation = AnnotationKind::Primary.span(bytes);
                title.element(Snippet::source(text).path(&*path).fold(true).annotation(annotation))
            }
            None => title.element(annotate_snippets::Origin::path(&*path)),
        };
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(&**help));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    if let Some(more) = notices.len().checked_sub(MOST).filter(|it| *it > 0) {
        let _ = writeln!(out, "… and {more} more; `--format json` has them all\n");
    }
    out
}
