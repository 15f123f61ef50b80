//! A line on standard error that says how far a long scan is.

use std::io::{self, IsTerminal, Write};

use domain::Timestamp;

use crate::environment::now;

/// A scan that takes longer than this shows its progress.
const SHOW_AFTER_MILLIS: i64 = 300;
/// How often the line is drawn again.
const REDRAW_MILLIS: i64 = 100;
/// Cells of the bar.
const WIDTH: u64 = 24;

/// Progress in bytes. Shown on a terminal only.
pub(crate) struct ProgressBar {
    shown: bool,
    visible: bool,
    started: Timestamp,
    drawn: Timestamp,
    done: u64,
    total: u64,
}

impl ProgressBar {
    /// One that shows itself where somebody looks at standard error.
    pub(crate) fn on_terminal() -> Self {
        Self { visible: io::stderr().is_terminal(), ..Self::hidden() }
    }

    /// One that never shows itself.
    pub(crate) fn hidden() -> Self {
        let started = now();
        Self { shown: false, visible: false, started, drawn: started, done: 0, total: 0 }
    }

    pub(crate) fn expect(&mut self, bytes: u64) {
        self.total = bytes;
    }

    pub(crate) fn advance(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes).min(self.total);
        if !self.visible {
            return;
        }
        let at = now();
        let due = at.millis_since(self.drawn) >= REDRAW_MILLIS;
        if at.millis_since(self.started) >= SHOW_AFTER_MILLIS && due {
            self.drawn = at;
            self.draw();
        }
    }

    /// Wipes the line.
    pub(crate) fn finish(&mut self) {
        if self.shown {
            write_err("\r\x1b[2K");
            self.shown = false;
        }
    }

    fn draw(&mut self) {
        self.shown = true;
        let share = |of: u64| self.done.saturating_mul(of).checked_div(self.total).unwrap_or(of);
        let bar: String = (0..WIDTH).map(|cell| if cell < share(WIDTH) { '#' } else { '.' }).collect();
        let mb = |bytes: u64| bytes / 1_000_000;
        write_err(&format!("\rreading logs [{bar}] {}% of {} MB", share(100), mb(self.total)));
    }
}

/// Progress is worth no failure.
fn write_err(text: &str) {
    let mut err = io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.flush()));
}
