//! Runs before the program: what it needs is checked and waited for, and secrets from /run/secrets get into the variables
//! that it reads. Its image has no shell to do that with. Built by the Dockerfile, no part of a crate.

use std::env;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let why = match prepare() {
        Ok(mut program) => {
            // comes back only where it failed
            let why = program.exec();
            format!("{}: {why}", program.get_program().to_string_lossy())
        }
        Err(why) => why,
    };
    eprintln!("docker-entrypoint: {why}");
    ExitCode::FAILURE
}

fn prepare() -> Result<Command, String> {
    let mut words = env::args_os().skip(1);
    let mut program = Command::new(words.next().ok_or("nothing to run")?);
    program.args(words);
    insist()?;
    wait()?;
    from_secret(&mut program, "TOKEN", "TOKEN")?;
    Ok(program)
}

/// All that is missing, in one go.
fn insist() -> Result<(), String> {
    let variables: &[&str] = &[];
    let secrets: &[&str] = &["TOKEN"];
    let absent = variables.iter().filter(|it| env::var_os(it).is_none_or(|it| it.is_empty())).map(|it| it.to_string());
    let files = secrets.iter().map(|it| format!("/run/secrets/{it}"));
    // line ends alone are none
    let empty = files.filter(|it| std::fs::read(it).map_or(true, |it| it.iter().all(|it| matches!(it, b'\r' | b'\n'))));
    let missing: Vec<String> = absent.chain(empty).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("missing or empty: {}", missing.join(" "))) }
}

/// Compose orders the first start only: after a restart of the host all begin at once.
fn wait() -> Result<(), String> {
    let limit = match env::var("WAIT_TIMEOUT") {
        Ok(it) if !it.is_empty() => {
            let seconds = it.parse().ok().filter(|it| *it < 1_000_000_u64);
            seconds.ok_or_else(|| format!("WAIT_TIMEOUT={it} is no number of seconds"))?
        }
        _ => 60,
    };
    let deadline = Instant::now() + Duration::from_secs(limit);
    for place in env::var("WAIT_FOR").unwrap_or_default().split_whitespace() {
        while !answers(place) {
            if Instant::now() > deadline {
                return Err(format!("{place} takes no connection, after {limit} s (WAIT_TIMEOUT)"));
            }
            sleep(Duration::from_secs(1));
        }
    }
    Ok(())
}

fn answers(place: &str) -> bool {
    let mut addresses = place.to_socket_addrs().into_iter().flatten();
    addresses.any(|it| TcpStream::connect_timeout(&it, Duration::from_secs(2)).is_ok())
}

/// The value of /run/secrets/NAME, without the line end that editors leave.
fn secret(name: &str) -> Result<Vec<u8>, String> {
    let path = format!("/run/secrets/{name}");
    let mut bytes = std::fs::read(&path).map_err(|why| format!("{path}: {why}"))?;
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.is_empty() { Err(format!("{path} is empty")) } else { Ok(bytes) }
}

fn from_secret(program: &mut Command, variable: &str, name: &str) -> Result<(), String> {
    if std::path::Path::new("/run/secrets").join(name).exists() {
        program.env(variable, <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(secret(name)?));
    }
    Ok(())
}
