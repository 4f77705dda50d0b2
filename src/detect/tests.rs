//! Small trees that show one thing each.

use std::sync::OnceLock;

use crate::catalog::{Common, Detection};

/// What belongs to no stack, as it comes with forge.
pub(super) fn common() -> &'static Common {
    static KNOWN: OnceLock<Detection> = OnceLock::new();
    &KNOWN.get_or_init(|| Detection::new(&[]).unwrap_or_else(|broken| panic!("{broken:?}"))).common
}
