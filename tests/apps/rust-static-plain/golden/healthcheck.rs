//! Asks whether the service is well: its image has no shell to ask with. Built by the Dockerfile, no part of a crate.
//!
//! ```text
//! healthcheck http PORT PATH SECONDS
//! healthcheck tcp PORT SECONDS
//! healthcheck file PATH SECONDS
//! healthcheck connect HOST PORT
//! ```
//!
//! And runs a program, which it ends after so many seconds:
//!
//! ```text
//! healthcheck bound SECONDS PROGRAM ARGUMENT…
//! ```

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

// not localhost: a service that listens on IPv4 only does not answer at ::1
const LOCAL: &str = "127.0.0.1";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match ask(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("healthcheck: {why}");
            ExitCode::FAILURE
        }
    }
}

fn ask(words: &[&str]) -> Result<(), Box<dyn Error>> {
    match words {
        ["http", port, path, seconds] => http(port, path, seconds),
        ["tcp", port, seconds] => connect(LOCAL, port, seconds).map(drop),
        ["connect", host, port] => connect(host, port, "2").map(drop),
        ["file", path, seconds] => {
            let age = std::fs::metadata(path)?.modified()?.elapsed().unwrap_or_default();
            let fresh = age <= Duration::from_secs(seconds.parse()?);
            if fresh { Ok(()) } else { Err(format!("{path} was last touched {} s ago", age.as_secs()).into()) }
        }
        ["bound", seconds, program, arguments @ ..] => bound(seconds, program, arguments),
        _ => Err(format!("{words:?} is no question").into()),
    }
}

fn bound(seconds: &str, program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);
    let mut running = Command::new(program).args(arguments).spawn().map_err(|it| format!("{program}: {it}"))?;
    loop {
        match running.try_wait()? {
            Some(ended) if ended.success() => return Ok(()),
            Some(ended) => return Err(format!("{program}: {ended}").into()),
            None if Instant::now() >= end => {
                running.kill()?;
                return Err(format!("{program} took more than {seconds} s").into());
            }
            None => sleep(Duration::from_millis(100)),
        }
    }
}

fn connect(host: &str, port: &str, seconds: &str) -> Result<TcpStream, Box<dyn Error>> {
    let limit = Duration::from_secs(seconds.parse()?);
    let address = (host, port.parse()?).to_socket_addrs()?.next().ok_or("the name has no address")?;
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

fn http(port: &str, path: &str, seconds: &str) -> Result<(), Box<dyn Error>> {
    let mut stream = connect(LOCAL, port, seconds)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    // `HTTP/1.1 200`: more is not asked
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    match &status[9..] {
        [b'2' | b'3', _, _] => Ok(()),
        code => Err(format!("{path}: {}", String::from_utf8_lossy(code)).into()),
    }
}
