//! forge.
pub mod codes;
pub mod diagnostic;
pub mod schema;
pub mod spec;
pub mod yaml;
