//! `forge schema`.

use super::{Answer, Failure, Shell};
use crate::catalog::Catalog;
use crate::report::changes;
use crate::schema;

/// Print the JSON Schema of forge.yaml (draft 2020-12), or of a report
///
/// It knows the stacks and backings that come with forge. `forge generate` writes one that knows the project's own as
/// well to .forge/schema.json; the first line `# yaml-language-server: $schema=.forge/schema.json` brings it into editors.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Of what
    #[arg(value_name = "WHAT", default_value = "spec")]
    what: What,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// forge.yaml
    Spec,
    /// What `forge diff --format json` prints
    Diff,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let text = match arguments.what {
        What::Spec => {
            let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
            schema::text(&catalog.choices())
        }
        What::Diff => changes::schema(),
    };
    shell.answer(&text)?;
    Ok(Answer::Yes)
}
