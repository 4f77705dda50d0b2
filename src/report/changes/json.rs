//! One JSON document, whose schema is `schema/diff.schema.json`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::review::{Kept, Names, Review, Reviewed, Stranger, Summary, Trouble};

/// What `forge diff --format json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "forge diff")]
struct Document<'a> {
    /// The version of this format. Within one, fields are only added.
    version: u32,
    /// What the sides are called that are compared: `disk` and `forge`, a revision and `now`, or two environments.
    sides: &'a Names,
    /// Each file that differs, by path.
    changes: &'a [Reviewed],
    /// Files that do under another name what forge's files do; only where some of those never were forge's.
    strangers: &'a [Stranger],
    /// What gives up security, or may cost data, in blocks that are their owner's, whether or not their files differ: no difference, and in no
    /// count.
    kept: &'a [Kept],
    /// How many there are of what.
    summary: Summary,
    /// Why nothing could be compared; `null` where it could. All else is empty then, and forge ends with 2.
    error: Option<&'a Trouble>,
}

/// A review as one document.
pub fn json(review: &Review) -> String {
    let document = Document {
        version: 1,
        sides: &review.sides,
        changes: &review.files,
        strangers: &review.strangers,
        kept: &review.kept,
        summary: review.summary(),
        error: review.trouble.as_ref(),
    };
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

/// The JSON Schema (draft 2020-12) of what [`json`] gives.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    serde_json::to_string_pretty(&schema).expect("plain data is JSON") + "\n"
}
