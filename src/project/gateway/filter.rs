//! What is refused before any service is asked, and how long clients are waited for.

use serde::Serialize;

use crate::spec::{Duration, Size};

/// What is refused before any service is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// The methods that there are.
    pub methods: Vec<String>,
    /// Whether these are fewer than usual.
    pub is_narrow: bool,
    /// Parts of paths, as expressions, that only those ask for who look for holes.
    pub scanners: Vec<String>,
}

/// How long clients are waited for, and how much is taken from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Client {
    /// For all headers of a request, in seconds.
    pub header_timeout: u64,
    /// For the next part of a body, in seconds.
    pub body_timeout: u64,
    /// For the next part of an answer to be taken, in seconds.
    pub send_timeout: u64,
    /// Without a request, in seconds.
    pub keepalive: u64,
    /// The longest header in bytes, in kibibytes.
    pub max_header_kib: u64,
    /// How many requests of one address may be open.
    pub connections: u32,
}

impl Client {
    /// Where the spec says nothing.
    pub const DURATIONS: [Duration; 4] = [Duration(15), Duration(15), Duration(30), Duration(65)];
    /// The longest header, where the spec says nothing.
    pub const HEADER: Size = Size(8 << 10);
}
