//! `forge schema`.

use super::{Answer, Failure, Shell};
use crate::catalog::Catalog;
use crate::schema;

/// Print the JSON Schema of forge.yaml (draft 2020-12)
///
/// It knows the stacks and backings that come with forge. `forge generate` writes one that knows the project's own as
/// well to .forge/schema.json; the first line `# yaml-language-server: $schema=.forge/schema.json` brings it into editors.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
    shell.answer(&schema::text(&catalog.choices()))?;
    Ok(Answer::Yes)
}
