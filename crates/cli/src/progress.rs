//! How far a run is, shown on a terminal while it goes on: [`Progress`].
//!
//! An observer notes on a [`Board`] what becomes of each step, which is little work for an event and none for a message.
//! A thread of its own looks at it ten times a second, and at the engine's meters, and draws: `board` is what is known,
//! `view` what is seen of it at one moment, `layout` the rows that this makes on a terminal of some size. At the end the
//! last rows stay, as a summary of what became of each step.

mod board;
mod layout;
mod pick;
mod rates;
#[cfg(test)]
mod tests;
mod text;
mod view;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use aieffect_orchestrator::engine::{Meters, Observer, Recorded};
use aieffect_orchestrator::plan::{Plan, StepId};

use self::board::Board;
use self::rates::Rates;
use self::view::View;
use crate::arguments::{LogFormat, RunFlags, Showing};
use crate::terminal::{self, Colour, Panel};

/// How often it is drawn.
const PERIOD: Duration = Duration::from_millis(100);

/// Shows how far a run is, until it is dropped.
pub(crate) struct Progress {
    board: Arc<Mutex<Board>>,
    names: Arc<[String]>,
    steps: Arc<[StepId]>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Of a run of that plan, where somebody can see it.
    pub(crate) fn of(flags: &RunFlags, plan: &Plan) -> Option<Self> {
        let wanted = flags.watch.progress == Showing::Auto && flags.log_format == LogFormat::Text;
        if !wanted || !is_seen() {
            return None;
        }
        Some(Self {
            board: Arc::new(Mutex::new(Board::new(plan))),
            names: plan.steps().map(|(_, step)| terminal::printable(&step.name.to_string())).collect(),
            steps: plan.steps().map(|(id, _)| id).collect(),
            drawing: None,
        })
    }

    /// Notes the run's events.
    pub(crate) fn observer(&self) -> Observer {
        let board = Arc::clone(&self.board);
        Box::new(move |recorded: &Recorded| locked(&board).note(recorded))
    }

    /// Begins to draw. Without a thread for it nothing is drawn, which no run fails of.
    pub(crate) fn watch(&mut self, meters: Arc<Meters>) {
        let drawing = Drawing {
            board: Arc::clone(&self.board),
            names: Arc::clone(&self.names),
            steps: Arc::clone(&self.steps),
            meters,
            rates: Rates::default(),
            colour: terminal::stderr_colour(),
        };
        let (end, ended) = channel();
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(move || drawing.run(&ended));
        self.drawing = thread.ok().map(|thread| (end, thread));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some((end, thread)) = self.drawing.take() else { return };
        drop(end);
        // A thread that panicked has said so itself.
        let _ = thread.join();
    }
}

/// Whether stderr is a terminal that can move its cursor, with somebody before it.
fn is_seen() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let can = set("TERM").is_some_and(|term| term != "dumb");
    io::stderr().is_terminal() && can && set("CI").is_none() && terminal::stderr_size().is_some()
}

fn locked(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    // Nothing that notes an event panics between two changes.
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that draws.
struct Drawing {
    board: Arc<Mutex<Board>>,
    names: Arc<[String]>,
    steps: Arc<[StepId]>,
    meters: Arc<Meters>,
    rates: Rates,
    colour: Colour,
}

impl Drawing {
    fn run(mut self, end: &Receiver<()>) {
        let panel = Panel::new();
        while end.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
            self.draw(&panel);
        }
        locked(&self.board).end();
        self.draw(&panel);
    }

    fn draw(&mut self, panel: &Panel) {
        let Some(size) = terminal::stderr_size() else { return };
        let board = locked(&self.board).look();
        let passed: Vec<_> = self.steps.iter().map(|step| self.meters.passed(*step)).collect();
        self.rates.take(passed.iter().map(|passed| passed.messages), Instant::now());
        let view = View::new(&board, &self.names, &passed, &self.rates, SystemTime::now());
        panel.show(layout::rows(&view, size, self.colour));
    }
}
