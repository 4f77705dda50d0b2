//! forge turns one declarative spec into everything that a set of services needs in production.
//!
//! ```text
//! text ─yaml─▶ Doc ─schema─▶ Spec ─resolve─▶ Project ─targets─▶ Vec<Artifact> ─compare─▶ Vec<Change> ─cli─▶ disk
//!                  └────────── Vec<Diagnostic> ──────────┘                        report ─▶ terminal, JSON, SARIF
//! ```
//!
//! Left of `compare` nothing reads a file, a clock, an environment variable or a random number: the same spec and
//! templates give the same bytes, on every system and at every time. `ARCHITECTURE.md` says who may know whom.

pub mod address;
pub mod catalog;
pub mod cli;
pub mod codes;
pub mod compare;
pub mod contract;
pub mod credential;
pub mod detect;
pub mod diagnostic;
pub mod dotenv;
pub mod keep;
pub mod lint;
pub mod lock;
pub mod meaning;
pub mod merge;
pub mod patch;
pub mod pins;
pub mod project;
pub mod render;
pub mod renovate;
pub mod report;
pub mod resolve;
pub mod review;
pub mod schema;
pub mod spec;
pub mod targets;
pub mod values;
pub mod volume;
pub mod yaml;
