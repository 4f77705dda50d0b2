//! The program; all of it is in the library.

// A fifth faster than the system's: forge makes many small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    forge::cli::main()
}
