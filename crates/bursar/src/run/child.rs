//! The client as a child: its input and output are ours, signals reach it, and how it
//! ended is how the run ended.

use std::io;
use std::process::{Command, ExitStatus};

use super::launch::Launch;

/// Runs it to its end; gives its exit code, as a shell would.
pub(super) async fn run(launch: &Launch) -> io::Result<u8> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments);
    for name in launch.unset {
        command.env_remove(name);
    }
    command.envs(launch.set.iter().map(|(name, value)| (name, value)));
    let mut signals = signals::Signals::listen()?;
    let mut child = command.spawn()?;
    let id = child.id();
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            status = &mut ended => return status.map_err(io::Error::other)?.map(code),
            signal = signals.next() => signals::pass_on(id, signal),
        }
    }
}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    const KILLED: i32 = 128;
    let code = status.code().or_else(|| status.signal().map(|it| it.saturating_add(KILLED)));
    code.and_then(|it| u8::try_from(it).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|it| u8::try_from(it).ok()).unwrap_or(1)
}

#[cfg(unix)]
mod signals {
    use std::io;

    use rustix::process::{Pid, Signal, kill_process};
    use tokio::signal::unix::{self, SignalKind};

    /// What ends a program. An interrupt comes from the terminal, which tells the client
    /// itself: here it only must not end us before.
    pub(super) struct Signals {
        interrupt: unix::Signal,
        quit: unix::Signal,
        terminate: unix::Signal,
        hang_up: unix::Signal,
    }

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: unix::signal(SignalKind::interrupt())?,
                quit: unix::signal(SignalKind::quit())?,
                terminate: unix::signal(SignalKind::terminate())?,
                hang_up: unix::signal(SignalKind::hangup())?,
            })
        }

        /// The next one that the client has to be told of.
        pub(super) async fn next(&mut self) -> Option<Signal> {
            tokio::select! {
                _ = self.interrupt.recv() => None,
                _ = self.quit.recv() => None,
                _ = self.terminate.recv() => Some(Signal::TERM),
                _ = self.hang_up.recv() => Some(Signal::HUP),
            }
        }
    }

    /// Tells the client. It may have ended just now.
    pub(super) fn pass_on(id: u32, signal: Option<Signal>) {
        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        if let (Some(id), Some(signal)) = (id, signal)
            && let Err(error) = kill_process(id, signal)
        {
            tracing::debug!(%error, "the client is told nothing any more");
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;

    /// Where there are no signals there is nothing to pass on.
    pub(super) struct Signals;

    impl Signals {
        pub(super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) async fn next(&mut self) {
            // Ctrl-C reaches the client by itself.
            drop(tokio::signal::ctrl_c().await);
        }
    }

    pub(super) fn pass_on(_: u32, (): ()) {}
}
